/**
 * Budget: the work that preparing one request's schemas may cost, counted in steps and never in time.
 *
 * A step is about a derivative of a small expression, a cell of a table, or a comparison of two values. Whoever loops over what a caller
 * wrote spends steps first, so that the largest request costs the same on every machine.
 */

/** About a fifth of a second on one core of a small server; see docs/structured-output.md. */
export const STEPS = 2_000_000;

/** The budget is spent. Whoever knows the place turns it into a Failure. */
export class TooComplex extends Error {}

export class Budget {
  readonly #most: number;
  #spent = 0;

  constructor(most = STEPS) {
    this.#most = most;
  }

  get spent(): number {
    return this.#spent;
  }

  /** Throws TooComplex when no more is left. */
  spend(steps: number): void {
    this.#spent += steps;
    if (this.#spent > this.#most) throw new TooComplex("takes too long to prepare");
  }
}
