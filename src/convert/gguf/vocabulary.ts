/** readVocabulary: the token table of a GGUF's metadata, checked. */
import { Failure } from "../../core/failure.ts";

interface AddedToken {
  id: number;
  content: string;
  single_word: false;
  lstrip: false;
  rstrip: false;
  normalized: false;
  special: boolean;
}

export interface GgufVocabulary {
  tokens: string[];
  ids: ReadonlyMap<string, number>;
  added: AddedToken[];
  /** A field under `tokenizer.ggml.`. */
  get(name: string): unknown;
  strings(name: string): string[];
  refuse(name: string, message: string): never;
}

/** Longest token, in UTF-16 units: work on a token may be quadratic. */
const TOKEN_MAX_LENGTH = 1024;
/** Token types of GGUF. */
export const UNKNOWN = 2;
export const CONTROL = 3;
export const USER_DEFINED = 4;

export function readVocabulary(where: string, meta: ReadonlyMap<string, unknown>): GgufVocabulary {
  const field = (name: string) => `tokenizer.ggml.${name}`;
  const get = (name: string) => meta.get(field(name));
  const refuse = (name: string, message: string): never => {
    throw new Failure("weights_invalid", `${where}: ${field(name)}: ${message}`, { param: field(name) });
  };
  const strings = (name: string): string[] => {
    const value = get(name);
    if (Array.isArray(value) && value.every((text) => typeof text === "string")) return value;
    return refuse(name, "expected a list of strings");
  };
  const tokens = strings("tokens");
  const ids = new Map<string, number>();
  tokens.forEach((token, id) => {
    if (ids.has(token)) refuse("tokens", `token ${show(token)} is given twice (${ids.get(token)} and ${id})`);
    if (token.length > TOKEN_MAX_LENGTH) {
      refuse("tokens", `token ${id}: expected at most ${TOKEN_MAX_LENGTH} characters, got ${token.length}`);
    }
    ids.set(token, id);
  });
  const types = get("token_type");
  return {
    tokens,
    ids,
    added: addedTokens(tokens, types instanceof Int32Array ? types : undefined),
    get,
    strings,
    refuse,
  };
}

export const show = (text: string): string => JSON.stringify(text).slice(0, 80);

function addedTokens(tokens: string[], types: Int32Array | undefined): AddedToken[] {
  return tokens.flatMap((content, id) => {
    const type = types?.[id];
    if (type !== CONTROL && type !== UNKNOWN && type !== USER_DEFINED) return [];
    const special = type !== USER_DEFINED;
    return [{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special }];
  });
}

/**
 * The parts of a tokenizer.json that differ between the kinds of tokenizer; bpe.ts and
 * sentencepiece.ts make them of a vocabulary.
 */
export interface TokenizerStages {
  normalizer: object | null;
  pre_tokenizer: object | null;
  decoder: object;
  /** Whether text begins with the bos token, where a file does not say. */
  addBos: boolean;
  model: {
    unk_token: string | null;
    fuse_unk: boolean;
    byte_fallback: boolean;
    ignore_merges: boolean;
    merges: [string, string][];
  };
}
