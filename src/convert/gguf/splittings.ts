/**
 * The ways of splitting text that GGUF names in `tokenizer.ggml.pre` without spelling them out, in Hugging Face's terms.
 *
 * Source: llama.cpp `src/llama-vocab.cpp`. Golden: test/convert/fixtures/tokenizers.json.
 */
export const byteLevel = (useRegex: boolean) => ({
  type: "ByteLevel",
  add_prefix_space: false,
  trim_offsets: true,
  use_regex: useRegex,
});
const split = (regex: string) => ({ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false });
const sequence = (...pretokenizers: object[]) => ({ type: "Sequence", pretokenizers });
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

export interface Splitting {
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
export const fallback: Splitting = {
  preTokenizer: sequence(
    split("[\\p{P}\\$\\+<=>\\^~\\|]+"),
    split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)"),
    split("\\p{N}+"),
    split("[0-9][0-9][0-9]"),
    byteLevel(false),
  ),
};

export const splittings: Readonly<Record<string, Splitting>> = {
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
