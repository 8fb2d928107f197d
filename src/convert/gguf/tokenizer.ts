/**
 * ggufTokenizer: a Hugging Face tokenizer.json from the vocabulary that a GGUF's metadata holds.
 *
 * Golden: test/convert/fixtures/tokenizers.json and sentencepiece.json, from Hugging Face tokenizers and transformers.
 */
import { byteLevelStages } from "./bpe.ts";
import { sentencePieceStages } from "./sentencepiece.ts";
import { readVocabulary } from "./vocabulary.ts";

interface GgufTokenizer {
  /** tokenizer.json. */
  tokenizer: object;
  tokens: string[];
  /** Whether text begins with the bos token. */
  addBos: boolean;
}

/** Undefined where the file says that it has no tokenizer. */
export function ggufTokenizer(
  where: string,
  meta: ReadonlyMap<string, unknown>,
  anyPre: boolean,
): GgufTokenizer | undefined {
  const model = meta.get("tokenizer.ggml.model") ?? "none";
  if (model === "none" || model === "no_vocab") return undefined;
  const vocabulary = readVocabulary(where, meta);
  const { tokens, ids, added, get, refuse } = vocabulary;
  if (model !== "gpt2" && model !== "llama") {
    return refuse("model", `expected "gpt2" or "llama", got ${JSON.stringify(model)}; --no-tokenizer leaves it out`);
  }
  const stages = model === "gpt2" ? byteLevelStages(vocabulary, anyPre) : sentencePieceStages(vocabulary);
  // Files of SentencePiece's and Llama 3's kinds may not say.
  const addBos = get("add_bos_token") ?? stages.addBos;
  const bos = tokens[Number(get("bos_token_id") ?? -1)];
  const tokenizer = {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: stages.normalizer,
    pre_tokenizer: stages.pre_tokenizer,
    post_processor: addBos === true && bos !== undefined ? beginWith(bos, ids.get(bos)!) : null,
    decoder: stages.decoder,
    model: {
      type: "BPE",
      dropout: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      ...stages.model,
      vocab: Object.fromEntries(ids),
    },
  };
  return { tokenizer, tokens, addBos: addBos === true };
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
