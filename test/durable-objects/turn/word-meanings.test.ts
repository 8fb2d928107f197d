import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stem, wordsOf } from "../../../durable-objects/storage/index-terms.ts";
import { questionOf } from "../../../durable-objects/turn/recall-question.ts";
import { senseOf } from "../../../durable-objects/turn/sense.ts";
import { WordMeanings } from "../../../durable-objects/turn/word-meanings.ts";

const table = readFileSync("durable-objects/turn/english-words.bin");
const words = new WordMeanings(table);
const similarity = (a: string, b: string) => words.similarity(stem(a), stem(b));

it("fits into the bundle", () => {
  expect(table.length).toBeLessThan(500_000);
});

it.each([
  ["vehicle", "car", "kettle"],
  ["wedding", "married", "invoice"],
  ["doctor", "medicine", "piano"],
  ["pet", "dog", "deadline"],
])("%s is nearer to %s than to %s", (word, near, far) => {
  expect(similarity(word, near)).toBeGreaterThan(similarity(word, far) + 0.2);
});

it("finds neighbours as a full comparison does", () => {
  const vector = words.together([stem("doctor")])!;
  const near = words.nearTo(vector, 0.45, 20);
  expect(near.length).toBe(20);
  const all = words.nearTo(vector, -1, 100_000);
  expect(all.length).toBeGreaterThan(10_000);
  expect(near.map((each) => each.stem)).toEqual(all.slice(0, 20).map((each) => each.stem));
});

it("knows nothing of words that it does not hold", () => {
  expect(words.weight("xyzzy")).toBeUndefined();
  expect(words.near("xyzzy", 0, 10)).toEqual([]);
  expect(words.together(["xyzzy"])).toBeUndefined();
  expect(similarity("xyzzy", "dog")).toBe(0);
});

it("says how near a sentence is to a question of other words, and nothing in another language or without a table", () => {
  const sense = senseOf(questionOf("Which vehicle is mine?"), words);
  expect(sense(wordsOf("I drive an old car."))).toBeGreaterThan(0.4);
  expect(sense(wordsOf("The soup was cold."))).toBeLessThan(0.25);
  expect(sense(wordsOf("Ich fahre ein altes Auto und es ist rot."))).toBe(0);
  expect(senseOf(questionOf("Welches Fahrzeug habe ich?"), words)(wordsOf("I drive an old car."))).toBe(0);
  expect(senseOf(questionOf("Which vehicle is mine?"), undefined)(wordsOf("I drive an old car."))).toBe(0);
});
