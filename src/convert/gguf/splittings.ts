/**
 * The ways of splitting text that GGUF names in `tokenizer.ggml.pre` without spelling
 * them out, in Hugging Face's terms.
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
const spaces = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
/** `marks`: combining marks belong to the letters before them. */
const words = (digits: string, marks = false) => {
  const [letters, all] = marks ? ["[\\p{L}\\p{M}]", "\\p{L}\\p{M}"] : ["\\p{L}", "\\p{L}"];
  return `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?${letters}+|${digits}| ?[^\\s${all}\\p{N}]+[\\r\\n]*|${spaces}`;
};

interface Splitting {
  normalizer?: object;
  preTokenizer: object;
  /** A word that is a token of its own is taken whole, whatever the merges say. */
  ignoreMerges?: boolean;
  /** Text begins with the bos token where a file does not say. */
  addBos?: boolean;
}

const gpt2: Splitting = { preTokenizer: byteLevel(true) };
const digits: Splitting = { preTokenizer: sequence(split("\\p{N}"), byteLevel(true)) };
const triples: Splitting = { preTokenizer: sequence(split(words("\\p{N}{1,3}")), byteLevel(false)) };
const llama3: Splitting = { ...triples, ignoreMerges: true, addBos: true };
const qwen2: Splitting = {
  normalizer: { type: "NFC" },
  preTokenizer: sequence(split(words("\\p{N}")), byteLevel(false)),
};
const qwen35: Splitting = {
  normalizer: { type: "NFC" },
  preTokenizer: sequence(split(words("\\p{N}", true)), byteLevel(false)),
};
const upper = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const lower = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const before = "[^\\r\\n\\p{L}\\p{N}]?";
const tekken: Splitting = {
  preTokenizer: sequence(
    split(`${before}${upper}*${lower}+|${before}${upper}+${lower}*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${spaces}`),
    byteLevel(false),
  ),
  ignoreMerges: true,
  addBos: true,
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
  "granite-docling": gpt2,
  smollm: digits,
  starcoder: digits,
  refact: digits,
  codeshell: digits,
  "command-r": digits,
  exaone: digits,
  "llama-bpe": llama3,
  llama3,
  "llama-v3": llama3,
  falcon3: llama3,
  "falcon-h1": llama3,
  lfm2: llama3,
  pixtral: llama3,
  // Granite 4 and Bamba, SmolLM 3.
  dbrx: triples,
  "smaug-bpe": triples,
  tekken,
  qwen35,
  qwen2,
  "deepseek-r1-qwen": qwen2,
};
