/**
 * ByteTree: many byte strings as a tree, in which what several begin with is there once.
 *
 * Nodes stand in preorder in typed arrays, so a subtree is a range of nodes. Source:
 * llguidance's toktrie, for the layout.
 */
import type { ByteStrings } from "./byte-strings.ts";

export class ByteTree {
  /** By node: its byte. */
  readonly bytes: Uint8Array;
  /** By node: the first node behind its subtree. */
  readonly ends: Uint32Array;
  /** Bytes of the longest string. */
  readonly depth: number;

  /**
   * `order`: numbers of the strings as `sorted` gives them. `nodes[i]` becomes the node where string
   * `order[i]` ends, which never falls.
   */
  constructor({ bytes: block, starts }: ByteStrings, order: Uint32Array, nodes: Uint32Array) {
    const bytes = new Uint8Array(block.length);
    const ends = new Uint32Array(block.length);
    let count = 0;
    let longest = 0;
    for (const string of order) longest = Math.max(longest, starts[string + 1]! - starts[string]!);
    // By depth: the open node there. `length` of them are open.
    const open = new Uint32Array(longest);
    let length = 0;
    let before = 0;
    for (let i = 0; i < order.length; i++) {
      const start = starts[order[i]!]!;
      const size = starts[order[i]! + 1]! - start;
      let shared = 0;
      while (shared < size && shared < length && block[start + shared] === block[before + shared]) shared++;
      // What is sorted never goes back to a beginning of the string before.
      if (shared < size) {
        while (length > shared) ends[open[--length]!] = count;
        while (length < size) {
          open[length] = count;
          bytes[count++] = block[start + length++]!;
        }
      }
      nodes[i] = open[length - 1]!;
      before = start;
    }
    while (length > 0) ends[open[--length]!] = count;
    this.bytes = bytes.slice(0, count);
    this.ends = ends.slice(0, count);
    this.depth = longest;
  }

  get size(): number {
    return this.bytes.length;
  }
}
