/**
 * ByteTree: many byte strings as a tree, in which what several begin with is there once.
 *
 * Nodes stand in preorder in typed arrays, so a subtree is a range of nodes. Source: llguidance's toktrie, for the layout.
 */
export class ByteTree {
  /** By node: its byte. */
  readonly bytes: Uint8Array;
  /** By node: the first node behind its subtree. */
  readonly ends: Uint32Array;

  /**
   * `of(i)` gives the strings in order, none of them empty; `length` is that of all together. `onEnd` is told the node where each ends:
   * never a smaller one than before, and the same for equal strings.
   */
  constructor(count: number, of: (i: number) => Uint8Array, length: number, onEnd: (i: number, node: number) => void) {
    const bytes = new Uint8Array(length);
    const ends = new Uint32Array(length);
    let nodes = 0;
    const open: number[] = [];
    const close = (depth: number) => {
      while (open.length > depth) ends[open.pop()!] = nodes;
    };
    let previous: Uint8Array = new Uint8Array(0);
    for (let i = 0; i < count; i++) {
      const string = of(i);
      let shared = 0;
      while (shared < string.length && shared < previous.length && string[shared] === previous[shared]) shared++;
      if (shared < string.length) {
        close(shared);
        for (const byte of string.subarray(shared)) {
          open.push(nodes);
          bytes[nodes++] = byte;
        }
      }
      onEnd(i, open.at(-1)!);
      previous = string;
    }
    close(0);
    this.bytes = bytes.slice(0, nodes);
    this.ends = ends.slice(0, nodes);
  }

  get size(): number {
    return this.bytes.length;
  }
}

/** The order in which strings stand in a tree. */
export function compare(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at === a.length || at === b.length ? a.length - b.length : a[at]! - b[at]!;
}
