/** constraintFor: the constraint that a request asks for. */
import { check } from "../core/failure.ts";
import { inSlices } from "../core/work.ts";
import type { TextCodec } from "../tokenizer/text-codec.ts";
import type { Constraint, HeldSchema, ReplyShape } from "./constraint.ts";
import { Grammar } from "./language/expr.ts";
import { replyGrammar, type ShapePaths } from "./reply/reply-grammar.ts";
import { TokenConstraint } from "./tokens/token-constraint.ts";
import { TokenTrie } from "./tokens/token-trie.ts";

/** One vocabulary's tree lives as long as its codec. */
const tries = new WeakMap<TextCodec, TokenTrie>();

/** Bytes that JSON's text may need next, each of which must have a token of its own. */
const NEEDED: readonly [low: number, high: number][] = [
  [0x0a, 0x0a],
  [0x20, 0x7f],
  [0x80, 0xbf],
  [0xc2, 0xf0],
];

function trieOf(codec: TextCodec): TokenTrie {
  const trie = tries.get(codec) ?? new TokenTrie(codec);
  tries.set(codec, trie);
  return trie;
}

function missingByte(trie: TokenTrie): number | undefined {
  for (const [low, high] of NEEDED) for (let byte = low; byte <= high; byte++) if (!trie.hasByte(byte)) return byte;
  return undefined;
}

/**
 * Undefined when any text will do. `eosIds`: end a reply where it may end. To go on with a reply, `accept` its ids
 * again. Failure as `checkShape` says, or when the model's tokenizer cannot spell every text.
 */
export async function constraintFor(
  shape: ReplyShape,
  codec: TextCodec,
  eosIds: readonly number[],
): Promise<Constraint | undefined> {
  const grammar = new Grammar();
  const language = await inSlices(replyGrammar(grammar, shape), () => others());
  if (!language) return undefined;
  grammar.finish();
  const trie = trieOf(codec);
  const missing = missingByte(trie);
  const message = () =>
    `this model's tokenizer has no token for the byte 0x${missing!.toString(16)}, so its replies cannot be held to a form`;
  check(missing === undefined, "request_invalid", message, shape.format ? "response_format" : "tools");
  const constraint = new TokenConstraint(grammar, language, codec, trie, eosIds);
  // What is too much at once is refused before anything is computed.
  await inSlices(constraint.prepare(), () => others());
  return constraint;
}

/**
 * What replies will not be held to of the schemas of a shape, by the fields that they came in. Needs no model, and
 * leaves the others their turn while it works; a `signal` that is aborted ends it with its reason.
 *
 * Failure, with the field by `paths`: `request_invalid` when the shape asks for what cannot be held to,
 * `schema_too_complex` when finding out takes more steps than a request has.
 */
export async function checkShape(shape: ReplyShape, paths?: ShapePaths, signal?: AbortSignal): Promise<HeldSchema[]> {
  const language = await inSlices(replyGrammar(new Grammar(), shape, paths), () => others(signal));
  return language?.schemas ?? [];
}

/**
 * Replies that come by the places that most forms have: text; names, white space, texts, numbers, and
 * the ends of lists and objects.
 */
const USUAL: readonly [ReplyShape, string][] = [
  [{ tools: [{ name: "a" }] }, "A"],
  [{ format: { type: "json_object" } }, '{"a": "b c", "d": [-1.5, 20, true], "e": {}}'],
];

/**
 * Finds of a vocabulary what forms need of it whatever they ask for, so that no request has to wait for it: its tree,
 * and the masks of usual places. Does nothing where replies cannot be held to a form.
 */
export async function readyForForms(codec: TextCodec, eosIds: readonly number[]): Promise<void> {
  if (missingByte(trieOf(codec)) !== undefined) return;
  for (const [shape, text] of USUAL) {
    const constraint = (await constraintFor(shape, codec, eosIds))!;
    for (const id of codec.encodeText(text)) {
      const mask = await inSlices(constraint.prepare(), () => others());
      // A tokenizer may change a text before it cuts it.
      if (((mask[id >> 5]! >>> (id & 31)) & 1) === 0) break;
      constraint.accept(id);
    }
  }
}

/** Timers and requests that wait have their turn. */
async function others(signal?: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve));
  signal?.throwIfAborted();
}
