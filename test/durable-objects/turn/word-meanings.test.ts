import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { stem, wordsOf } from "../../../durable-objects/storage/index-terms.ts";
import { hasMeaning, questionOf } from "../../../durable-objects/turn/recall-question.ts";
import { senseOf, sentenceSense } from "../../../durable-objects/turn/sense.ts";
import { cosine, WHOLE, WordMeanings } from "../../../durable-objects/turn/word-meanings.ts";

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

it("knows nothing of words that it does not hold", () => {
  expect(words.weight("xyzzy")).toBeUndefined();
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

it("keeps of a sentence what compares with another one as its words' vectors do, and nothing of what asks or is in another language", () => {
  const [car, vehicle, soup] = ["I drive an old car.", "Our vehicle is a van.", "The soup was cold."].map(
    (sentence) => sentenceSense(words, sentence)!,
  );
  const product = (a: Int8Array, b: Int8Array) => a.reduce((sum, number, d) => sum + number * b[d]!, 0);
  const whole = (sentence: string) =>
    words.together(wordsOf(sentence).flatMap(({ text, stem }) => (hasMeaning(text) ? [stem] : [])));
  expect(car!.length).toBe(words.dimensions);
  expect(product(car!, vehicle!) / WHOLE ** 2).toBeCloseTo(
    cosine(whole("I drive an old car."), whole("Our vehicle is a van.")),
    1,
  );
  expect(product(car!, vehicle!)).toBeGreaterThan(2 * product(car!, soup!));
  expect(sentenceSense(words, "Do I drive an old car?")).toBeUndefined();
  expect(sentenceSense(words, "Ich fahre ein altes Auto und es ist rot.")).toBeUndefined();
  expect(sentenceSense(words, "Xyzzy!")).toBeUndefined();
});
