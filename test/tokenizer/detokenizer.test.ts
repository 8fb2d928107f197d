import { describe, expect, it } from "vitest";
import { StreamingDetokenizer } from "../../src/tokenizer/detokenizer.ts";
import { createTextCodec } from "../../src/tokenizer/hf-codec.ts";
import { families, fixture } from "./fixtures/index.ts";
import { RandomText } from "./random-text.ts";

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** Ids are bytes. */
const bytewise = (leadingSpaces = 0) => new StreamingDetokenizer((byte) => Uint8Array.of(byte), leadingSpaces);

describe.each(families)("detokenizer of %s", (family) => {
  const codec = createTextCodec(fixture(family).tokenizer);
  const stream = (ids: readonly number[]) => {
    const detokenizer = codec.detokenizer();
    return [...ids.map((id) => detokenizer.push(id)), detokenizer.flush()];
  };

  it("gives in pieces what it gives at once, for random ids", () => {
    const random = new RandomText(4);
    const oneByOne = Array.from({ length: codec.vocab }, (_, id) => codec.tokenBytes(id));
    for (let round = 0; round < 500; round++) {
      const ids = random.ids(codec.vocab, random.below(60));
      const pieces = stream(ids);
      expect(pieces.join("")).toBe(codec.decode(ids));
      // And that is what all the bytes say.
      const bytes = Uint8Array.from(ids.flatMap((id) => [...oneByOne[id]!]));
      const text = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false }).decode(bytes);
      expect(pieces.join("")).toBe(family === "sentence-piece" ? text.replace(/^ /, "") : text);
    }
  });

  it("never gives half a character of valid text (S10)", () => {
    const random = new RandomText(5);
    for (let round = 0; round < 300; round++) {
      const pieces = stream(codec.encodeText(random.text(20).replaceAll("\ufffd", "")));
      for (const piece of pieces) {
        expect(piece).not.toContain("\ufffd");
        expect(piece).not.toMatch(LONE_SURROGATE);
      }
    }
  });

  it("skips control tokens, also inside a character", () => {
    const control = [...codec.control].find((id) => codec.tokenBytes(id).length === 0)!;
    const ids = codec.encodeText("a👍b").flatMap((id) => [control, id]);
    expect(stream([...ids, control]).join("")).toBe("a👍b");
  });
});

describe("characters in parts", () => {
  it("are held back until they are whole (S10)", () => {
    const detokenizer = bytewise();
    expect([0xf0, 0x9f, 0x91, 0x8d, 0x41].map((byte) => detokenizer.push(byte))).toEqual(["", "", "", "👍", "A"]);
    expect(detokenizer.flush()).toBe("");
  });

  it.each([
    ["an end in the middle", [0x41, 0xe5, 0xb7], "A\ufffd"],
    ["a letter in the middle", [0xe5, 0xb7, 0x41], "\ufffdA"],
    ["a stray continuation", [0x80, 0x41], "\ufffdA"],
    ["an overlong slash", [0xc0, 0xaf], "\ufffd\ufffd"],
    ["a surrogate", [0xed, 0xa0, 0x80], "\ufffd\ufffd\ufffd"],
    ["beyond Unicode", [0xf5, 0x80, 0x80, 0x80], "\ufffd\ufffd\ufffd\ufffd"],
    ["a character cut off by another", [0xf0, 0x9f, 0xe5, 0xb7, 0x9d], "\ufffd川"],
    ["a byte order mark", [0xef, 0xbb, 0xbf, 0x41], "\ufeffA"],
  ])("that never become one show as U+FFFD: %s", (_, bytes, text) => {
    const detokenizer = bytewise();
    expect(bytes.map((byte) => detokenizer.push(byte)).join("") + detokenizer.flush()).toBe(text);
    expect(detokenizer.flush()).toBe("");
  });

  it("agree with a whole decoder for random bytes", () => {
    const random = new RandomText(6);
    const whole = new TextDecoder("utf-8", { ignoreBOM: true, fatal: false });
    for (let round = 0; round < 2000; round++) {
      const bytes = Array.from({ length: 12 }, () =>
        random.pick([0x41, 0x80, 0xbf, 0xc2, 0xe0, 0xa0, 0xed, 0xf0, 0x90, 0xf4, 0xff]),
      );
      const detokenizer = bytewise();
      expect(bytes.map((byte) => detokenizer.push(byte)).join("") + detokenizer.flush()).toBe(
        whole.decode(Uint8Array.from(bytes)),
      );
    }
  });

  it("drop spaces at the start of the text only", () => {
    const detokenizer = bytewise(1);
    expect([..."  a b"].map((letter) => detokenizer.push(letter.charCodeAt(0)))).toEqual(["", " ", "a", " ", "b"]);
  });
});
