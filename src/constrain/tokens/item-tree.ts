/** ItemTree: a tree of byte strings that knows which items end at each node. */
import type { ByteStrings } from "./byte-strings.ts";
import { ByteTree } from "./byte-tree.ts";

export class ItemTree {
  readonly tree: ByteTree;
  /** By node: where its items begin among `#items`. */
  readonly #starts: Uint32Array;
  readonly #items: Uint32Array;

  /** Items are the numbers of the strings. */
  constructor(strings: ByteStrings) {
    const sorted = strings.sorted();
    const nodes = new Uint32Array(sorted.length);
    this.tree = new ByteTree(strings, sorted, nodes);
    this.#starts = new Uint32Array(this.tree.size + 1);
    for (const node of nodes) this.#starts[node + 1]!++;
    for (let node = 0; node < this.tree.size; node++) this.#starts[node + 1]! += this.#starts[node]!;
    this.#items = sorted;
  }

  /** Calls with every item whose string ends at the node. */
  itemsAt(node: number, call: (item: number) => void): void {
    for (let i = this.#starts[node]!; i < this.#starts[node + 1]!; i++) call(this.#items[i]!);
  }
}
