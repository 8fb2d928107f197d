import { expect, it } from "vitest";
import { sensesBy } from "../../../durable-objects/recall/sense.ts";
import { VECTOR } from "../../../src/sentences/encoder-file.ts";
import { codeOf, nearnessTo } from "../../../src/sentences/sentence-code.ts";
import type { SentenceEncoder } from "../../../src/sentences/sentence-encoder.ts";

/** Notes what it encodes. */
function listening() {
  const heard: string[] = [];
  const encode = (text: string) => {
    heard.push(text);
    return Float32Array.from({ length: VECTOR }, (_, d) => Math.sin((d + 1) * text.length) / 16);
  };
  const encoder = { encode, towardsAnswers: (direction: Float32Array) => direction, ownness: () => 0 };
  const senses = sensesBy(() => encoder as unknown as SentenceEncoder);
  return { senses, heard, codeOf: (text: string) => codeOf(encode(text)), encode };
}

it("encodes what is said once, to look for what it is near to and to find it again", () => {
  const { senses, heard, codeOf, encode } = listening();
  const said = "My sister lives in Rome.";
  const asked = senses.asked(said)!;
  expect(heard).toEqual([said]);
  const code = codeOf("something else");
  const stretched = nearnessTo(encode(said).map((number) => 1.3 * number));
  expect(asked.nearness(code, 0)).toBe(stretched(code, 0));
  heard.length = 0;
  const found = senses.codeOf(said);
  expect(heard).toEqual([]);
  expect(found).toEqual(codeOf(said));
  heard.length = 0;
  expect(senses.codeOf(said)).toEqual(found);
  expect(heard).toEqual([said]);
});

it("encodes a question and its statement", () => {
  const { senses, heard } = listening();
  senses.asked("Where does my sister live?");
  expect(heard).toEqual(["Where does my sister live?", "my sister live."]);
});

it("keeps no more than a few until they are coded", () => {
  const { senses, heard } = listening();
  const said = Array.from({ length: 30 }, (_, n) => `My sister has ${n} cats.`);
  for (const text of said) senses.asked(text);
  heard.length = 0;
  for (const text of said) senses.codeOf(text);
  expect(heard).toEqual(said.slice(0, 14));
});
