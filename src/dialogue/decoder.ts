/**
 * Decoder: the logits after each token of a reply, several from one pass where the reply repeats what stands before.
 *
 * What comes out is bit by bit what one pass per token gives: a guess saves time or costs
 * some, and changes nothing else.
 */
import type { Backend, Sequence } from "../backends/backend.ts";
import { PromptLookup } from "./prompt-lookup.ts";
import { roundRobin, yieldToEvents } from "./round-robin.ts";

export class Decoder {
  readonly #backend: Backend;
  readonly #sequence: Sequence;
  readonly #lookup: PromptLookup;
  /** What was fed on a guess, how much of it came true, and the logits (1 + guess, V). */
  #guess: readonly number[] = [];
  #right = 0;
  #logits: Float32Array;

  /** `recent`: ids before the first call of `next`, oldest first. `logits`: those before it, which hold until then. */
  constructor(
    backend: Backend,
    sequence: Sequence,
    recent: readonly number[],
    logits: Float32Array = new Float32Array(0),
  ) {
    this.#backend = backend;
    this.#sequence = sequence;
    this.#logits = logits;
    this.#lookup = new PromptLookup(recent);
  }

  /**
   * Feeds `id`, after which at most `left` tokens will be chosen; their first from the logits given here,
   * which hold until the next call.
   */
  async next(id: number, left: number): Promise<Float32Array> {
    this.#lookup.push(id);
    if (id === this.#guess[this.#right] && this.#sequence.accept!()) {
      this.#right++;
      await yieldToEvents(); // as before a pass
      return this.#row();
    }
    if (this.#guess.length > 0) this.#lookup.learn(this.#right);
    const guess = this.#sequence.guess ? this.#lookup.guess(left - 1) : [];
    this.#backend.recycle?.(this.#logits);
    this.#logits = new Float32Array(0);
    this.#logits = await roundRobin(this.#backend).forward(this.#sequence, Uint32Array.of(id), "last", { guess });
    this.#guess = this.#logits.length > this.#backend.vocab ? guess : [];
    this.#right = 0;
    return this.#row();
  }

  #row(): Float32Array {
    const V = this.#backend.vocab;
    return this.#logits.subarray(this.#right * V, (this.#right + 1) * V);
  }
}
