/**
 * ggufTokenizer: a Hugging Face tokenizer.json from the byte-level BPE that a GGUF's metadata holds.
 *
 * GGUF names the way text is split (`tokenizer.ggml.pre`) without spelling it out; the table gives each in Hugging Face's terms.
 * Source: llama.cpp `src/llama-vocab.cpp`. Golden: test/convert/fixtures/tokenizers, from Hugging Face tokenizers.
 */
import { Failure } from "../core/failure.ts";

const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (regex: string) => ({ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

interface Splitting {
  normalizer?: object;
  preTokenizer: object;
  /** A word that is a token of its own is taken whole, whatever the merges say. */
  ignoreMerges?: boolean;
}

const gpt2: Splitting = { preTokenizer: byteLevel(true) };
const digits: Splitting = { preTokenizer: sequence(split("\\p{N}"), byteLevel(true)) };
const llama3: Splitting = { preTokenizer: sequence(split(words("\\p{N}{1,3}")), byteLevel(false)), ignoreMerges: true };
const qwen2: Splitting = {
  normalizer: { type: "NFC" },
  preTokenizer: sequence(split(words("\\p{N}")), byteLevel(false)),
};
const fallback: Splitting = {
  preTokenizer: sequence(
    split("[\\p{P}\\$\\+<=>\\^~\\|]+"),
    split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"),
    split("\\p{N}+"),
    split("[0-9][0-9][0-9]"),
    byteLevel(false),
  ),
};

const splittings: Readonly<Record<string, Splitting>> = {
  default: fallback,
  "gpt-2": gpt2,
  "phi-2": gpt2,
  olmo: gpt2,
  mpt: gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  codeshell: digits,
  "llama-bpe": llama3,
  llama3,
  "llama-v3": llama3,
  qwen2,
  "deepseek-r1-qwen": qwen2,
};

/** Token types of GGUF. */
const UNKNOWN = 2;
const CONTROL = 3;
const USER_DEFINED = 4;

export function ggufTokenizer(
  where: string,
  meta: ReadonlyMap<string, unknown>,
  anyPre: boolean,
): { tokenizer: object; tokens: string[] } {
  const field = (name: string) => `tokenizer.ggml.${name}`;
  const refuse = (name: string, message: string): never => {
    throw new Failure("weights_invalid", `${where}: ${field(name)}: ${message}`, { param: field(name) });
  };
  const strings = (name: string): string[] => {
    const value = meta.get(field(name));
    if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
    return refuse(name, "expected a list of strings");
  };
  const model = meta.get(field("model"));
  if (model !== "gpt2")
    refuse("model", `expected "gpt2" (byte-level BPE), got ${JSON.stringify(model)}; --no-tokenizer leaves it out`);
  const pre = meta.get(field("pre")) ?? "default";
  const known =
    typeof pre === "string" && Object.hasOwn(splittings, pre) ? splittings[pre] : anyPre ? fallback : undefined;
  const splitting =
    known ??
    refuse(
      "pre",
      `expected one of ${Object.keys(splittings).join(", ")}, got ${JSON.stringify(pre)}; --force takes default`,
    );
  const tokens = strings("tokens");
  const vocab = vocabulary(tokens, refuse);
  const merges = strings("merges").map((merge) => mergeOf(merge, vocab, refuse));
  const types = meta.get(field("token_type"));
  const addBos = meta.get(field("add_bos_token")) === true;
  const bos = tokens[Number(meta.get(field("bos_token_id")) ?? -1)];
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: addedTokens(tokens, types instanceof Int32Array ? types : new Int32Array(0)),
    normalizer: splitting.normalizer ?? null,
    pre_tokenizer: splitting.preTokenizer,
    post_processor: addBos && bos !== undefined ? beginWith(bos, vocab.get(bos)!) : null,
    decoder: byteLevel(true),
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: splitting.ignoreMerges ?? false,
      vocab: Object.fromEntries(vocab),
      merges,
    },
  };
  return { tokenizer, tokens };
}

type Refuse = (name: string, message: string) => never;

function vocabulary(tokens: string[], refuse: Refuse): Map<string, number> {
  const vocab = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (vocab.has(token))
      refuse("tokens", `token ${JSON.stringify(token).slice(0, 80)} is given twice (${vocab.get(token)} and ${id})`);
    vocab.set(token, id);
  });
  return vocab;
}

/** "left right"; both and their union must be tokens, so every merge is shorter than its result and none can form a cycle. */
function mergeOf(merge: string, vocab: ReadonlyMap<string, number>, refuse: Refuse): [string, string] {
  const at = merge.indexOf(" ", 1);
  const [left, right] = [merge.slice(0, at), merge.slice(at + 1)];
  if (at < 1 || !vocab.has(left) || !vocab.has(right) || !vocab.has(left + right)) {
    refuse("merges", `expected two tokens that make a third, got ${JSON.stringify(merge).slice(0, 80)}`);
  }
  return [left, right];
}

function addedTokens(tokens: string[], types: Int32Array): object[] {
  return tokens.flatMap((content, id) => {
    const type = types[id];
    if (type !== CONTROL && type !== UNKNOWN && type !== USER_DEFINED) return [];
    const special = type !== USER_DEFINED;
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

const beginWith = (token: string, id: number) => {
  const special = { SpecialToken: { id: token, type_id: 0 } };
  return {
    type: "TemplateProcessing",
    single: [special, { Sequence: { id: "A", type_id: 0 } }],
    pair: [special, { Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
};
