/** MergeTable: rank of a pair of ids, in typed arrays (a Map with a key per pair would cost about ten times as much). */
export class MergeTable {
  /** By rank: the pair, and the id it becomes. */
  readonly #left: Uint32Array;
  readonly #right: Uint32Array;
  readonly #result: Uint32Array;
  /** Open addressing, rank + 1 or 0. */
  readonly #slots: Uint32Array;

  /** In order of rank. A pair that comes twice has its last rank, as in Hugging Face's library. */
  constructor(merges: readonly { left: number; right: number; result: number }[]) {
    this.#left = Uint32Array.from(merges, (merge) => merge.left);
    this.#right = Uint32Array.from(merges, (merge) => merge.right);
    this.#result = Uint32Array.from(merges, (merge) => merge.result);
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(merges.length * 1.3 + 2)));
    for (let rank = 0; rank < merges.length; rank++)
      this.#slots[this.#slot(this.#left[rank]!, this.#right[rank]!)] = rank + 1;
  }

  /** -1 when the pair does not merge. */
  rank(left: number, right: number): number {
    return this.#slots[this.#slot(left, right)]! - 1;
  }

  result(rank: number): number {
    return this.#result[rank]!;
  }

  /** The pair's slot, or the free one where it belongs. */
  #slot(left: number, right: number): number {
    const mask = this.#slots.length - 1;
    let h = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
    for (let slot = (h ^ (h >>> 13)) & mask; ; slot = (slot + 1) & mask) {
      const rank = this.#slots[slot]! - 1;
      if (rank < 0 || (this.#left[rank] === left && this.#right[rank] === right)) return slot;
    }
  }
}
