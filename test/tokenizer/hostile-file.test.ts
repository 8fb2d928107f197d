import { describe, expect, it } from "vitest";
import { createTextCodec } from "../../src/tokenizer/hf-codec.ts";
import { cpuMs } from "../support/cpu-time.ts";
import { fixture } from "./fixtures/index.ts";

// biome-ignore lint/suspicious/noExplicitAny: a file's JSON, broken on purpose
type Json = any;

const faults: [string, (file: Json) => void, RegExp][] = [
  ["no model", (file) => delete file.model, /model: expected an object/],
  ["another kind of model", (file) => (file.model.type = "Unigram"), /model.type: expected "BPE", got "Unigram"/],
  ["a list for a vocabulary", (file) => (file.model.vocab = []), /model.vocab: expected an object/],
  [
    "an empty vocabulary",
    (file) => Object.assign(file, { added_tokens: [], model: { vocab: {}, merges: [] } }),
    /is empty/,
  ],
  ["an id of 2^31", (file) => (file.model.vocab.a = 2 ** 31), /expected an id from 0 to 1048575, got 2147483648/],
  ["a negative id", (file) => (file.model.vocab.a = -1), /got -1/],
  ["half an id", (file) => (file.model.vocab.a = 0.5), /got 0.5/],
  ["an id as text", (file) => (file.model.vocab.a = "7"), /got "7"/],
  ["an added id of 2^53", (file) => (file.added_tokens[0].id = 2 ** 53), /added_tokens\[0\]: expected an id/],
  ["a gap", (file) => (file.model.vocab.zzz = 1_000_000), /no token has id 677/],
  ["two tokens with one id", (file) => (file.model.vocab.a = file.model.vocab.b), /stands for/],
  ["an added token over another", (file) => (file.added_tokens[0].id = 5), /id 5 stands for/],
  ["an added token with two ids", (file) => (file.model.vocab["<s>"] = 677), /has the ids 677 and/],
  ["an added token twice", (file) => file.added_tokens.push(file.added_tokens[0]), /is there twice/],
  ["an added token without text", (file) => (file.added_tokens[0].content = ""), /expected a content/],
  ["a token of 1e6 characters", (file) => (file.model.vocab["x".repeat(1e6)] = 677), /a token has 1000000 characters/],
  [
    "an added token of 1e6 characters",
    (file) => (file.added_tokens[0].content = "x".repeat(1e6)),
    /a token has 1000000/,
  ],
  ["no merges", (file) => (file.model.merges = null), /model.merges: expected a list/],
  ["a merge of one part", (file) => (file.model.merges[3] = "a"), /model.merges\[3\]: expected two parts/],
  ["a merge of three parts", (file) => (file.model.merges[3] = "a b c"), /expected two parts/],
  ["a merge with an empty part", (file) => (file.model.merges[3] = ["", "a"]), /expected two parts/],
  ["a merge that makes no token", (file) => (file.model.merges[3] = ["zq", "qz"]), /"zq" is no token/],
  ["a merge of numbers", (file) => (file.model.merges[3] = [1, 2]), /expected two parts/],
  ["an inherited name for a merge", inherited, /"toString" is no token/],
  ["affixes", (file) => (file.model.end_of_word_suffix = "</w>"), /end_of_word_suffix: not supported/],
  ["a number for a normalizer", (file) => (file.normalizer = 5), /normalizer: expected an object/],
  ["an unknown normalizer", (file) => (file.normalizer = { type: "Magic" }), /Magic/],
  ["an unknown pre-tokenizer", (file) => (file.pre_tokenizer = { type: "Magic" }), /Magic/],
  ["a pre-tokenizer inside itself", (file) => (file.pre_tokenizer = nested(100)), /not supported/],
  ["a broken pattern", (file) => (file.pre_tokenizer = split("(")), /tokenizer: /],
  ["a pattern of 1e6 characters", (file) => (file.pre_tokenizer = split("a".repeat(1e6))), /not supported/],
  ["no decoder", (file) => (file.decoder = null), /decoder: expected one/],
  ["a decoder that does not stream", (file) => (file.decoder = { type: "WordPiece" }), /WordPiece with these settings/],
];

function inherited(file: Json): void {
  file.model.vocab.toStrin = 677;
  file.model.merges[3] = ["toStrin", "g"];
}

const split = (Regex: string) => ({ type: "Split", pattern: { Regex }, behavior: "Isolated" });
const nested = (depth: number): object =>
  depth === 0 ? { type: "Digits" } : { type: "Sequence", pretokenizers: [nested(depth - 1)] };

describe("a hostile tokenizer file (M5)", () => {
  it.each(faults)("is refused in one short line: %s", (_, breakIt, message) => {
    const file = fixture("byte-level-with-digits").tokenizer;
    breakIt(file);
    const start = cpuMs();
    expect(() => createTextCodec(file)).toThrow(
      expect.objectContaining({ code: "weights_invalid", message: expect.stringMatching(message) }),
    );
    expect(cpuMs() - start).toBeLessThan(500);
    try {
      createTextCodec(file);
    } catch (failure) {
      expect((failure as Error).message.length).toBeLessThan(300);
    }
  });

  it.each([null, undefined, 5, "{}", [], {}])("is refused when it is %j", (file) => {
    expect(() => createTextCodec(file)).toThrow(expect.objectContaining({ code: "weights_invalid" }));
  });

  it("cannot merge in a circle: merges in any order end", () => {
    const file = fixture("byte-level-with-digits").tokenizer;
    file.model.merges.reverse();
    const codec = createTextCodec(file);
    const text = "the boat and the river ".repeat(100);
    expect(codec.decode(codec.encodeText(text))).toBe(text);
  });

  it("may say odd byte tokens: they are text", () => {
    const file = fixture("sentence-piece").tokenizer;
    for (const token of ["<0x-1>", "<0x1>", "<0xGG>", "<0x100>", "<0xff>"])
      file.model.vocab[token] = Object.keys(file.model.vocab).length + file.added_tokens.length - 1;
    const codec = createTextCodec(file);
    expect(codec.decode([file.model.vocab["<0x-1>"], file.model.vocab["<0xff>"]])).toBe("<0x-1><0xff>");
  });
});
