/**
 * tokenizerMetadata: a pack's tokenizer.json as the fields of a GGUF file.
 *
 * GGUF names a way of splitting text instead of spelling it out, so only tokenizers whose way has such a name can be
 * written. Source: llama.cpp `src/llama-vocab.cpp`.
 */
import { isDeepStrictEqual } from "node:util";
import { splittings } from "../convert/gguf/splittings.ts";
import { CONTROL, UNKNOWN, USER_DEFINED } from "../convert/gguf/vocabulary.ts";
import { check, Failure } from "../core/failure.ts";
import type { GgufValue } from "../models/architecture.ts";
import type { PackCheckpoint } from "./pack-checkpoint.ts";

type Entry = [string, GgufValue | string[] | Float32Array];

interface TokenizerJson {
  added_tokens?: { id: number; content: string; special?: boolean }[];
  normalizer?: unknown;
  pre_tokenizer?: unknown;
  model: {
    type?: string;
    vocab: Record<string, number>;
    merges: (string | [string, string])[];
    byte_fallback?: boolean;
    ignore_merges?: boolean;
  };
}

const NORMAL = 1;
const UNUSED = 5;
const BYTE = 6;

/** Fails with `request_invalid` for a tokenizer that GGUF has no name for. */
export function tokenizerMetadata({ manifest, model, tokenizer, template }: PackCheckpoint): Entry[] {
  if (tokenizer === undefined) return [["tokenizer.ggml.model", "no_vocab"]];
  const json = JSON.parse(tokenizer) as TokenizerJson;
  check(
    json.model.type === "BPE" || json.model.type === undefined,
    "request_invalid",
    () => `--gguf: tokenizer: expected BPE, got ${json.model.type}`,
    "tokenizer",
  );
  const { tokens, types } = tableOf(json, model.V);
  const { generation, tokenizerConfig = {} } = manifest;
  const idOf = (field: string): number | undefined => {
    const named = tokenizerConfig[field];
    const at = typeof named === "string" ? tokens.indexOf(named) : -1;
    return at >= 0 ? at : undefined;
  };
  const ids: [string, number | undefined][] = [
    ["bos", generation.bos ?? idOf("bos_token")],
    ["eos", idOf("eos_token") ?? generation.eos[0]],
    ["eot", generation.eos.find((id) => id !== (idOf("eos_token") ?? generation.eos[0]))],
    ["unknown", idOf("unk_token")],
    ["padding", idOf("pad_token")],
  ];
  return [
    ...(json.model.byte_fallback ? sentencePiece(json, tokens, types) : byteLevel(json)),
    ["tokenizer.ggml.tokens", tokens],
    ["tokenizer.ggml.token_type", { i32s: types }],
    ...ids.flatMap(([kind, id]): Entry[] =>
      id === undefined ? [] : [[`tokenizer.ggml.${kind}_token_id`, { u32: id }]],
    ),
    ["tokenizer.ggml.add_bos_token", tokenizerConfig.add_bos_token === true],
    ...(template === undefined ? [] : [["tokenizer.chat_template", template] as Entry]),
  ];
}

/** As many tokens as the embedding has rows; those beyond the vocabulary are fillers. */
function tableOf({ model, added_tokens: added = [] }: TokenizerJson, V: number): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: V }, (_, i) => `[PAD${i}]`);
  const types = new Array<number>(V).fill(UNUSED);
  for (const [token, id] of Object.entries(model.vocab)) {
    if (id >= V) continue;
    tokens[id] = token;
    types[id] = model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(token) ? BYTE : NORMAL;
  }
  for (const { id, content, special } of added) {
    if (id >= V) continue;
    tokens[id] = content;
    types[id] = content === "<unk>" ? UNKNOWN : special ? CONTROL : USER_DEFINED;
  }
  return { tokens, types };
}

const pairOf = (merge: string | [string, string]): [string, string] =>
  typeof merge === "string" ? (merge.split(" ") as [string, string]) : merge;

function byteLevel(json: TokenizerJson): Entry[] {
  const own = {
    normalizer: json.normalizer ?? null,
    preTokenizer: json.pre_tokenizer,
    ignoreMerges: json.model.ignore_merges ?? false,
  };
  const name = Object.keys(splittings).find((key) => {
    const { normalizer = null, preTokenizer, ignoreMerges = false } = splittings[key]!;
    return isDeepStrictEqual(plain(own), plain({ normalizer, preTokenizer, ignoreMerges }));
  });
  if (name === undefined) {
    const known = Object.keys(splittings).join(", ");
    throw new Failure(
      "request_invalid",
      `--gguf: tokenizer.json: pre_tokenizer: expected a way of splitting text that GGUF has a name for (${known}), got another`,
      { param: "tokenizer" },
    );
  }
  return [
    ["tokenizer.ggml.model", "gpt2"],
    ["tokenizer.ggml.pre", name],
    ["tokenizer.ggml.merges", json.model.merges.map((merge) => pairOf(merge).join(" "))],
  ];
}

/** Without what changes nothing: offsets, and a sequence of one. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const { trim_offsets: _, ...rest } = value as Record<string, unknown>;
  if (rest.type === "Sequence" && Array.isArray(rest.pretokenizers) && rest.pretokenizers.length === 1)
    return plain(rest.pretokenizers[0]);
  if (rest.type === "Digits" && rest.individual_digits === true)
    return plain({ type: "Split", pattern: { Regex: "\\p{N}" }, behavior: "Isolated", invert: false });
  return Object.fromEntries(Object.entries(rest).map(([key, inner]) => [key, plain(inner)]));
}

/** The earlier a merge stands, the better its result scores. */
function sentencePiece(json: TokenizerJson, tokens: readonly string[], types: readonly number[]): Entry[] {
  const rank = new Map<string, number>();
  json.model.merges.forEach((merge, i) => {
    const whole = pairOf(merge).join("");
    if (!rank.has(whole)) rank.set(whole, i);
  });
  const scores = Float32Array.from(tokens, (token, i) => (types[i] === NORMAL ? -(rank.get(token) ?? 0) : 0));
  const prepends = JSON.stringify(json.normalizer ?? null).includes('"Prepend"');
  return [
    ["tokenizer.ggml.model", "llama"],
    ["tokenizer.ggml.pre", "default"],
    ["tokenizer.ggml.scores", scores],
    ["tokenizer.ggml.add_space_prefix", prepends],
  ];
}
