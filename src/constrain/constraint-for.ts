/** constraintFor: the constraint that a request asks for. */
import { check } from "../core/failure.ts";
import type { TextCodec } from "../tokenizer/text-codec.ts";
import type { Constraint, ReplyShape } from "./constraint.ts";
import { Grammar } from "./language/expr.ts";
import { replyGrammar, type ShapePaths } from "./reply/reply-grammar.ts";
import { TokenConstraint } from "./tokens/token-constraint.ts";
import { TokenTrie } from "./tokens/token-trie.ts";

/** One vocabulary's tree lives as long as its codec, from the first request on that needs it. */
const tries = new WeakMap<TextCodec, TokenTrie>();

/** Bytes that JSON's text may need next, each of which must have a token of its own. */
const NEEDED: readonly [low: number, high: number][] = [
  [0x0a, 0x0a],
  [0x20, 0x7f],
  [0x80, 0xbf],
  [0xc2, 0xf0],
];

/**
 * Undefined when any text will do. `eosIds`: end a reply where it may end. To go on with a reply, `accept` its ids again.
 * Failure `request_invalid` as `checkShape` says, or when the model's tokenizer cannot spell every text.
 */
export function constraintFor(shape: ReplyShape, codec: TextCodec, eosIds: readonly number[]): Constraint | undefined {
  const grammar = new Grammar();
  const root = replyGrammar(grammar, shape);
  if (!root) return undefined;
  grammar.finish();
  const trie = tries.get(codec) ?? new TokenTrie(codec);
  tries.set(codec, trie);
  for (const [low, high] of NEEDED) {
    for (let byte = low; byte <= high; byte++) {
      const message = () =>
        `this model's tokenizer has no token for the byte 0x${byte.toString(16)}, so its replies cannot be held to a form`;
      check(trie.hasByte(byte), "request_invalid", message, shape.format ? "response_format" : "tools");
    }
  }
  return new TokenConstraint(grammar, root, codec, trie, eosIds);
}

/** Failure `request_invalid`, with the field by `paths`, when the shape asks for what cannot be held to. Needs no model. */
export function checkShape(shape: ReplyShape, paths?: ShapePaths): void {
  replyGrammar(new Grammar(), shape, paths);
}
