/**
 * Guesses: what an engine remembers to take back tokens that were fed on a guess. One guess is open at a time; a new one settles the last.
 *
 * The fixed state cannot be undone from what came after, so it is copied before; of caches only the slots that the guess overwrites.
 */

/** The conversation whose tokens are a guess. */
interface Guesser {
  settle(): void;
}

export interface Guess {
  sequence: Guesser;
  /** Tokens before it; its first id is certain. */
  S: number;
  ids: Uint32Array;
  /** Per id the slots as they were. */
  before: Uint8Array[][];
}

export class Guesses {
  open: Guess | undefined;
  #fixed = new Uint8Array(0);

  settle(): void {
    this.open?.sequence.settle();
  }

  forget(sequence: Guesser): void {
    if (this.open?.sequence === sequence) this.open = undefined;
  }

  note(fixed: Uint8Array): void {
    if (this.#fixed.length !== fixed.length) this.#fixed = new Uint8Array(fixed.length);
    this.#fixed.set(fixed);
  }

  putBack(fixed: Uint8Array): void {
    fixed.set(this.#fixed);
  }
}
