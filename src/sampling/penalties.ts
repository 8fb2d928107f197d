/**
 * Penalties: logit bias and the three penalties, applied to a copy of the logits; and the counts they need.
 *
 * Order: bias, repetition, presence and frequency. Repetition looks at prompt and reply (divides positive logits,
 * multiplies negative ones, once per distinct id); presence and frequency look at the reply only (subtracted).
 * Source: CTRL, arXiv 1909.05858, for repetition; OpenAI's API reference for the other two.
 */
import { check } from "../core/failure.ts";
import { RECENT_TOKENS, type SamplerState, type Sampling } from "./sampling.ts";

export class SeenTokens {
  /** The last ids of prompt and reply: a ring, `#next` is the oldest when it is full. */
  readonly #ring = new Int32Array(RECENT_TOKENS);
  #length = 0;
  #next = 0;
  /** How often each id stands in the ring: what repeats is asked for at every token. */
  readonly #held = new Map<number, number>();
  readonly #reply = new Map<number, number>();

  constructor(vocab: number, saved?: Pick<SamplerState, "recent" | "reply">) {
    if (!saved) return;
    const isId = (id: unknown) => Number.isInteger(id) && (id as number) >= 0 && (id as number) < vocab;
    const recentFits = saved.recent.length <= RECENT_TOKENS && saved.recent.every(isId);
    check(recentFits, "state_unreadable", () => `recent: expected at most ${RECENT_TOKENS} ids below ${vocab}`);
    for (const id of saved.recent) this.#see(id);
    for (const [id, count] of saved.reply) {
      const fits = isId(id) && Number.isInteger(count) && count > 0 && !this.#reply.has(id);
      check(fits, "state_unreadable", () => `reply: expected distinct ids below ${vocab} with counts`);
      this.#reply.set(id, count);
    }
  }

  accept(id: number): void {
    this.#see(id);
    this.#reply.set(id, (this.#reply.get(id) ?? 0) + 1);
  }

  #see(id: number): void {
    if (this.#length === RECENT_TOKENS) this.#drop(this.#ring[this.#next]!);
    this.#held.set(id, (this.#held.get(id) ?? 0) + 1);
    this.#ring[this.#next] = id;
    this.#next = (this.#next + 1) % RECENT_TOKENS;
    if (this.#length < RECENT_TOKENS) this.#length++;
  }

  #drop(id: number): void {
    const left = this.#held.get(id)! - 1;
    if (left > 0) this.#held.set(id, left);
    else this.#held.delete(id);
  }

  /** Counts of the reply start again; what the repetition penalty sees stays. */
  beginReply(): void {
    this.#reply.clear();
  }

  /** In place. */
  penalise(logits: Float64Array, sampling: Sampling): void {
    const { logitBias, repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
    for (const [id, bias] of logitBias) if (id >= 0 && id < logits.length) logits[id]! += bias;
    if (repetitionPenalty !== 1) {
      for (const id of this.#held.keys()) {
        const logit = logits[id]!;
        logits[id] = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
      }
    }
    if (presencePenalty !== 0 || frequencyPenalty !== 0) {
      for (const [id, count] of this.#reply) logits[id]! -= presencePenalty + frequencyPenalty * count;
    }
  }

  /** Oldest first. */
  recent(): number[] {
    const [older, newer] = [this.#ring.subarray(this.#next, this.#length), this.#ring.subarray(0, this.#next)];
    return [...older, ...newer];
  }

  reply(): [number, number][] {
    return [...this.#reply];
  }
}
