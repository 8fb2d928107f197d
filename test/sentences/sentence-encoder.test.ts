import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { referenceKernels } from "../../src/kernels/reference/index.ts";
import { readEncoderFile } from "../../src/sentences/encoder-file.ts";
import { encoderMemory, streamedEncoderMemory } from "../../src/sentences/encoder-memory.ts";
import { codeOf, nearnessTo } from "../../src/sentences/sentence-code.ts";
import { SentenceEncoder } from "../../src/sentences/sentence-encoder.ts";
import { kernelsModule } from "../kernels/run-case.ts";

interface Golden {
  text: string;
  ids: number[];
  vector: number[];
  own: number;
  /** Where its answers are, if it is a question. */
  asked: number[];
}

const file = readFileSync("models/sentence-encoder/encoder.bin");
const golden: { cases: Golden[] } = JSON.parse(readFileSync("test/sentences/golden.json", "utf8"));
const encoder = new SentenceEncoder(encoderMemory(file), kernelsModule);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).reduce((sum, n, d) => sum + n * b[d]!, 0);
const nearness = (question: string, told: string) =>
  nearnessTo(encoder.encode(question))(codeOf(encoder.encode(told)), 0);

it.each(golden.cases)("cuts and encodes $text as numpy does", ({ text, ids, vector, own }) => {
  expect(encoder.tokens(text)).toEqual(ids);
  const got = encoder.encode(text);
  expect(dot(got, got)).toBeCloseTo(1, 5);
  // Numpy does not round the activations to eight bits.
  expect(dot(got, vector)).toBeGreaterThan(0.985);
  expect(Math.abs(encoder.ownness(got) - own)).toBeLessThan(0.8);
});

it.each(golden.cases)("turns $text towards answers as numpy does", ({ vector, asked }) => {
  const got = encoder.towardsAnswers(Float32Array.from(vector));
  expect(dot(got, got)).toBeCloseTo(1, 3);
  expect(dot(got, asked)).toBeGreaterThan(0.995);
  const half = encoder.towardsAnswers(Float32Array.from(vector, (number) => number / 2));
  expect(dot(half, half)).toBeCloseTo(0.25, 3);
});

it.each([
  [
    "Which animal do we keep at home?",
    "Sorry for the late answer, our hamster had escaped and I spent the evening under the sofa.",
    "I like to watch animals at home.",
  ],
  [
    "Welches Instrument spiele ich?",
    "Gestern ist mir beim Üben eine Saite am Cello gerissen, und die Probe ist schon morgen.",
    "Ich höre gern Instrumente.",
  ],
  ["我家有什么动物？", "昨晚小猫把花瓶打碎了，我收拾到半夜。", "我喜欢看动物的节目。"],
])("%s, turned towards answers, is less drawn to what only sounds like it", (question, answer, like) => {
  const direction = encoder.encode(question);
  const lead = (from: Float32Array) => {
    const near = nearnessTo(from);
    return near(codeOf(encoder.encode(like)), 0) - near(codeOf(encoder.encode(answer)), 0);
  };
  expect(lead(encoder.towardsAnswers(direction))).toBeLessThan(0.9 * lead(direction));
});

it("has the same bits by the definitions of the kernels but for the rounding of sums", () => {
  const defined = new SentenceEncoder(encoderMemory(file), kernelsModule, referenceKernels);
  for (const { text } of golden.cases.slice(0, 3))
    expect(dot(defined.encode(text), encoder.encode(text))).toBeGreaterThan(0.9999);
});

it("encodes a sentence alike whatever was encoded before", () => {
  const first = encoder.encode("My sister Hannah lives in Oslo.");
  encoder.encode("word ".repeat(100));
  expect(encoder.encode("My sister Hannah lives in Oslo.")).toEqual(first);
});

it.each([
  ["Which vehicle is mine?", "I drive an old car.", "The soup was cold."],
  ["Womit verdiente Opa sein Geld?", "Mein Großvater war Uhrmacher.", "Das Auto steht in Ulm."],
  ["家里有什么宠物？", "我养了一只猫。", "我的房租是每月三千元。"],
  ["Which city does my sibling live in?", "Meine Schwester wohnt in Wien.", "Der Kuchen war zu süß."],
])("%s is nearer to %s than to %s", (question, near, far) => {
  expect(nearness(question, near)).toBeGreaterThan(nearness(question, far) + 0.1);
});

it.each([
  ["What was the bill for fixing the pipe?", "Who invented the telegraph?"],
  ["Wann läuft der Mietvertrag aus?", "Wie weit ist der Mars entfernt?"],
  ["会议在什么时候？", "我怎样才能学会游泳？"],
])("%s is asked about one's own life, and %s about the world", (own, world) => {
  expect(encoder.ownness(encoder.encode(own))).toBeGreaterThan(0.4);
  expect(encoder.ownness(encoder.encode(world))).toBeLessThan(-0.3);
});

it("compares codes as the directions that they stand for", () => {
  const [a, b] = ["I drive an old car.", "Which vehicle is mine?"].map((text) => encoder.encode(text));
  expect(Math.abs(nearnessTo(b!)(codeOf(a!), 0) - dot(a!, b!))).toBeLessThan(0.07);
  expect(nearnessTo(a!)(codeOf(a!), 0)).toBeGreaterThan(0.9);
  const codes = new Uint8Array([7, ...codeOf(a!)]);
  expect(nearnessTo(b!)(codes, 1)).toBe(nearnessTo(b!)(codeOf(a!), 0));
});

it("encodes the beginning of what is too long, and what nobody can read", () => {
  expect(encoder.tokens("word ".repeat(1000))).toHaveLength(64);
  for (const text of ["", " \n", "🙂🙂", "\ud83d", "ᚠᚢᚦ"])
    expect(encoder.encode(text).every((number) => Number.isFinite(number))).toBe(true);
});

/** In parts of such lengths, and the rest as it is. */
const streamOf = (bytes: Uint8Array, lengths: number[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      let at = 0;
      for (const length of [...lengths, bytes.length]) {
        if (at < bytes.length) controller.enqueue(bytes.subarray(at, at + length));
        at += length;
      }
      controller.close();
    },
  });

it.each([[[]], [[3, 5, 7, 1, 100_001, 2]]])(
  "reads a file that comes in parts of %j as one that is there",
  async (lengths) => {
    const streamed = new SentenceEncoder(await streamedEncoderMemory(streamOf(file, lengths)), kernelsModule);
    const text = "My sister Hannah lives in Oslo.";
    expect(streamed.encode(text)).toEqual(encoder.encode(text));
  },
);

it.each<[string, Uint8Array, string]>([
  ["nothing", new Uint8Array(), "expected a header, got 0 bytes"],
  ["a file cut short", file.subarray(0, -1), `expected ${file.length} bytes, got ${file.length - 1}`],
  ["more than a file", Buffer.concat([file, file]), `expected ${file.length} bytes, got ${2 * file.length}`],
])("refuses a stream of %s", async (_, bytes, message) => {
  await expect(streamedEncoderMemory(streamOf(bytes, [100]))).rejects.toMatchObject({
    code: "weights_invalid",
    message: expect.stringContaining(message),
  });
});

it("holds the file once, with room for one sentence", () => {
  const { memory, fileAt, fileBytes } = encoderMemory(file);
  expect(memory.buffer.byteLength - file.length).toBeLessThan(600_000);
  const { text, scores, scales, codes, vectors } = readEncoderFile(new Uint8Array(memory.buffer, fileAt, fileBytes));
  for (const part of [text, scores, scales, codes, ...vectors.values()]) expect(part.buffer).toBe(memory.buffer);
});
it.each<[string, (bytes: Uint8Array) => Uint8Array, string]>([
  ["an empty file", () => new Uint8Array(), "expected a header, got 0 bytes"],
  ["another file", (bytes) => bytes.fill(1, 0, 4), "expected it to begin with RVSE, got 1010101"],
  ["another version", (bytes) => bytes.fill(9, 4, 5), "expected version 3, got 9"],
  ["a file cut short", (bytes) => bytes.subarray(0, -1), "bytes, got "],
])("refuses %s", (_, broken, message) => {
  let thrown: unknown;
  try {
    new SentenceEncoder(encoderMemory(broken(new Uint8Array(file))), kernelsModule);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "weights_invalid" });
  expect((thrown as Error).message).toContain(message);
});
