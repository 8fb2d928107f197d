/**
 * readCompanions: tokenizer, chat template and generation defaults of a Hugging Face folder. Every file is optional.
 */
import { basename, join, resolve } from "node:path";
import { Failure } from "../../core/failure.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { TEMPLATE_MAX_BYTES, TOKENIZER_MAX_BYTES } from "../../weights/parse-manifest.ts";
import type { Companions, TokenizerOptions } from "./checkpoint-source.ts";
import { readJsonObject, readSmallFile } from "./small-file.ts";
import { tokenIds } from "./token-ids.ts";

type Json = Record<string, unknown>;
type TokenizerConfig = NonNullable<Manifest["tokenizerConfig"]>;

/** Fields of tokenizer_config.json that change ids, and the tokens that templates name. */
const tokenFields = ["bos_token", "eos_token", "unk_token", "pad_token"];
const plainFields = [
  "tokenizer_class",
  "add_bos_token",
  "add_eos_token",
  "add_prefix_space",
  "clean_up_tokenization_spaces",
  "legacy",
];

/** Files of text; left out with `noTokenizer`. */
const textFiles = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
]);

export async function readCompanions(
  folder: string,
  present: string[],
  config: Json,
  { noTokenizer = false }: TokenizerOptions = {},
): Promise<Companions> {
  const names = present.filter((name) => !noTokenizer || !textFiles.has(name));
  const json = async (file: string): Promise<Json> => (names.includes(file) ? readJsonObject(join(folder, file)) : {});
  const bytes = async (file: string, maxBytes: number) =>
    names.includes(file) ? readSmallFile(join(folder, file), maxBytes) : undefined;
  const raw = await json("tokenizer_config.json");
  const tokenizer = await bytes("tokenizer.json", TOKENIZER_MAX_BYTES);
  const template = await bytes("chat_template.jinja", TEMPLATE_MAX_BYTES);
  const tokenizerConfig = pickTokenizerConfig({ ...raw, ...pickTokens(await json("special_tokens_map.json"), raw) });
  const licence = licenceOf(await bytes("README.md", 4 * 1024 * 1024));
  const chosen = template ? new TextDecoder().decode(template) : templateOf(raw.chat_template);
  const eos = tokenizer && addedTokenId(tokenizer, tokenizerConfig.eos_token);
  return {
    name: basename(resolve(folder)),
    ...(licence ? { licence } : {}),
    ...(tokenizer ? { tokenizer } : {}),
    ...(Object.keys(tokenizerConfig).length > 0 ? { tokenizerConfig } : {}),
    ...(chosen ? { template: chosen } : {}),
    generation: generationOf(await json("generation_config.json"), config, eos),
  };
}

/** The id of an added token, by its text. */
function addedTokenId(tokenizer: Uint8Array, text: unknown): number | undefined {
  let added: unknown;
  try {
    added = (JSON.parse(new TextDecoder().decode(tokenizer)) as Json).added_tokens;
  } catch (cause) {
    throw new Failure("weights_invalid", "tokenizer.json: not valid JSON", { param: "tokenizer.json", cause });
  }
  const token = Array.isArray(added) ? (added as Json[]).find((entry) => entry?.content === text) : undefined;
  return tokenIds("tokenizer.json: added_tokens: id", token?.id)[0];
}

/** Tokens that only special_tokens_map.json names. */
const pickTokens = (map: Json, known: Json): Json =>
  Object.fromEntries(
    tokenFields.filter((field) => known[field] == null && map[field] != null).map((field) => [field, map[field]]),
  );

function pickTokenizerConfig(raw: Json): TokenizerConfig {
  const result: TokenizerConfig = {};
  for (const field of tokenFields) {
    const token = raw[field];
    const content = typeof token === "object" && token !== null ? (token as Json).content : token;
    if (typeof content === "string") result[field] = content;
  }
  for (const field of plainFields) {
    const value = raw[field];
    if (typeof value === "string" || typeof value === "boolean" || typeof value === "number") result[field] = value;
  }
  return result;
}

/** One template, or the one named `default` of a list of {name, template}. */
function templateOf(value: unknown): string | undefined {
  if (value === undefined || value === null || typeof value === "string") return value ?? undefined;
  const named = Array.isArray(value) ? (value as Json[]).find((entry) => entry?.name === "default") : undefined;
  if (typeof named?.template === "string") return named.template;
  const param = "chat_template";
  throw new Failure(
    "weights_invalid",
    `tokenizer_config.json: ${param}: expected text, or a list with one named "default"`,
    { param },
  );
}

/** Defaults that generation_config.json states; ends of text from there, from config.json and from the tokenizer. */
function generationOf(generation: Json, config: Json, tokenizerEos: number | undefined): Manifest["generation"] {
  const eos = [
    ...tokenIds("generation_config.json: eos_token_id", generation.eos_token_id),
    ...tokenIds("config.json: eos_token_id", config.eos_token_id),
    ...tokenIds("tokenizer.json: eos_token", tokenizerEos),
  ];
  const [bos] = tokenIds("config.json: bos_token_id", generation.bos_token_id ?? config.bos_token_id);
  const number = (field: string, from: number, to: number) => {
    const value = generation[field];
    if (value === undefined || value === null) return undefined;
    if (typeof value === "number" && value >= from && value <= to) return value;
    const message = `generation_config.json: ${field}: expected ${from}…${to}, got ${JSON.stringify(value)}`;
    throw new Failure("weights_invalid", message, { param: field });
  };
  const defaults = {
    bos,
    temperature: number("temperature", 0, 10),
    topP: number("top_p", 0, 1),
    topK: number("top_k", 0, 1e9),
    repetitionPenalty: number("repetition_penalty", 1e-6, 1e6),
  };
  const stated = Object.entries(defaults).filter(([, value]) => value !== undefined);
  return { eos: [...new Set(eos)], ...Object.fromEntries(stated) };
}

/** `license:` in the front matter of a model card. */
function licenceOf(readme: Uint8Array | undefined): string | undefined {
  const text = readme ? new TextDecoder().decode(readme.subarray(0, 65_536)) : "";
  const front = /^---\r?\n([\s\S]*?)\r?\n---/.exec(text)?.[1];
  return front && /^license:\s*["']?([\w.+ -]{1,100})/m.exec(front)?.[1]?.trim();
}
