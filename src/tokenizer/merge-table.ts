import { type Numbers, numbersBelow } from "../core/numbers.ts";

/**
 * MergeTable: rank of a pair of ids, in typed arrays (a Map with a key per pair would cost about ten times as much).
 */
export class MergeTable {
  /** Three ids per rank: left, right, result. */
  readonly #merges: Numbers;
  /** Open addressing, rank + 1 or 0. */
  readonly #slots: Numbers;

  /**
   * Without the merges that make an id of `barred`. A pair that comes twice has its last
   * rank, as in Hugging Face's library.
   */
  constructor(merges: Uint32Array, barred: ReadonlySet<number>) {
    this.#merges = numbersBelow(merges.reduce((most, id) => Math.max(most, id), 0) + 1, merges.length);
    this.#merges.set(merges);
    const count = merges.length / 3;
    this.#slots = numbersBelow(count + 1, 2 ** Math.ceil(Math.log2(count * 1.3 + 2)));
    for (let rank = 0; 3 * rank < merges.length; rank++) {
      if (barred.has(this.result(rank))) continue;
      this.#slots[this.#slot(merges[3 * rank]!, merges[3 * rank + 1]!)] = rank + 1;
    }
  }

  /** -1 when the pair does not merge. */
  rank(left: number, right: number): number {
    return this.#slots[this.#slot(left, right)]! - 1;
  }

  result(rank: number): number {
    return this.#merges[3 * rank + 2]!;
  }

  /** The pair's slot, or the free one where it belongs. */
  #slot(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    let h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    for (let slot = (h ^ (h >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const rank = this.#slots[slot]! - 1;
      if (rank < 0 || (this.#merges[3 * rank] === left && this.#merges[3 * rank + 1] === right)) return slot;
    }
  }
}
