/** ggufCompanions: tokenizer, chat template and generation defaults that a GGUF's metadata holds. */
import type { Companions, TokenizerOptions } from "../checkpoint/checkpoint-source.ts";
import { tokenIds } from "../checkpoint/token-ids.ts";
import { ggufTokenizer } from "./tokenizer.ts";

/** Ways in which file names state their quantisation. */
const quantisation = /[._-](?:I?Q\d\w*|B?F16|F32)$/i;

export function ggufCompanions(
  file: string,
  meta: ReadonlyMap<string, unknown>,
  options: TokenizerOptions,
): Companions {
  const licence = meta.get("general.license");
  const base = {
    name: file.replace(/\.gguf$/i, "").replace(quantisation, ""),
    ...(typeof licence === "string" ? { licence } : {}),
  };
  const found = options.noTokenizer ? undefined : ggufTokenizer(file, meta, options.anyPre ?? false);
  if (!found) return { ...base, generation: { eos: [] } };
  const { tokenizer, tokens, addBos } = found;
  const id = (kind: string) =>
    tokenIds(`tokenizer.ggml.${kind}_token_id`, meta.get(`tokenizer.ggml.${kind}_token_id`))[0];
  const eos = ["eos", "eot", "eom"].map(id).filter((known) => known !== undefined);
  const bos = id("bos");
  const template = meta.get("tokenizer.chat_template");
  const named = Object.entries({ bos_token: "bos", eos_token: "eos", unk_token: "unknown", pad_token: "padding" })
    .map(([field, kind]) => [field, tokens[id(kind) ?? -1]] as const)
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const addEos = meta.get("tokenizer.ggml.add_eos_token") === true;
  return {
    ...base,
    tokenizer: new TextEncoder().encode(JSON.stringify(tokenizer)),
    tokenizerConfig: {
      ...Object.fromEntries(named),
      add_bos_token: addBos,
      add_eos_token: addEos,
      clean_up_tokenization_spaces: false,
    },
    ...(typeof template === "string" ? { template } : {}),
    generation: { eos: [...new Set(eos)], ...(bos === undefined ? {} : { bos }) },
  };
}
