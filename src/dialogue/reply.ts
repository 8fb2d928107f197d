/**
 * reply: runs one turn on a sequence and yields text as it becomes complete.
 *
 * Prefills the turn's own ids in slices, then decodes until end of turn, a stop string, the end of what its form allows
 * or the token limit, and lets others take their turn between tokens. The caller owns the sequence, commits state and
 * log, and may stop between any two events.
 */

import type { Sequence } from "../backends/backend.ts";
import type { Loaded } from "../backends/load-model.ts";
import type { Constraint } from "../constrain/constraint.ts";
import { check } from "../core/failure.ts";
import { inSlices } from "../core/work.ts";
import type { Sampler } from "../sampling/sampler.ts";
import type { Sampling } from "../sampling/sampling.ts";
import type { TextCodec } from "../tokenizer/text-codec.ts";
import { Decoder } from "./decoder.ts";
import { ReplyText } from "./reply-text.ts";
import { roundRobin, yieldToEvents } from "./round-robin.ts";
import type { EndReason, TextEnds } from "./text-ends.ts";

export { yieldToEvents } from "./round-robin.ts";

export interface ReplyOptions extends TextEnds {
  sampling: Sampling;
  maxTokens: number;
  /** Number of alternatives to report per token; undefined for none. */
  topLogprobs?: number;
  /** Holds the reply to a form; it has accepted what the reply holds so far. */
  constraint?: Constraint;
  /** Ids of the feed that are the template's prelude and are read by themselves (prelude.ts). */
  prelude?: number;
}

export type ReplyEvent =
  | { type: "prefill"; done: number; total: number }
  /** `id` is part of the log from now on; `text` is what became complete with it. */
  | { type: "token"; id: number; text: string; logprobs?: TokenLogprob }
  /** `text` is what was still held back. The last sampled id was not fed: it is the conversation's pending id. */
  | { type: "end"; reason: EndReason; text: string };

/** A prompt may have millions of them. */
type Ids = readonly number[] | Uint32Array;

export interface TokenLogprob {
  id: number;
  logprob: number;
  top: { id: number; logprob: number }[];
}

/** How far an earlier run of the same reply had come; the sequence and the sampler stand there. */
export interface Resumed {
  /** Ids of the feed that the sequence holds. */
  fed: number;
  /** Ids of the reply; all but the last were fed. Their constraint has not seen them yet. */
  reply: readonly number[];
  /** What the last id of the feed gave, where all of it was fed. */
  logits?: Float32Array;
}

export async function* reply(
  served: Loaded & { codec: TextCodec },
  sequence: Sequence,
  sampler: Sampler,
  feed: Ids,
  options: ReplyOptions,
  { fed, reply: known, logits: given }: Resumed = { fed: 0, reply: [] },
): AsyncGenerator<ReplyEvent, void, void> {
  check(feed.length > 0, "bug", () => "a turn feeds at least one id");
  const { constraint, maxTokens, topLogprobs, prelude } = options;
  const text = new ReplyText(served, options);
  for (const id of known) {
    text.push(id);
    constraint?.accept(id);
  }
  const reason = (n: number): EndReason | undefined => {
    if (text.ended || (n > 0 && constraint?.done)) return "stop";
    return n >= maxTokens ? "length" : undefined;
  };
  let ended = reason(known.length);
  const order = roundRobin(served.backend);
  let logits: Float32Array = given ?? new Float32Array(0);
  if (known.length > 0 && !ended) logits = await order.forward(sequence, Uint32Array.of(known.at(-1)!), "last");
  for await (const read of known.length > 0 ? [] : prefill(served, sequence, sampler, feed, { fed, prelude })) {
    logits = read.logits;
    yield { type: "prefill", done: read.done, total: feed.length };
  }
  if (known.length === 0) sampler.begin();
  // What was given is read by other replies too; the rest is this one's own.
  const own = logits === given ? undefined : logits;
  const decoder = new Decoder(served.backend, sequence, sampler.state().recent, own);
  for (let n = known.length + 1; !ended; n++) {
    if (constraint) await inSlices(constraint.prepare(), yieldToEvents);
    const { id } = sampler.choose(logits, options.sampling, constraint?.mask());
    const logprobs = topLogprobs === undefined ? {} : { logprobs: alternatives(sampler, logits, id, topLogprobs) };
    sampler.accept(id);
    constraint?.accept(id);
    yield { type: "token", id, text: text.push(id), ...logprobs };
    ended = reason(n);
    if (ended) break;
    logits = await decoder.next(id, maxTokens - n);
  }
  order.leave(sequence);
  yield { type: "end", reason: ended!, text: text.rest() };
}

/**
 * Reads a prompt slice by slice, the first `fed` ids of which the sequence holds and the first `prelude` of which are
 * read by themselves. The last step has the logits (V) that follow the prompt.
 */
export async function* prefill(
  { backend }: Pick<Loaded, "backend">,
  sequence: Sequence,
  sampler: Sampler,
  feed: Ids,
  { fed = 0, prelude = 0 }: { fed?: number; prelude?: number | undefined } = {},
): AsyncGenerator<{ done: number; logits: Float32Array }, void, void> {
  const order = roundRobin(backend);
  for (const { slice, done, last } of slices(feed, backend.sliceTokens, fed, prelude)) {
    const logits = await order.forward(sequence, slice, last ? "last" : "none", { left: feed.length - done });
    for (const id of slice) sampler.accept(id);
    yield { done, logits };
  }
}

/**
 * The ids from `from` on in slices of at most `size`, cut at the same places whatever was computed before: after
 * `prelude` ids, and from there on after every `size`.
 */
export function* slices(
  ids: Ids,
  size: number,
  from = 0,
  prelude = 0,
): Generator<{ slice: Uint32Array; done: number; last: boolean }> {
  for (let at = from; at < ids.length; ) {
    const [origin, end] = at < prelude ? [0, prelude] : [prelude, ids.length];
    const done = Math.min(origin + (Math.floor((at - origin) / size) + 1) * size, end);
    yield { slice: Uint32Array.from(ids.slice(at, done)), done, last: done === ids.length };
    at = done;
  }
}

function alternatives(sampler: Sampler, logits: Float32Array, id: number, n: number): TokenLogprob {
  const { logprob, top } = sampler.logprobs(logits, id, n);
  return { id, logprob, top };
}
