/**
 * TokenTrie: the vocabulary as a tree of bytes, in which one walk finds every token that a grammar allows.
 *
 * Nodes stand in preorder in typed arrays: byte, end of the subtree, token. Tokens that show nothing (specials) are not in it.
 * Source: llguidance's toktrie, for the layout.
 */
import type { TextCodec } from "../tokenizer/text-codec.ts";
import type { Expr, Grammar } from "./expr.ts";

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
    const { ids, bytesOf } = sorted(codec);
    const [bytes, ends, found]: [number[], number[], number[]] = [[], [], []];
    const open: number[] = [];
    let previous: Uint8Array = new Uint8Array(0);
    const close = (depth: number) => {
      while (open.length > depth) ends[open.pop()!] = bytes.length;
    };
    for (const id of ids) {
      const token = bytesOf(id);
      let shared = 0;
      while (shared < token.length && shared < previous.length && token[shared] === previous[shared]) shared++;
      if (shared === token.length) {
        const first = found[open[shared - 1]!]!;
        this.#twins.set(first, [...(this.#twins.get(first) ?? []), id]);
        continue;
      }
      close(shared);
      for (const byte of token.subarray(shared)) {
        open.push(bytes.length);
        bytes.push(byte);
        ends.push(0);
        found.push(-1);
      }
      found[open.at(-1)!] = id;
      previous = token;
    }
    close(0);
    this.#bytes = Uint8Array.from(bytes);
    this.#ends = Uint32Array.from(ends);
    this.#ids = Int32Array.from(found);
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

  /** Bit id % 32 of word id >> 5: every byte of the token may follow. */
  allowed(grammar: Grammar, from: Expr): Uint32Array<ArrayBuffer> {
    const mask = new Uint32Array((this.vocab + 31) >> 5);
    const exprs: Expr[] = [from];
    const ends: number[] = [this.#bytes.length];
    for (let node = 0; node < this.#bytes.length; ) {
      while (node >= ends.at(-1)!) {
        ends.pop();
        exprs.pop();
      }
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

/** Ids of tokens with bytes, by their bytes. */
function sorted(codec: TextCodec): { ids: number[]; bytesOf: (id: number) => Uint8Array } {
  const tokens = Array.from({ length: codec.vocab }, (_, id) => codec.tokenBytes(id));
  // Numbers sort much faster than bytes: four bytes and the id in one, and only equal beginnings are compared byte by byte.
  const keys = Float64Array.from(tokens, (token, id) => {
    const [a = 0, b = 0, c = 0, d = 0] = token;
    return (((a * 256 + b) * 256 + c) * 256 + d) * ID_SPACE + id;
  }).sort();
  const ids: number[] = [];
  for (let from = 0; from < keys.length; ) {
    const beginning = Math.floor(keys[from]! / ID_SPACE);
    let to = from + 1;
    while (to < keys.length && Math.floor(keys[to]! / ID_SPACE) === beginning) to++;
    const equal = Array.from(keys.subarray(from, to), (key) => key % ID_SPACE);
    ids.push(...equal.filter((id) => tokens[id]!.length > 0).sort((a, b) => compare(tokens[a]!, tokens[b]!) || a - b));
    from = to;
  }
  return { ids, bytesOf: (id) => tokens[id]! };
}

function compare(a: Uint8Array, b: Uint8Array): number {
  let at = 0;
  while (at < a.length && at < b.length && a[at] === b[at]) at++;
  return at === a.length || at === b.length ? a.length - b.length : a[at]! - b[at]!;
}
