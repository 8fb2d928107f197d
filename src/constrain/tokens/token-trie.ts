/**
 * TokenTrie: the vocabulary as a tree of bytes, in which one walk finds every token that a grammar allows.
 *
 * Nodes stand in preorder in typed arrays: byte, end of the subtree, token. Tokens that show nothing (specials) are not in it.
 * Source: llguidance's toktrie, for the layout.
 */

import type { Work } from "../../core/work.ts";
import type { TextCodec } from "../../tokenizer/text-codec.ts";
import type { Expr, Grammar } from "../language/expr.ts";

/** Ids fit below it, and with 32 bits before it into a double. */
const ID_SPACE = 2 ** 21;

export class TokenTrie {
  readonly vocab: number;
  readonly #bytes: Uint8Array;
  readonly #ends: Uint32Array;
  /** Token that ends here, or -1. */
  readonly #ids: Int32Array;
  /** Further tokens of the same bytes as the first. */
  readonly #twins = new Map<number, number[]>();

  constructor(codec: TextCodec) {
    this.vocab = codec.vocab;
    const tokens = new TokenBlock(codec);
    const bytes = new Uint8Array(tokens.length);
    const ends = new Uint32Array(tokens.length);
    const ids = new Int32Array(tokens.length).fill(-1);
    let nodes = 0;
    const open: number[] = [];
    const close = (depth: number) => {
      while (open.length > depth) ends[open.pop()!] = nodes;
    };
    let previous: Uint8Array = new Uint8Array(0);
    for (const id of tokens.sorted()) {
      const token = tokens.of(id);
      let shared = 0;
      while (shared < token.length && shared < previous.length && token[shared] === previous[shared]) shared++;
      if (shared === token.length) {
        const first = ids[open[shared - 1]!]!;
        this.#twins.set(first, [...(this.#twins.get(first) ?? []), id]);
        continue;
      }
      close(shared);
      for (const byte of token.subarray(shared)) {
        open.push(nodes);
        bytes[nodes++] = byte;
      }
      ids[nodes - 1] = id;
      previous = token;
    }
    close(0);
    this.#bytes = bytes.slice(0, nodes);
    this.#ends = ends.slice(0, nodes);
    this.#ids = ids.slice(0, nodes);
  }

  get memoryBytes(): number {
    return this.#bytes.byteLength + this.#ends.byteLength + this.#ids.byteLength;
  }

  /** Some token is this byte and nothing else. */
  hasByte(byte: number): boolean {
    for (let node = 0; node < this.#bytes.length; node = this.#ends[node]!) {
      if (this.#bytes[node] === byte) return this.#ids[node]! >= 0;
    }
    return false;
  }

  /** Bit id % 32 of word id >> 5: every byte of the token may follow. Throws TooComplex when the grammar's budget of a mask is spent. */
  *allowed(grammar: Grammar, from: Expr): Work<Uint32Array<ArrayBuffer>> {
    grammar.beginReading();
    const mask = new Uint32Array((this.vocab + 31) >> 5);
    const exprs: Expr[] = [from];
    const ends: number[] = [this.#bytes.length];
    for (let node = 0; node < this.#bytes.length; ) {
      while (node >= ends.at(-1)!) {
        ends.pop();
        exprs.pop();
      }
      grammar.budget.spend(1);
      if (grammar.budget.isOver) yield* grammar.budget.pause();
      const next = grammar.after(exprs.at(-1)!, this.#bytes[node]!);
      if (next.kind === "never") {
        node = this.#ends[node]!;
        continue;
      }
      const id = this.#ids[node]!;
      if (id >= 0) {
        mask[id >> 5]! |= 1 << (id & 31);
        for (const twin of this.#twins.get(id) ?? []) mask[twin >> 5]! |= 1 << (twin & 31);
      }
      exprs.push(next);
      ends.push(this.#ends[node]!);
      node++;
    }
    return mask;
  }
}

/** Bytes of all tokens in one block: an array for each would take many times as much. */
class TokenBlock {
  readonly #starts: Uint32Array;
  #bytes: Uint8Array;

  constructor(codec: TextCodec) {
    this.#starts = new Uint32Array(codec.vocab + 1);
    this.#bytes = new Uint8Array(8 * codec.vocab);
    for (let id = 0; id < codec.vocab; id++) {
      const token = codec.tokenBytes(id);
      const start = this.#starts[id]!;
      const end = start + token.length;
      if (end > this.#bytes.length) {
        const larger = new Uint8Array(2 * end);
        larger.set(this.#bytes);
        this.#bytes = larger;
      }
      this.#bytes.set(token, start);
      this.#starts[id + 1] = end;
    }
  }

  get length(): number {
    return this.#starts.at(-1)!;
  }

  of(id: number): Uint8Array {
    return this.#bytes.subarray(this.#starts[id], this.#starts[id + 1]);
  }

  /** Ids of tokens with bytes, by their bytes. */
  sorted(): Uint32Array {
    // Numbers sort much faster than bytes: four bytes and the id in one, and only equal beginnings are compared byte by byte.
    const keys = Float64Array.from({ length: this.#starts.length - 1 }, (_, id) => {
      const [a = 0, b = 0, c = 0, d = 0] = this.of(id).subarray(0, 4);
      return (((a * 256 + b) * 256 + c) * 256 + d) * ID_SPACE + id;
    }).sort();
    const ids = Uint32Array.from(keys, (key) => key % ID_SPACE);
    const beginning = (at: number) => Math.floor(keys[at]! / ID_SPACE);
    for (let from = 0, to = 1; from < ids.length; from = to++) {
      while (to < ids.length && beginning(to) === beginning(from)) to++;
      if (to - from > 1) ids.subarray(from, to).sort((a, b) => compare(this.of(a), this.of(b)) || a - b);
    }
    return ids.filter((id) => this.of(id).length > 0);
  }
}

function compare(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at === a.length || at === b.length ? a.length - b.length : a[at]! - b[at]!;
}
