/**
 * prelude: what a chat template writes before the first thing that anybody says: its own system text, and
 * how a message of the user begins.
 *
 * Every conversation without a system message begins with these ids, so the state after them can be computed once for
 * all. They are read by themselves, apart from what follows, whether that state is there or not: sums over the tokens
 * of a slice are rounded as the slice is cut, and where both ways cut at the same places every bit is the same.
 */
import type { PromptBuilder } from "../tokenizer/text-codec.ts";

/** Fewer save less than the pass of their own costs where their state is not kept. */
const LEAST_TOKENS = 16;
/** Questions that have no beginning in common. */
const QUESTIONS = ["a", "1", "?"];

/** No ids where the template writes next to nothing of its own. */
export function preludeOf(prompt: Pick<PromptBuilder, "start">): Uint32Array {
  const [one, ...others] = QUESTIONS.map((content) => prompt.start([{ role: "user", content }])) as [number[]];
  const differs = one.findIndex((id, n) => others.some((other) => other[n] !== id));
  return Uint32Array.from(differs < LEAST_TOKENS ? [] : one.slice(0, differs));
}

/** How many of a prompt's first ids are the prelude: all of it, or none. One id at least must follow. */
export const preludeTokens = (prelude: Uint32Array, ids: ArrayLike<number>): number =>
  ids.length > prelude.length && prelude.every((id, n) => ids[n] === id) ? prelude.length : 0;
