/**
 * reply: runs one turn on a sequence and yields text as it becomes complete.
 *
 * Prefills the turn's own ids in slices, then decodes until end of turn, a stop string or the token limit, and yields to the event loop
 * between tokens. The caller owns the sequence, commits state and log, and may stop between any two events.
 */
import type { Sampling } from "../engine/sampling.ts";

export interface ReplyOptions {
  sampling: Sampling;
  seed?: number;
  maxTokens: number;
  stop: readonly string[];
  /** Number of alternatives to report per token; undefined for none. */
  topLogprobs?: number;
}

export type ReplyEvent =
  | { type: "prefill"; done: number; total: number }
  | { type: "token"; id: number; text: string; logprobs?: TokenLogprob }
  | { type: "end"; reason: "stop" | "length"; text: string };

export interface TokenLogprob {
  id: number;
  logprob: number;
  top: { id: number; logprob: number }[];
}
