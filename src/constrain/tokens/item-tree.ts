/** ItemTree: a tree of byte strings that knows which items end at each node. */
import { ByteTree, compare } from "./byte-tree.ts";

export class ItemTree {
  readonly tree: ByteTree;
  /** By node: where its items begin among `#items`. */
  readonly #starts: Uint32Array;
  readonly #items: Uint32Array;

  /** Items are numbers, given with their strings in any order. */
  constructor(entries: readonly { item: number; string: Uint8Array }[]) {
    const sorted = entries.toSorted((a, b) => compare(a.string, b.string));
    const nodes = new Uint32Array(sorted.length);
    const length = sorted.reduce((sum, { string }) => sum + string.length, 0);
    this.tree = new ByteTree(
      sorted.length,
      (i) => sorted[i]!.string,
      length,
      (i, node) => {
        nodes[i] = node;
      },
    );
    this.#starts = new Uint32Array(this.tree.size + 1);
    for (const node of nodes) this.#starts[node + 1]!++;
    for (let node = 0; node < this.tree.size; node++) this.#starts[node + 1]! += this.#starts[node]!;
    this.#items = Uint32Array.from(sorted, ({ item }) => item);
  }

  /** Calls with every item whose string ends at the node. */
  itemsAt(node: number, call: (item: number) => void): void {
    for (let i = this.#starts[node]!; i < this.#starts[node + 1]!; i++) call(this.#items[i]!);
  }
}
