import { expect, it } from "vitest";
import { BroughtWords, broughtBy, cutAhead } from "../../../durable-objects/recall/brought.ts";
import { passagesOf } from "../../../durable-objects/storage/passages.ts";
import type { Message } from "../../../src/tokenizer/text-codec.ts";

const said = (count: number, words: (n: number) => string): Message[] =>
  Array.from({ length: count }, (_, n) => ({ role: n % 2 === 0 ? "user" : "assistant", content: words(n) }));

it("cuts messages as a turn of them is cut, ahead or not", async () => {
  const messages = said(
    40,
    (n) => `Story ${n} begins in a harbour. ${"It goes on at some length. ".repeat(40)}It ends ${n}.`,
  );
  const whole = [...passagesOf({ messages, reply: null })];
  const places = (from: readonly Message[]) =>
    broughtBy(from, 7).map(({ role, text, start, toEnd }) => ({ role, text, start, toEnd }));
  expect(places(messages)).toEqual(whole);
  let turns = 0;
  let isOver = false;
  const others = (async () => {
    for (; !isOver; turns++) await new Promise((resolve) => setImmediate(resolve));
  })();
  await cutAhead(messages, () => messages);
  isOver = true;
  await others;
  expect(places(messages)).toEqual(whole);
  expect(turns).toBeGreaterThan(1);
});

it("leaves short ones for the moment they are needed", async () => {
  let asked = 0;
  await cutAhead(
    said(2, () => "Hello there."),
    () => {
      asked++;
      return [];
    },
  );
  expect(asked).toBe(0);
});

it("looks at no more passages closely than it may: those with the question's words, of like ones the newest, and those that are near", () => {
  const passages = broughtBy(
    said(2000, (n) => (n === 3 ? "My boat is called the Petrel." : `Talk of the sea, ${n}.`)),
    1,
  );
  const terms = ["boat", "sea"].map((stem) => ({ stem, relatives: [], isImplied: false }));
  const weights = [1, 0.1].map((own) => ({ own, relative: 0, importance: own }));
  const near = passages[9]!;
  const read = new BroughtWords(passages).worthReading(terms, weights, new Set([near]));
  expect(read).toHaveLength(257);
  expect(read.map(({ order }) => order).slice(0, 3)).toEqual([3, 9, 1745]);
});
