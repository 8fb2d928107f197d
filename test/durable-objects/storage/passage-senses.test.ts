import { expect, it } from "vitest";
import { codesOf, nearnessIn, sensesOf, toldIn } from "../../../durable-objects/storage/passage-senses.ts";
import { type Passage, passagesOf } from "../../../durable-objects/storage/passages.ts";
import { atOnce } from "../../../src/core/work.ts";

/** A code is the sentence's length. */
const coding = { version: 1, bytes: 1, codeOf: (sentence: string) => Uint8Array.of(sentence.length) };
const asked = { ...coding, nearness: (codes: Uint8Array, at: number) => codes[at]! };
const passages = (content: string) => [...passagesOf({ messages: [{ role: "user", content }], reply: null })];
const nearest = (sections: readonly Passage[][], section: number, now = sections[section]!) => {
  const told = [...toldIn(now)];
  const senses = atOnce(sensesOf(sections, coding));
  return nearnessIn({ told, codes: senses ? codesOf(senses, section, told) : undefined }, asked);
};
const near = (told: string, now = told) => nearest([passages(told)], 0, passages(now));

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
  expect(nearest([all], 0).size).toBe(64);
});

it("tells the sentences of one section by its own codes", () => {
  const sections = [passages("I row."), passages("Rex barks. I sing."), passages("You too?")];
  expect([0, 1, 2].map((section) => [...nearest(sections, section)])).toEqual([
    [["I row.", 6]],
    [
      ["Rex barks.", 10],
      ["I sing.", 7],
    ],
    [],
  ]);
});

it("pauses between the sentences of a long turn, and not in one of a few", () => {
  const pauses = (count: number) => {
    const text = Array.from({ length: count }, (_, n) => `The boat is number ${n}.`).join(" ");
    return [...sensesOf([passages(text)], coding)].length;
  };
  expect([1, 4, 5, 9].map(pauses)).toEqual([0, 0, 1, 2]);
});
