/** cutTokens: every token of a vocabulary, cut where it leaves a run of characters. */
import type { Work } from "../../core/work.ts";
import type { Budget } from "../language/budget.ts";
import { type ByteStrings, ByteStringsMaker } from "./byte-strings.ts";
import type { TokenTree } from "./token-tree.ts";

/** Nodes of the vocabulary that are read by a table, for one step; and without a pause. */
const NODES = 16;
const SLICE_NODES = 65_536;

export interface Cuts {
  /** By id: characters that the token begins, the last of them perhaps not whole; 0 where it is no part of a run. */
  started: Uint16Array;
  /** Tokens that leave the run: their ids, the whole characters before that, and what stands behind those. */
  leaving: { ids: number[]; characters: number[]; suffixes: ByteStrings };
}

/** `table`: of a character, as characterTable gives it. */
export function* cutTokens(tokens: TokenTree, vocab: number, table: Int16Array, budget: Budget): Work<Cuts> {
  const cutting = new Cutting(tokens, vocab, table);
  while (!cutting.goOn(SLICE_NODES)) {
    budget.spend(SLICE_NODES / NODES);
    yield* budget.pause();
  }
  return cutting.cuts();
}

/** A walk over the vocabulary that can be broken off. */
class Cutting {
  readonly #started: Uint16Array;
  readonly #ids: number[] = [];
  readonly #characters: number[] = [];
  readonly #suffixes = new ByteStringsMaker();
  readonly #tokens: TokenTree;
  readonly #table: Int16Array;
  #node = 0;
  #depth = 0;
  /** By depth: the byte that was read. */
  readonly #path: Uint8Array;
  /** The state behind it, -1 behind the run; the characters that were begun; and the depth where the run was left. */
  readonly #states: Int16Array;
  readonly #begun: Uint16Array;
  readonly #left: Uint16Array;
  readonly #until: Uint32Array;

  constructor(tokens: TokenTree, vocab: number, table: Int16Array) {
    this.#tokens = tokens;
    this.#table = table;
    const levels = tokens.tree.depth + 1;
    this.#path = new Uint8Array(levels);
    this.#states = new Int16Array(levels);
    this.#begun = new Uint16Array(levels);
    this.#left = new Uint16Array(levels);
    this.#until = new Uint32Array(levels);
    this.#until[0] = tokens.tree.size;
    this.#started = new Uint16Array(vocab);
  }

  cuts(): Cuts {
    const leaving = { ids: this.#ids, characters: this.#characters, suffixes: this.#suffixes.made() };
    return { started: this.#started, leaving };
  }

  /** So many nodes; true at the end. */
  goOn(nodes: number): boolean {
    const tokens = this.#tokens;
    const { tree, ids, none } = tokens;
    const { bytes, ends } = tree;
    const table = this.#table;
    const path = this.#path;
    const states = this.#states;
    const begun = this.#begun;
    const left = this.#left;
    const until = this.#until;
    let node = this.#node;
    let depth = this.#depth;
    for (let read = 0; read < nodes && node < bytes.length; read++) {
      while (node >= until[depth]!) depth--;
      const byte = bytes[node]!;
      const state = states[depth]!;
      const next = state < 0 ? -1 : table[256 * state + byte]!;
      // Within a character, no other byte may follow.
      if (state > 0 && next < 0) {
        node = ends[node]!;
        continue;
      }
      const count = begun[depth]! + (state === 0 && next >= 0 ? 1 : 0);
      const leftAt = state < 0 ? left[depth]! : depth;
      path[depth] = byte;
      const id = ids[node]!;
      if (id !== none) {
        this.#end(id, next, count, leftAt, depth);
        for (const twin of tokens.twinsOf(id)) this.#end(twin, next, count, leftAt, depth);
      }
      const end = ends[node]!;
      node++;
      if (node === end) continue;
      depth++;
      states[depth] = next;
      begun[depth] = count;
      left[depth] = leftAt;
      until[depth] = end;
    }
    this.#node = node;
    this.#depth = depth;
    return node >= bytes.length;
  }

  #end(id: number, state: number, begun: number, left: number, depth: number): void {
    if (state >= 0) {
      this.#started[id] = begun;
      return;
    }
    this.#ids.push(id);
    this.#characters.push(begun);
    this.#suffixes.add(this.#path, left, depth + 1);
  }
}
