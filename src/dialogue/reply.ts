/**
 * reply: runs one turn on a sequence and yields text as it becomes complete.
 *
 * Prefills the turn's own ids in slices, then decodes until end of turn, a stop string, the end of what its form allows or the token
 * limit, and yields to the event loop between tokens. The caller owns the sequence, commits state and log, and may stop between any two events.
 */

import type { Sequence } from "../backends/backend.ts";
import type { Loaded } from "../backends/load-model.ts";
import type { Constraint } from "../constrain/constraint.ts";
import { check } from "../core/failure.ts";
import type { Sampler } from "../engine/sampler.ts";
import type { Sampling } from "../engine/sampling.ts";
import { StopMatcher } from "../tokenizer/stop-matcher.ts";
import type { TextCodec } from "../tokenizer/text-codec.ts";

export interface ReplyOptions {
  sampling: Sampling;
  maxTokens: number;
  stop: readonly string[];
  /** Number of alternatives to report per token; undefined for none. */
  topLogprobs?: number;
  /** Go on after the model's end-of-turn token. */
  ignoreEos?: boolean;
  /** Holds the reply to a form; it has accepted what the reply holds so far. */
  constraint?: Constraint;
}

export type ReplyEvent =
  | { type: "prefill"; done: number; total: number }
  /** `id` is part of the log from now on; `text` is what became complete with it. */
  | { type: "token"; id: number; text: string; logprobs?: TokenLogprob }
  /** `text` is what was still held back. The last sampled id was not fed: it is the conversation's pending id. */
  | { type: "end"; reason: "stop" | "length"; text: string };

export interface TokenLogprob {
  id: number;
  logprob: number;
  top: { id: number; logprob: number }[];
}

/** Lets other events of the isolate in: cancel, status, other conversations. */
export const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export async function* reply(
  served: Loaded & { codec: TextCodec },
  sequence: Sequence,
  sampler: Sampler,
  feed: readonly number[],
  options: ReplyOptions,
): AsyncGenerator<ReplyEvent, void, void> {
  check(feed.length > 0, "bug", () => "a turn feeds at least one id");
  let logits: Float32Array = new Float32Array(0);
  for (const { slice, done, last } of slices(feed, served.backend.sliceTokens)) {
    logits = await sequence.forward(slice, last ? "last" : "none");
    for (const id of slice) sampler.accept(id);
    yield { type: "prefill", done, total: feed.length };
    await yieldToEvents();
  }
  sampler.begin();
  const eos = new Set(options.ignoreEos ? [] : served.manifest.generation.eos);
  const text = served.codec.detokenizer();
  const stop = new StopMatcher(options.stop);
  const { constraint } = options;
  for (let n = 1; ; n++) {
    const { id } = sampler.choose(logits, options.sampling, constraint?.mask());
    const logprobs =
      options.topLogprobs === undefined ? {} : { logprobs: alternatives(sampler, logits, id, options.topLogprobs) };
    sampler.accept(id);
    constraint?.accept(id);
    const ended = eos.has(id);
    const shown = ended ? "" : stop.push(text.push(id));
    yield { type: "token", id, text: shown, ...logprobs };
    if (ended || stop.stopped || constraint?.done)
      return yield { type: "end", reason: "stop", text: stop.stopped ? "" : stop.push(text.flush()) + stop.flush() };
    if (n >= options.maxTokens)
      return yield { type: "end", reason: "length", text: stop.push(text.flush()) + stop.flush() };
    await yieldToEvents();
    logits = await sequence.forward(Uint32Array.of(id), "last");
  }
}

/** The turn's ids in slices of at most `size`, cut at the same places whatever was computed before. */
export function* slices(
  ids: readonly number[],
  size: number,
): Generator<{ slice: Uint32Array; done: number; last: boolean }> {
  for (let at = 0; at < ids.length; at += size) {
    const done = Math.min(at + size, ids.length);
    yield { slice: Uint32Array.from(ids.slice(at, done)), done, last: done === ids.length };
  }
}

function alternatives(sampler: Sampler, logits: Float32Array, id: number, n: number): TokenLogprob {
  const { logprob, top } = sampler.logprobs(logits, id, n);
  return { id, logprob, top };
}
