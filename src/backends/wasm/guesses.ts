/**
 * Guesses: what an engine remembers to take back tokens that were fed on a guess. One guess is open at a
 * time; a new one settles the last.
 *
 * The fixed state cannot be undone from what came after, so it is copied before; of caches only the slots that the
 * guess overwrites. The copy lies in the engine's memory, where a conversation that is not there leaves room for it,
 * and only while the guess is open; no guess is open while a state is loaded or saved.
 */
import type { Heap } from "./heap.ts";

/** The conversation whose tokens are a guess. */
interface Guesser {
  settle(): void;
}

interface Guess {
  sequence: Guesser;
  /** Tokens before it; its first id is certain. */
  S: number;
  ids: Uint32Array;
  /** Where the fixed state lies as it was, and its bytes. */
  fixed: { at: number; bytes: number };
  /** Per id the slots as they were. */
  before: Uint8Array[][];
}

export class Guesses {
  readonly #heap: Heap;
  readonly #memory: WebAssembly.Memory;
  /** Bound of the whole memory with such a copy. */
  maxBytes = Number.POSITIVE_INFINITY;
  #open: Guess | undefined;

  constructor(heap: Heap, memory: WebAssembly.Memory) {
    this.#heap = heap;
    this.#memory = memory;
  }

  get open(): Guess | undefined {
    return this.#open;
  }

  /** A copy of so many bytes from `at` on. Fails with `memory_exceeded`. */
  copy(at: number, bytes: number): Guess["fixed"] {
    const copy = this.#heap.take(bytes, this.maxBytes);
    new Uint8Array(this.#memory.buffer).copyWithin(copy, at, at + bytes);
    return { at: copy, bytes };
  }

  begin(guess: Guess): void {
    this.#open = guess;
  }

  settle(): void {
    this.#open?.sequence.settle();
  }

  putBack(to: number): void {
    const { at, bytes } = this.#open!.fixed;
    new Uint8Array(this.#memory.buffer).copyWithin(to, at, at + bytes);
  }

  /** Nothing can be taken back any more. */
  close(): void {
    if (this.#open) this.#heap.give(this.#open.fixed.at, this.#open.fixed.bytes);
    this.#open = undefined;
  }

  forget(sequence: Guesser): void {
    if (this.#open?.sequence === sequence) this.close();
  }
}
