/**
 * Budget: the work that preparing one request's schemas may cost, counted in steps and never in time.
 *
 * A step is about a derivative of a small expression, a cell of a table, or a comparison of two values. Whoever loops
 * over what a caller wrote spends steps first, so that the largest request costs the same on every machine. Work that
 * lasts is cut into slices, between which other requests have their turn.
 */

import type { Work } from "../../core/work.ts";

/** A few hundred milliseconds on one core of a small server; see docs/structured-output.md. */
export const STEPS = 1_500_000;
/** About 10 ms. */
export const SLICE = 25_000;
/** What may be spent without a pause, where pieces of work cannot be cut further: less than 100 ms. */
export const WITHOUT_PAUSE = 150_000;

/** The budget is spent. Whoever knows the place turns it into a Failure. */
export class TooComplex extends Error {}

export class Budget {
  readonly #most: number;
  #spent = 0;
  /** What was spent when the slice began. */
  #since = 0;

  constructor(most = STEPS) {
    this.#most = most;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Throws TooComplex when no more is left. */
  spend(steps: number): void {
    this.#spent += steps;
    if (this.#spent > this.#most || this.#spent - this.#since > WITHOUT_PAUSE) {
      throw new TooComplex("takes too long to prepare");
    }
  }

  /** The slice is over. */
  get isOver(): boolean {
    return this.#spent - this.#since >= SLICE;
  }

  /** Pauses when the slice is over. */
  *pause(): Work<void> {
    if (!this.isOver) return;
    yield;
    this.#since = this.#spent;
  }
}
