import { expect, it } from "vitest";
import { preludeOf, preludeTokens } from "../../src/dialogue/prelude.ts";
import { slices } from "../../src/dialogue/reply.ts";

const OWN = "You are a helpful assistant of few words.";
const bytes = (text: string) => [...new TextEncoder().encode(text)];
const template = (own: string) => ({
  start: ([message]: readonly { content: string }[]) => bytes(`${own} user: ${message!.content} assistant:`),
});

it("is what all conversations without a system message begin with, and nothing where a template writes too little", () => {
  expect([...preludeOf(template(OWN))]).toEqual(bytes(`${OWN} user: `));
  expect([...preludeOf(template("<s>"))]).toEqual([]);
  // One that writes the question before anything of its own.
  expect([...preludeOf({ start: ([message]) => bytes(`${message!.content}${OWN}`) })]).toEqual([]);
});

it("is all of the prelude or nothing, and something follows it", () => {
  const prelude = preludeOf(template(OWN));
  const prompt = bytes(`${OWN} user: hello`);
  expect(preludeTokens(prelude, prompt)).toBe(prelude.length);
  expect(preludeTokens(prelude, prompt.slice(0, prelude.length))).toBe(0);
  expect(preludeTokens(prelude, prompt.with(3, 0))).toBe(0);
  expect(preludeTokens(prelude, prompt.with(prelude.length - 1, 0))).toBe(0);
  expect(preludeTokens(new Uint32Array(0), prompt)).toBe(0);
});

/** Where a prompt of so many ids is cut. */
const cuts = (length: number, size: number, from: number, prelude: number) =>
  [...slices(new Uint32Array(length), size, from, prelude)].map(({ done }) => done);

it("cuts after the prelude and from there on, wherever it begins", () => {
  expect(cuts(20, 8, 0, 0)).toEqual([8, 16, 20]);
  expect(cuts(20, 8, 0, 5)).toEqual([5, 13, 20]);
  expect(cuts(40, 8, 0, 19)).toEqual([8, 16, 19, 27, 35, 40]);
  for (const prelude of [0, 5, 8, 19, 24]) {
    const all = cuts(40, 8, 0, prelude);
    for (let from = 0; from < 40; from++) expect(cuts(40, 8, from, prelude)).toEqual(all.filter((at) => at > from));
  }
});
