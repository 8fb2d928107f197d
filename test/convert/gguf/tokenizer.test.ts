import { existsSync, readFileSync } from "node:fs";
import { Tokenizer } from "@huggingface/tokenizers";
import { beforeAll, describe, expect, it } from "vitest";
import { ByteFile } from "../../../src/convert/checkpoint/byte-file.ts";
import { ggufCompanions } from "../../../src/convert/gguf/companions.ts";
import { readGgufHeader } from "../../../src/convert/gguf/header.ts";
import { ggufTokenizer as maybeTokenizer } from "../../../src/convert/gguf/tokenizer.ts";
import { createTextCodec } from "../../../src/tokenizer/hf-codec.ts";
import { cpuMs } from "../../support/cpu-time.ts";
import { failureOf } from "../../weights/failing.ts";
import { fixture } from "../sample-files.ts";

interface Goldens {
  texts: string[];
  ids: Record<string, number[][]>;
}
const ggufTokenizer = (...args: Parameters<typeof maybeTokenizer>) => maybeTokenizer(...args)!;
const goldens: Goldens = JSON.parse(readFileSync(fixture("tokenizers.json"), "utf8"));

async function metaOf(path: string): Promise<Map<string, unknown>> {
  const file = await ByteFile.open(path);
  try {
    return (await readGgufHeader(file)).meta;
  } finally {
    await file.close();
  }
}

let meta: Map<string, unknown>;
beforeAll(async () => {
  meta = await metaOf(fixture("tiny-llama.gguf"));
});
const field = (name: string) => `tokenizer.ggml.${name}`;
const withField = (name: string, value: unknown) => new Map(meta).set(field(name), value);
const refusal = (name: string, value: unknown) =>
  failureOf(() => ggufTokenizer("x.gguf", withField(name, value), false)).message;

describe("ggufTokenizer", () => {
  it.each(Object.keys(goldens.ids))("splits text as %s does, by Hugging Face's own tokenizers", (pre) => {
    const tokens = [...(meta.get(field("tokens")) as string[]), "q\u00cc"];
    const merges = [...(meta.get(field("merges")) as string[]), "q \u00cc"];
    const more = withField("pre", pre).set(field("tokens"), tokens).set(field("merges"), merges);
    const { tokenizer } = ggufTokenizer("x.gguf", more, false);
    const codec = createTextCodec(structuredClone(tokenizer));
    const library = new Tokenizer(structuredClone(tokenizer) as never, {});
    goldens.texts.forEach((text, i) => {
      expect(codec.encodeTemplate(text), text).toEqual(goldens.ids[pre]![i]);
      expect(library.encode(text, { add_special_tokens: false }).ids, text).toEqual(goldens.ids[pre]![i]);
    });
  });

  it("splits as the ways differ: the goldens are not all the same", () => {
    const distinct = new Set(Object.values(goldens.ids).map((ids) => JSON.stringify(ids)));
    expect(distinct.size).toBe(Object.keys(goldens.ids).length);
  });

  it("takes a word that is a token whole in Llama 3's way, whatever the merges say", () => {
    const ignores = (pre: string) => {
      const { tokenizer } = ggufTokenizer("x.gguf", withField("pre", pre), false);
      return (tokenizer as { model: { ignore_merges: boolean } }).model.ignore_merges;
    };
    expect([ignores("llama-bpe"), ignores("gpt-2")]).toEqual([true, false]);
    expect([ignores("lfm2"), ignores("smaug-bpe"), ignores("dbrx")]).toEqual([true, false, false]);
  });

  it("decodes what it encodes", () => {
    const codec = createTextCodec(ggufTokenizer("x.gguf", meta, false).tokenizer);
    for (const text of goldens.texts) expect(codec.decode(codec.encodeText(text))).toBe(text);
  });

  it("keeps control and user-defined tokens apart", () => {
    const types = Int32Array.from(meta.get(field("token_type")) as Int32Array);
    types[300] = 4;
    const { tokenizer } = ggufTokenizer("x.gguf", withField("token_type", types), false);
    const added = (tokenizer as { added_tokens: { id: number; special: boolean }[] }).added_tokens;
    expect(added.map(({ id, special }) => [id, special])).toEqual([
      [0, true],
      [1, true],
      [2, true],
      [300, false],
    ]);
  });

  it("begins with bos where the file does not say and llama.cpp takes it for granted", () => {
    const begins = (pre: string, more: [string, boolean][] = []) => {
      const fields = withField("pre", pre).set(field("bos_token_id"), 0);
      fields.delete(field("add_bos_token"));
      for (const [name, value] of more) fields.set(field(name), value);
      return ggufTokenizer("x.gguf", fields, false).addBos;
    };
    expect(["llama-bpe", "lfm2", "tekken", "qwen2", "smaug-bpe"].map((pre) => begins(pre))).toEqual([
      ...[true, true, true],
      ...[false, false],
    ]);
    expect(begins("llama-bpe", [["add_bos_token", false]])).toBe(false);
  });

  it("begins with bos where the file says so", () => {
    const { tokenizer } = ggufTokenizer("x.gguf", withField("add_bos_token", true), false);
    const library = new Tokenizer(tokenizer as never, {});
    expect(library.encode("Hello").ids[0]).toBe(0);
  });

  it("refuses a way of splitting that it does not know, unless told to take the default", () => {
    expect(refusal("pre", "gpt-9")).toContain("tokenizer.ggml.pre: expected one of default, gpt-2");
    expect(refusal("pre", "toString")).toContain('got "toString"');
    expect(ggufTokenizer("x.gguf", withField("pre", "gpt-9"), true).tokenizer).toEqual(
      ggufTokenizer("x.gguf", withField("pre", "default"), false).tokenizer,
    );
  });

  it("refuses lists that make no tokenizer (M5)", () => {
    const tokens = meta.get(field("tokens")) as string[];
    expect(refusal("model", "bert")).toContain('tokenizer.ggml.model: expected "gpt2" or "llama", got "bert"');
    expect(refusal("tokens", [...tokens, "x".repeat(1025)])).toContain(
      "token 384: expected at most 1024 characters, got 1025",
    );
    expect(refusal("tokens", 5)).toContain("tokenizer.ggml.tokens: expected a list of strings");
    expect(refusal("tokens", [...tokens, tokens[5]])).toContain("is given twice (5 and 384)");
    expect(refusal("merges", ["a bcdefg"])).toContain("tokenizer.ggml.merges: expected two tokens that make a third");
    expect(refusal("merges", ["ab"])).toContain('got "ab"');
    expect(refusal("merges", [" a"])).toContain("expected two tokens");
  });
});

describe("ggufTokenizer of a SentencePiece vocabulary", () => {
  interface Golden extends Omit<Goldens, "ids"> {
    tokens: string[];
    scores: number[];
    types: number[];
    ids: number[][];
  }
  const golden: Golden = JSON.parse(readFileSync(fixture("sentencepiece.json"), "utf8"));
  const fields = {
    model: "llama",
    tokens: golden.tokens,
    scores: Float32Array.from(golden.scores),
    token_type: Int32Array.from(golden.types),
    bos_token_id: 1,
    eos_token_id: 2,
    unknown_token_id: 0,
  };
  const metaWith = (more: object) =>
    new Map(Object.entries({ ...fields, ...more }).map(([name, value]) => [field(name), value]));

  it("joins pieces as SentencePiece does", () => {
    const { tokenizer, addBos } = ggufTokenizer("x.gguf", metaWith({}), false);
    const codec = createTextCodec(structuredClone(tokenizer));
    const library = new Tokenizer(structuredClone(tokenizer) as never, {});
    expect(addBos).toBe(true);
    golden.texts.forEach((text, i) => {
      expect(codec.encodeTemplate(text), text).toEqual(golden.ids[i]);
      expect(library.encode(text, { add_special_tokens: false }).ids, text).toEqual(golden.ids[i]);
      expect(codec.decode(golden.ids[i]!)).toBe(text);
    });
  });

  it("writes no space before the text where the file says so", () => {
    const { tokenizer } = ggufTokenizer("x.gguf", metaWith({ add_space_prefix: false, add_bos_token: false }), false);
    const codec = createTextCodec(structuredClone(tokenizer));
    expect(codec.decode(codec.encodeText(" x"))).toBe(" x");
    expect(codec.encodeText("1")).toEqual([golden.tokens.indexOf("1")]);
    expect(new Tokenizer(tokenizer as never, {}).encode("1").ids).toEqual(codec.encodeText("1"));
  });

  it("refuses a list of scores that does not fit", () => {
    const failure = failureOf(() => ggufTokenizer("x.gguf", metaWith({ scores: new Float32Array(3) }), false));
    expect(failure.message).toContain(`tokenizer.ggml.scores: expected ${golden.tokens.length} numbers`);
  });

  it("takes a moment for tokens of the greatest length (M5)", () => {
    const long = Array.from({ length: 200 }, (_, i) => "a".repeat(1024 - i));
    const tokens = [...golden.tokens, ...long];
    const started = cpuMs();
    ggufTokenizer("x.gguf", metaWith({ tokens, scores: new Float32Array(tokens.length) }), false);
    expect(cpuMs() - started).toBeLessThan(1000);
  });
});

describe("ggufCompanions", () => {
  it("takes name, licence, template and ends of text from the file", () => {
    const companions = ggufCompanions("Tiny-1B.Q4_K_M.gguf", withField("eot_token_id", 1), {});
    expect(companions).toMatchObject({
      name: "Tiny-1B",
      licence: "apache-2.0",
      generation: { eos: [2, 1], bos: 0 },
      tokenizerConfig: {
        bos_token: "<|endoftext|>",
        eos_token: "<|im_end|>",
        add_bos_token: false,
        add_eos_token: false,
      },
    });
    expect(companions.template).toContain("<|im_start|>");
  });

  it("takes an unknown way of splitting only when told to", () => {
    expect(failureOf(() => ggufCompanions("x.gguf", withField("pre", "gpt-9"), {})).message).toContain("gpt-9");
    expect(ggufCompanions("x.gguf", withField("pre", "gpt-9"), { anyPre: true }).tokenizer).toBeDefined();
  });

  it("leaves the tokenizer out on request, or where there is none", () => {
    expect(ggufCompanions("x.gguf", meta, { noTokenizer: true }).tokenizer).toBeUndefined();
    for (const none of [new Map(), withField("model", "none"), withField("model", "no_vocab")]) {
      expect(ggufCompanions("x.gguf", none, {}).tokenizer).toBeUndefined();
    }
    expect(ggufCompanions("x.gguf", new Map(), {})).toEqual({ name: "x", generation: { eos: [] } });
  });
});

/** The real file is not in the repository: RIVULET_SMOLLM2_GGUF names it. */
const real = process.env.RIVULET_SMOLLM2_GGUF ?? "";
it.skipIf(!existsSync(real))("gives SmolLM2's ids as transformers does", async () => {
  const { texts, ids } = JSON.parse(readFileSync(fixture("smollm2-ids.json"), "utf8")) as {
    texts: string[];
    ids: number[][];
  };
  const { tokenizer } = ggufTokenizer("smollm2", await metaOf(real), false);
  const codec = createTextCodec(tokenizer);
  expect(texts.map((text) => codec.encodeTemplate(text))).toEqual(ids);
});
