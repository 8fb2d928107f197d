import { Tokenizer } from "@huggingface/tokenizers";
import { describe, expect, it } from "vitest";
import { createTextCodec } from "../../src/tokenizer/hf-codec.ts";
import { families, fixture } from "./fixtures/index.ts";
import { RandomText } from "./random-text.ts";

/** Byte-level vocabularies can say every text; the other one drops a leading space. */
const lossless = families.filter((family) => family !== "sentence-piece");

describe.each(families)("text codec of %s", (family) => {
  const { tokenizer, cases } = fixture(family);
  const codec = createTextCodec(tokenizer, { chat_template: "" });

  it.each(cases.map((each) => [JSON.stringify(each.text), each] as const))(
    "gives the ids and text of Python's tokenizers: %s",
    (_, { text, ids, plain, decoded }) => {
      expect(codec.encodeTemplate(text)).toEqual(ids);
      expect(codec.encodeText(text)).toEqual(plain);
      expect(codec.decode(ids)).toBe(decoded);
    },
  );

  it("gives the ids of @huggingface/tokenizers, whose merges it replaces", () => {
    const library = new Tokenizer({ post_processor: null, ...tokenizer }, {});
    const random = new RandomText(1);
    const words = [
      "river",
      " boat",
      "The",
      " meadow",
      ", ",
      "12",
      "\n",
      " Mühle",
      "川",
      "<|im_start|>",
      "</s>",
      "👍🏽",
    ];
    for (let round = 0; round < 200; round++) {
      const text = Array.from({ length: random.below(30) }, () => random.pick(words)).join("");
      expect(codec.encodeTemplate(text)).toEqual(library.encode(text, { add_special_tokens: false }).ids);
    }
  });

  it("knows its size and shows control tokens as nothing", () => {
    expect(codec.vocab).toBe(1 + Math.max(...tokenizer.added_tokens.map(({ id }: { id: number }) => id)));
    for (const id of codec.control) expect(codec.tokenBytes(id)).toHaveLength(0);
    expect(() => codec.tokenBytes(codec.vocab)).toThrow(expect.objectContaining({ code: "bug" }));
    expect(() => codec.decode([-1])).toThrow(expect.objectContaining({ code: "bug" }));
  });

  it("gives the bytes of all tokens at once as it gives them one by one, also of text that was added", () => {
    const first = 1 + Math.max(...tokenizer.added_tokens.map(({ id }: { id: number }) => id));
    const added = ["two words", "漢字", "a\u0120b", "\u0120q\u0120w"].map((content, i) => ({ id: first + i, content }));
    const more = createTextCodec({ ...tokenizer, added_tokens: [...tokenizer.added_tokens, ...added] }, {});
    for (const one of [codec, more]) {
      const { bytes, starts } = one.tokenBlock();
      expect(starts).toHaveLength(one.vocab + 1);
      const at = (id: number) => [...bytes.subarray(starts[id], starts[id + 1])];
      for (let id = 0; id < one.vocab; id++) expect(at(id), `${id}`).toEqual([...one.tokenBytes(id)]);
    }
  });

  it("adds no token of its own, whatever the post-processor says", () => {
    const special = { id: "<s>", ids: [codec.vocab - 1], tokens: ["<s>"] };
    const single = [{ SpecialToken: { id: "<s>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }];
    const post_processor = { type: "TemplateProcessing", single, pair: single, special_tokens: { "<s>": special } };
    const eager = createTextCodec(
      { ...tokenizer, post_processor },
      { add_bos_token: true, bos_token: "<s>", eos_token: "</s>" },
    );
    expect(eager.encodeText("a")).toEqual(codec.encodeText("a"));
    expect(eager.encodeTemplate("a")).toEqual(codec.encodeTemplate("a"));
  });
});

describe.each(families)("text from outside, in %s (H1)", (family) => {
  const { tokenizer } = fixture(family);
  const added: { id: number; content: string; special: boolean }[] = tokenizer.added_tokens;
  const steering = new Set(added.map(({ id }) => id));
  const codec = createTextCodec(tokenizer);

  it("makes every added token a control token when the template is not known", () => {
    expect(codec.control).toEqual(steering);
  });

  it("never gets a control id: every token, spelled out, in parts, with marks in between", () => {
    for (const { content } of added) {
      const middle = Math.floor(content.length / 2);
      const [left, right] = [content.slice(0, middle), content.slice(middle)];
      const variants = [
        ...[content, content + content, `a${content}b`, ` ${content} `, `\n${content}\n`, left + content + right],
        ...["\u200b", "\u200d", "\u2060", "\ufeff", "\0", " "].map((mark) => left + mark + right),
        ...[
          content.toUpperCase(),
          content.normalize("NFKD"),
          content.replaceAll("<", "\uff1c").replaceAll("|", "\uff5c"),
        ],
        ...[
          String(codec.encodeTemplate(content)),
          `<0x${content.charCodeAt(0).toString(16)}>${content.slice(1)}`,
          `\u2581${content}`,
        ],
      ];
      for (const variant of variants) {
        expect(
          codec.encodeText(variant).filter((id) => codec.control.has(id)),
          JSON.stringify(variant),
        ).toEqual([]);
      }
      // The same text as a template's own does get the id: the test can tell.
      expect(codec.encodeTemplate(content)).toEqual([added.find((token) => token.content === content)!.id]);
    }
  });

  it("never gets a control id from random text", () => {
    const random = new RandomText(2);
    for (let round = 0; round < 500; round++) {
      const text = random.text(30);
      expect(
        codec.encodeText(text).filter((id) => codec.control.has(id)),
        JSON.stringify(text),
      ).toEqual([]);
    }
  });

  it("never gets one by merges that spell it, nor as a whole word, nor for one character", () => {
    const hostile = structuredClone(tokenizer);
    const { vocab, merges } = hostile.model;
    hostile.model.ignore_merges = true;
    let next = 1 + Math.max(...added.map(({ id }) => id));
    for (const { content, id } of added) {
      if (/[\u0020\u0100-\uffff]/.test(content)) continue;
      let made = content[0]!;
      for (const character of content.slice(1)) {
        merges.unshift([made, character]);
        made += character;
        if (!(made in vocab)) vocab[made] = made === content ? id : next++;
      }
    }
    merges.sort((a: string[], b: string[]) => (a[0] + a[1]!).length - (b[0] + b[1]!).length);
    hostile.pre_tokenizer = family === "sentence-piece" ? null : { type: "ByteLevel", use_regex: false };
    hostile.added_tokens.push({ id: vocab["!"], content: "!", special: true });
    const strict = createTextCodec(hostile);
    for (const text of [...added.map(({ content }) => content), "!", "a!b", "<|im_start|>!"]) {
      expect(
        strict.encodeText(text).filter((id) => strict.control.has(id)),
        text,
      ).toEqual([]);
    }
  });

  it("may use added words that do not steer, and may not use those of the template", () => {
    const id = added.find(({ content }) => content === "<tool_call>")!.id;
    expect(createTextCodec(tokenizer, { chat_template: "{{ messages }}" }).encodeText("<tool_call>")).toContain(id);
    expect(createTextCodec(tokenizer, { chat_template: "use <tool_call>" }).encodeText("<tool_call>")).not.toContain(
      id,
    );
    // It is no special token, so what the model writes with it shows.
    expect(codec.decode([id])).toBe("<tool_call>");
  });

  it("may use added runs of spaces, which many tokenizers have", () => {
    const spaced = structuredClone(tokenizer);
    const id = codec.vocab;
    spaced.added_tokens.push({ id, content: "        ", special: false, normalized: false });
    expect(createTextCodec(spaced).encodeText("a        b")).toContain(id);
  });

  it("may not use beginning and end of text, also where they are not marked special", () => {
    const plain = structuredClone(tokenizer);
    for (const token of plain.added_tokens) token.special = false;
    const config = { bos_token: { content: "<s>" }, eos_token: "</s>", chat_template: "" };
    const strict = createTextCodec(plain, config);
    expect(strict.control.size).toBe(2);
    for (const text of ["<s>", "</s>"]) {
      expect(strict.encodeText(text).some((id) => strict.control.has(id))).toBe(false);
      expect(strict.decode(strict.encodeTemplate(text))).toBe("");
    }
  });
});

describe("round trip (H3)", () => {
  it.each(lossless)("gives valid text back unchanged: %s", (family) => {
    const { tokenizer } = fixture(family);
    const codec = createTextCodec({ ...tokenizer, normalizer: null });
    const random = new RandomText(3);
    for (let round = 0; round < 500; round++) {
      const text = random.text(random.below(40));
      expect(codec.decode(codec.encodeText(text))).toBe(text);
    }
  });

  it.each(families)("reads a lone surrogate as U+FFFD: %s", (family) => {
    const codec = createTextCodec(fixture(family).tokenizer);
    for (const text of ["\ud800", "a\udc00b", "\udc00\ud800", "\ud83d", "x\ud83d\ud83d\ude00"]) {
      expect(codec.encodeText(text)).toEqual(codec.encodeText(text.toWellFormed()));
      expect(codec.encodeTemplate(text)).toEqual(codec.encodeTemplate(text.toWellFormed()));
    }
    expect(codec.decode(codec.encodeText("a\ud800b"))).toBe("a\ufffdb");
  });
});
