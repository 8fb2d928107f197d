import { describe, expect, it } from "vitest";
import { byteCharacters } from "../../src/tokenizer/byte-level.ts";
import { readPreTokenizer } from "../../src/tokenizer/pre-tokenizer.ts";
import { fixture } from "./fixtures/index.ts";

const byteLevel = ["byte-level-with-digits", "byte-level-with-pattern"] as const;

describe.each(byteLevel)("pre-tokenizer of %s", (family) => {
  const { tokenizer, cases } = fixture(family);
  const { split, byteLevel } = readPreTokenizer(tokenizer.pre_tokenizer);

  it.each(cases.map((each) => [JSON.stringify(each.text), each] as const))(
    "splits as Python's does: %s",
    (_, { text, pieces }) => {
      expect(byteLevel).toBe(true);
      const inBytes = split(text).map((piece) => byteCharacters(new TextEncoder().encode(piece)));
      expect(inBytes.filter((piece) => piece !== "")).toEqual(pieces);
    },
  );
});

describe("pre-tokenizer", () => {
  it("is nothing where the file has none", () => {
    const { split, byteLevel } = readPreTokenizer(null);
    expect(split("two words")).toEqual(["two words"]);
    expect(byteLevel).toBe(false);
  });

  it.each([
    { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious" },
    { type: "Split", pattern: { Regex: "a" }, behavior: "Isolated", invert: true },
    { type: "Punctuation", behavior: "Isolated" },
  ])("refuses what the library would do otherwise than Python's: %j", (stage) => {
    expect(() => readPreTokenizer(stage)).toThrow(expect.objectContaining({ code: "weights_invalid" }));
  });
});
