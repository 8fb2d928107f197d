/**
 * Guesses: what an engine remembers to take back tokens that were fed on a guess. One guess is open at a time; a new one settles the last.
 *
 * The fixed state cannot be undone from what came after, so it is copied before; of caches only the slots that the guess overwrites. The copy is as large
 * as a state, so it is there only while the guess is open, and no guess is open while a state is loaded or saved.
 */
import { freeBytes } from "../../core/free-bytes.ts";

/** The conversation whose tokens are a guess. */
interface Guesser {
  settle(): void;
}

interface Guess {
  sequence: Guesser;
  /** Tokens before it; its first id is certain. */
  S: number;
  ids: Uint32Array;
  /** The fixed state as it was. */
  fixed: Uint8Array<ArrayBuffer>;
  /** Per id the slots as they were. */
  before: Uint8Array[][];
}

export class Guesses {
  #open: Guess | undefined;

  get open(): Guess | undefined {
    return this.#open;
  }

  begin(guess: Guess): void {
    this.#open = guess;
  }

  settle(): void {
    this.#open?.sequence.settle();
  }

  putBack(fixed: Uint8Array): void {
    fixed.set(this.#open!.fixed);
  }

  /** Nothing can be taken back any more. */
  close(): void {
    if (this.#open) freeBytes(this.#open.fixed);
    this.#open = undefined;
  }

  forget(sequence: Guesser): void {
    if (this.#open?.sequence === sequence) this.close();
  }
}
