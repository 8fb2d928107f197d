/**
 * TokenTrie: the vocabulary as a tree of bytes, and the masks of what may follow in it.
 *
 * Tokens that show nothing (specials) are not in it.
 */

import type { Work } from "../../core/work.ts";
import type { TextCodec } from "../../tokenizer/text-codec.ts";
import { ANY, plain } from "../json/text.ts";
import type { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { ByteTree, compare } from "./byte-tree.ts";
import { CharacterRun } from "./character-run.ts";
import { characterKey, characterTable } from "./character-table.ts";
import { charactersAhead } from "./characters-ahead.ts";
import { cutTokens, type Tokens } from "./cut-tokens.ts";
import { ItemTree } from "./item-tree.ts";
import { partsOf } from "./parts.ts";
import { walk, walkTable } from "./tree-walk.ts";

/** Ids fit below it, and with 32 bits before it into a double. */
const ID_SPACE = 2 ** 21;
/** Kinds of characters whose runs are kept; each takes about 10 bytes for a token of the vocabulary. */
const RUNS = 6;
/** Nodes of the vocabulary that are passed for one step. */
const TREE_NODES = 16;
const NO_TOKENS: readonly number[] = [];

export class TokenTrie implements Tokens {
  readonly vocab: number;
  readonly tree: ByteTree;
  /** By node: the token that ends here, or -1. */
  readonly #ids: Int32Array;
  /** Further tokens of the same bytes as the first. */
  readonly #twins = new Map<number, number[]>();
  /** By what a character is; undefined where its runs cannot be found once for all. */
  readonly #runsByKey = new Map<string, CharacterRun | undefined>();
  /** The same by the expression of a grammar. */
  readonly #runs = new WeakMap<Expr, { run: CharacterRun | undefined }>();

  constructor(codec: TextCodec) {
    this.vocab = codec.vocab;
    const tokens = new TokenBlock(codec);
    const sorted = tokens.sorted();
    const ids = new Int32Array(tokens.length).fill(-1);
    this.tree = new ByteTree(
      sorted.length,
      (i) => tokens.of(sorted[i]!),
      tokens.length,
      (i, node) => {
        const first = ids[node]!;
        if (first < 0) ids[node] = sorted[i]!;
        else this.#twins.set(first, [...(this.#twins.get(first) ?? []), sorted[i]!]);
      },
    );
    this.#ids = ids.slice(0, this.tree.size);
  }

  get memoryBytes(): number {
    return this.tree.bytes.byteLength + this.tree.ends.byteLength + this.#ids.byteLength;
  }

  /** Some token is this byte and nothing else. */
  hasByte(byte: number): boolean {
    const { bytes, ends } = this.tree;
    for (let node = 0; node < bytes.length; node = ends[node]!) {
      if (bytes[node] === byte) return this.#ids[node]! >= 0;
    }
    return false;
  }

  tokenAt(node: number): number {
    return this.#ids[node]!;
  }

  twinsOf(id: number): readonly number[] {
    return this.#twins.get(id) ?? NO_TOKENS;
  }

  /** Bit id % 32 of word id >> 5: every byte of the token may follow. Throws TooComplex when the grammar's budget of a mask is spent. */
  *allowed(grammar: Grammar, from: Expr): Work<Uint32Array<ArrayBuffer>> {
    grammar.beginReading();
    const mask = new Uint32Array((this.vocab + 31) >> 5);
    const add = (node: number) => {
      const id = this.#ids[node]!;
      if (id < 0) return;
      mask[id >> 5]! |= 1 << (id & 31);
      if (this.#twins.size === 0) return;
      for (const twin of this.twinsOf(id)) mask[twin >> 5]! |= 1 << (twin & 31);
    };
    const { heads, other } = partsOf(grammar, from);
    const others = [other];
    for (const { first, rest } of heads) {
      const run = yield* first.kind === "repeat"
        ? this.#runBefore(grammar, first.of, rest)
        : this.#runOver(grammar, first);
      if (first.kind === "repeat" && run) yield* run.add(mask, grammar, { min: first.min, max: first.max, rest });
      else if (first.kind === "repeat") others.push(grammar.seq(first, rest));
      else if (run) yield* run.addTable(mask, grammar, { ...first, rest });
      else yield* walkTable(this.tree, grammar, { ...first, rest }, add);
    }
    const walked = grammar.union(others);
    if (walked.kind !== "never") yield* walk(this.tree, grammar, walked, add);
    return mask;
  }

  /** The run of these characters, where `rest` begins with none of their bytes: then no token can be read in two ways. */
  *#runBefore(grammar: Grammar, of: Expr, rest: Expr): Work<CharacterRun | undefined> {
    const [own, next] = [grammar.firsts(of), grammar.firsts(rest)];
    for (let byte = 0; byte < 256; byte++) if (own[byte] === 1 && next[byte] === 1) return undefined;
    return yield* this.#runOf(grammar, of);
  }

  /** The run of all plain characters, where an automaton takes so many of them, whichever they are, that no token has more. */
  *#runOver(grammar: Grammar, { automaton, state }: { automaton: Automaton; state: number }) {
    const run = yield* this.#runOf(grammar, plain(grammar, ANY));
    if (!run) return undefined;
    const { table, most } = run;
    return charactersAhead(automaton, state, table, most, grammar.budget) < most ? undefined : run;
  }

  *#runOf(grammar: Grammar, of: Expr): Work<CharacterRun | undefined> {
    const known = this.#runs.get(of);
    if (known) return known.run;
    const key = characterKey(grammar, of);
    if (key !== undefined && !this.#runsByKey.has(key)) {
      const run = yield* this.#findRun(grammar, of);
      if (this.#runsByKey.size >= RUNS) this.#runsByKey.delete(this.#runsByKey.keys().next().value!);
      this.#runsByKey.set(key, run);
    }
    const run = key === undefined ? undefined : this.#runsByKey.get(key);
    this.#runs.set(of, { run });
    return run;
  }

  *#findRun(grammar: Grammar, of: Expr): Work<CharacterRun | undefined> {
    const table = yield* characterTable(grammar, of);
    if (!table) return undefined;
    const cuts = yield* cutTokens(this, table, grammar.budget);
    grammar.budget.spend(this.tree.size / TREE_NODES);
    return new CharacterRun(table, cuts, new ItemTree(this.#outside(cuts.started)));
  }

  /** Tokens for which nothing is started, and their bytes. In a plain function: engines compile a generator's loop late or never. */
  #outside(started: Uint16Array): { item: number; string: Uint8Array }[] {
    const outside: { item: number; string: Uint8Array }[] = [];
    const { bytes, ends } = this.tree;
    const path: number[] = [];
    const until = [bytes.length];
    let depth = 0;
    for (let node = 0; node < bytes.length; node++) {
      while (node >= until[depth]!) depth--;
      path[depth++] = bytes[node]!;
      until[depth] = ends[node]!;
      const id = this.#ids[node]!;
      if (id < 0 || started[id]! > 0) continue;
      const string = Uint8Array.from(path.slice(0, depth));
      for (const item of [id, ...this.twinsOf(id)]) outside.push({ item, string });
    }
    return outside;
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
