/** ByteStrings: many byte strings in one block; an array for each would take many times as much. */

/** Fewer strings than this are sorted one by one. */
const FEW = 24;
/** Byte values, and before them the end of a string. */
const KINDS = 257;

export class ByteStrings {
  readonly bytes: Uint8Array;
  /** (count + 1) String i is `bytes[starts[i] … starts[i + 1]]`. */
  readonly starts: Uint32Array;

  constructor(bytes: Uint8Array, starts: Uint32Array) {
    this.bytes = bytes;
    this.starts = starts;
  }

  get count(): number {
    return this.starts.length - 1;
  }

  /**
   * Numbers of all strings but the empty ones in the order of their bytes; of equal ones in their own order.
   * Strings are dealt out by their first byte, then those of one pile by the second, and so on: no byte is
   * looked at more than a few times.
   */
  sorted(): Uint32Array {
    const { bytes, starts } = this;
    const order = new Uint32Array(this.count);
    const dealt = new Uint32Array(this.count);
    const piles = new Uint32Array(KINDS);
    let length = 0;
    for (let i = 0; i < this.count; i++) if (starts[i + 1]! > starts[i]!) order[length++] = i;
    // Piles still to be sorted: where they begin and end in `order`, and how many bytes their strings have in common.
    const open = [0, length, 0];
    while (open.length > 0) {
      const depth = open.pop()!;
      const to = open.pop()!;
      const from = open.pop()!;
      if (to - from <= FEW) {
        this.#sortFew(order, from, to, depth);
        continue;
      }
      piles.fill(0);
      for (let i = from; i < to; i++) {
        const at = starts[order[i]!]! + depth;
        piles[at < starts[order[i]! + 1]! ? bytes[at]! + 1 : 0]!++;
      }
      let end = from;
      for (let kind = 0; kind < KINDS; kind++) {
        const size = piles[kind]!;
        piles[kind] = end;
        end += size;
        // Strings that have ended are equal.
        if (kind > 0 && size > 1) open.push(end - size, end, depth + 1);
      }
      for (let i = from; i < to; i++) {
        const at = starts[order[i]!]! + depth;
        const kind = at < starts[order[i]! + 1]! ? bytes[at]! + 1 : 0;
        dealt[piles[kind]!++] = order[i]!;
      }
      order.set(dealt.subarray(from, to), from);
    }
    return order.subarray(0, length);
  }

  #sortFew(order: Uint32Array, from: number, to: number, depth: number): void {
    for (let i = from + 1; i < to; i++) {
      const moved = order[i]!;
      let at = i;
      while (at > from && this.#isBefore(moved, order[at - 1]!, depth)) {
        order[at] = order[at - 1]!;
        at--;
      }
      order[at] = moved;
    }
  }

  /** String a stands before string b; the first `depth` bytes are the same. */
  #isBefore(a: number, b: number, depth: number): boolean {
    const { bytes, starts } = this;
    let i = starts[a]! + depth;
    let j = starts[b]! + depth;
    const endOfA = starts[a + 1]!;
    const endOfB = starts[b + 1]!;
    while (i < endOfA && j < endOfB && bytes[i] === bytes[j]) {
      i++;
      j++;
    }
    if (i === endOfA || j === endOfB) return endOfA - starts[a]! < endOfB - starts[b]!;
    return bytes[i]! < bytes[j]!;
  }
}

/** Byte strings, put together one by one. */
export class ByteStringsMaker {
  #bytes = new Uint8Array(4096);
  #length = 0;
  readonly #starts = [0];

  /** Adds `bytes[from … to]`. */
  add(bytes: Uint8Array, from: number, to: number): void {
    const end = this.#length + to - from;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    for (let i = from; i < to; i++) this.#bytes[this.#length++] = bytes[i]!;
    this.#starts.push(end);
  }

  made(): ByteStrings {
    return new ByteStrings(this.#bytes.slice(0, this.#length), Uint32Array.from(this.#starts));
  }
}
