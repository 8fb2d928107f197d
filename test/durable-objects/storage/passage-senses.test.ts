import { expect, it } from "vitest";
import { nearnessIn, sensesOf } from "../../../durable-objects/storage/passage-senses.ts";
import { passagesOf } from "../../../durable-objects/storage/passages.ts";
import { atOnce } from "../../../src/core/work.ts";

/** A code is the sentence's length. */
const coding = { version: 1, bytes: 1, codeOf: (sentence: string) => Uint8Array.of(sentence.length) };
const asked = { ...coding, nearness: (codes: Uint8Array, at: number) => codes[at]! };
const passages = (content: string) => [...passagesOf({ messages: [{ role: "user", content }], reply: null })];
const near = (told: string, now = told) =>
  nearnessIn(passages(now), 0, atOnce(sensesOf([passages(told)], coding)) ?? undefined, asked);

it("knows how near each sentence that says something is", () => {
  expect([...near("I row. What now? Rex barks.")]).toEqual([
    ["I row.", 6],
    ["Rex barks.", 10],
  ]);
});

it("takes no sentence for another where an earlier release cut them in another way", () => {
  expect(near("I row and Rex barks.", "I row. Rex barks.").size).toBe(0);
});

it("keeps the codes of a long turn's first sentences", () => {
  const long = Array.from({ length: 70 }, (_, i) => `Rex barks ${i}.`).join(" ");
  const all = passages(long);
  expect(nearnessIn(all, 0, atOnce(sensesOf([all], coding)) ?? undefined, asked).size).toBe(64);
});
