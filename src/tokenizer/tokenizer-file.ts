/**
 * tokenizer-file: reads a tokenizer.json and checks everything that is used of it. Byte-pair models only.
 *
 * Failure `weights_invalid` names the part at fault. Time and memory are linear in the file, whatever it holds.
 */
import { check } from "../core/failure.ts";

/** Larger than any published vocabulary; an id above it is a mistake or an attack. */
const MAX_VOCAB = 1 << 20;
/** UTF-16 units of one token. */
const MAX_TOKEN_LENGTH = 1024;

export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
}

export interface TokenizerFile {
  /** Token of every id, 0…V-1 without gaps; added tokens included. */
  tokens: string[];
  vocab: Readonly<Record<string, number>>;
  /** Three ids per merge, by rank: left, right, result. */
  merges: Uint32Array;
  /** As in the file, with the fields that the library reads. */
  added: readonly (AddedToken & Record<string, unknown>)[];
  unkToken: string | null;
  fuseUnk: boolean;
  byteFallback: boolean;
  ignoreMerges: boolean;
  normalizer: TokenizerStep | null;
  preTokenizer: TokenizerStep | null;
  decoder: TokenizerStep | null;
}

/** Normalizer, pre-tokenizer or decoder: its type and settings, as the file has them. */
export type TokenizerStep = { type: string } & Record<string, unknown>;

export function readTokenizerFile(json: unknown): TokenizerFile {
  const file = asObject(json, "tokenizer.json");
  const model = asObject(file.model, "model");
  must(model.type === undefined || model.type === "BPE", "model.type", `expected "BPE", got ${show(model.type)}`);
  for (const affix of ["continuing_subword_prefix", "continuing_subword_suffix", "end_of_word_suffix"]) {
    must(!model[affix], `model.${affix}`, "not supported");
  }
  const vocab = asObject(model.vocab, "model.vocab") as Record<string, number>;
  const added = readAdded(file.added_tokens);
  const unkToken = model.unk_token ?? null;
  must(unkToken === null || typeof unkToken === "string", "model.unk_token", `got ${show(unkToken)}`);
  return {
    tokens: readTokens(vocab, added),
    vocab,
    merges: readMerges(model.merges, vocab),
    added,
    unkToken,
    fuseUnk: model.fuse_unk === true,
    byteFallback: model.byte_fallback === true,
    ignoreMerges: model.ignore_merges === true,
    normalizer: readStep(file.normalizer, "normalizer"),
    preTokenizer: readStep(file.pre_tokenizer, "pre_tokenizer"),
    decoder: readStep(file.decoder, "decoder"),
  };
}

function readAdded(value: unknown): TokenizerFile["added"] {
  must(value === undefined || Array.isArray(value), "added_tokens", "expected a list");
  const seen = new Set<string>();
  return ((value ?? []) as unknown[]).map((entry, i) => {
    const at = `added_tokens[${i}]`;
    const token = asObject(entry, at);
    const { id, content } = token;
    checkId(id, at);
    must(typeof content === "string" && content !== "", at, "expected a content");
    checkToken(content, at);
    must(!seen.has(content), at, `${show(content)} is there twice`);
    seen.add(content);
    return { ...token, id, content, special: token.special === true };
  });
}

function readTokens(vocab: Readonly<Record<string, number>>, added: readonly AddedToken[]): string[] {
  const names = Object.keys(vocab);
  must(names.length <= MAX_VOCAB, "model.vocab", `expected at most ${MAX_VOCAB} tokens, got ${names.length}`);
  const tokens: string[] = [];
  const place = (token: string, id: unknown, at: string) => {
    checkId(id, at);
    checkToken(token, at);
    const other = tokens[id] ?? token;
    if (other !== token) must(false, at, `id ${id} stands for ${show(other)} and ${show(token)}`);
    tokens[id] = token;
  };
  for (const name of names) place(name, vocab[name], "model.vocab");
  for (const { id, content } of added) {
    const known = Object.hasOwn(vocab, content) ? vocab[content] : id;
    must(known === id, "added_tokens", `${show(content)} has the ids ${known} and ${id}`);
    place(content, id, "added_tokens");
  }
  must(tokens.length > 0, "model.vocab", "is empty");
  let id = 0;
  while (id in tokens) id++;
  must(id === tokens.length, "model.vocab", `no token has id ${id}`);
  return tokens;
}

/** Every merge makes a token that is longer than its parts, so merging always ends. */
function readMerges(value: unknown, vocab: Readonly<Record<string, number>>): Uint32Array {
  must(Array.isArray(value), "model.merges", "expected a list");
  must(value.length <= 2 * MAX_VOCAB, "model.merges", `expected at most ${2 * MAX_VOCAB}, got ${value.length}`);
  const merges = new Uint32Array(3 * value.length);
  value.forEach((entry: unknown, rank) => {
    const pair: unknown = typeof entry === "string" ? entry.split(" ") : entry;
    const isPair = Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === "string" && part);
    if (!isPair) must(false, `model.merges[${rank}]`, `expected two parts, got ${show(entry)}`);
    const [left, right] = pair as [string, string];
    [left, right, left + right].forEach((token, i) => {
      if (!Object.hasOwn(vocab, token)) must(false, `model.merges[${rank}]`, `${show(token)} is no token`);
      merges[3 * rank + i] = vocab[token]!;
    });
  });
  return merges;
}

function readStep(value: unknown, at: string): TokenizerStep | null {
  if (value === null || value === undefined) return null;
  const step = asObject(value, at);
  must(typeof step.type === "string", `${at}.type`, `expected a name, got ${show(step.type)}`);
  return step as TokenizerStep;
}

function checkId(id: unknown, at: string): asserts id is number {
  const fits = Number.isInteger(id) && (id as number) >= 0 && (id as number) < MAX_VOCAB;
  if (!fits) must(false, at, `expected an id from 0 to ${MAX_VOCAB - 1}, got ${show(id)}`);
}

function checkToken(token: string, at: string): void {
  const { length } = token;
  if (length > MAX_TOKEN_LENGTH)
    must(false, at, `a token has ${length} characters, at most ${MAX_TOKEN_LENGTH} are read`);
}

export function asObject(value: unknown, at: string): Record<string, unknown> {
  must(typeof value === "object" && value !== null && !Array.isArray(value), at, `expected an object`);
  return value as Record<string, unknown>;
}

function must(condition: unknown, at: string, message: string): asserts condition {
  check(condition, "weights_invalid", () => `tokenizer: ${at}: ${message}`, "tokenizer");
}

/** Short, whatever the file holds. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
