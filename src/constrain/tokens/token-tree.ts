/** TokenTree: tokens as a tree of their bytes, which knows the tokens that end at each node. */
import { type Numbers, numbersBelow } from "../../core/numbers.ts";
import { type ByteStrings, ByteStringsMaker } from "./byte-strings.ts";
import { ByteTree } from "./byte-tree.ts";

const NO_TOKENS: readonly number[] = [];

export class TokenTree {
  readonly tree: ByteTree;
  /** By node: the token that ends here, or `none`. */
  readonly ids: Numbers;
  readonly none: number;
  /** Further tokens of the same bytes as the first. */
  readonly #twins = new Map<number, number[]>();

  /** `ids`: of the tokens that the strings are of; absent: their numbers. Tokens without bytes are not in the tree. */
  constructor(strings: ByteStrings, ids?: readonly number[]) {
    const sorted = strings.sorted();
    const nodes = new Uint32Array(sorted.length);
    this.tree = new ByteTree(strings, sorted, nodes);
    this.none = ids ? ids.reduce((most, id) => Math.max(most, id), -1) + 1 : strings.count;
    this.ids = numbersBelow(this.none + 1, this.tree.size).fill(this.none);
    for (let i = 0; i < nodes.length; i++) {
      const node = nodes[i]!;
      const id = ids ? ids[sorted[i]!]! : sorted[i]!;
      const first = this.ids[node]!;
      if (first === this.none) this.ids[node] = id;
      else this.#twins.set(first, [...(this.#twins.get(first) ?? []), id]);
    }
  }

  get memoryBytes(): number {
    return this.tree.bytes.byteLength + this.tree.ends.byteLength + this.ids.byteLength;
  }

  get hasTwins(): boolean {
    return this.#twins.size > 0;
  }

  twinsOf(id: number): readonly number[] {
    return this.#twins.get(id) ?? NO_TOKENS;
  }

  /** Sets the bits of the tokens that end at a node: bit id % 32 of word id >> 5. */
  mark(mask: Uint32Array, node: number): void {
    const id = this.ids[node]!;
    if (id === this.none) return;
    mask[id >> 5]! |= 1 << (id & 31);
    if (this.#twins.size > 0) this.markTwins(mask, id);
  }

  markTwins(mask: Uint32Array, id: number): void {
    for (const twin of this.twinsOf(id)) mask[twin >> 5]! |= 1 << (twin & 31);
  }

  /** Those that are not in a mask. */
  without(mask: Uint32Array): TokenTree {
    const { bytes, ends, depth: levels } = this.tree;
    const outside: number[] = [];
    const strings = new ByteStringsMaker();
    const path = new Uint8Array(levels);
    const until = new Uint32Array(levels + 1);
    until[0] = bytes.length;
    let depth = 0;
    for (let node = 0; node < bytes.length; node++) {
      while (node >= until[depth]!) depth--;
      path[depth++] = bytes[node]!;
      until[depth] = ends[node]!;
      const id = this.ids[node]!;
      if (id === this.none || ((mask[id >> 5]! >>> (id & 31)) & 1) === 1) continue;
      for (const item of [id, ...this.twinsOf(id)]) {
        outside.push(item);
        strings.add(path, 0, depth);
      }
    }
    return new TokenTree(strings.made(), outside);
  }
}
