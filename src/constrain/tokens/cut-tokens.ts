/** cutTokens: every token of a vocabulary, cut where it leaves a run of characters. */
import type { Work } from "../../core/work.ts";
import type { Budget } from "../language/budget.ts";
import type { ByteTree } from "./byte-tree.ts";

/** Nodes of the vocabulary that are read by a table, for one step; and without a pause. */
const NODES = 16;
const SLICE_NODES = 65_536;

/** The vocabulary as a tree. */
export interface Tokens {
  readonly vocab: number;
  readonly tree: ByteTree;
  /** The first of the tokens that end at a node, or -1. */
  tokenAt(node: number): number;
  /** Further tokens of the same bytes. */
  twinsOf(id: number): readonly number[];
}

export interface Cuts {
  /** By id: characters that the token begins, the last of them perhaps not whole; 0 where it is no part of a run. */
  started: Uint16Array;
  /** Tokens that leave the run behind so many whole characters, and what stands behind those. */
  leaving: { id: number; characters: number; suffix: Uint8Array }[];
}

/** `table`: of a character, as characterTable gives it. */
export function* cutTokens(tokens: Tokens, table: Int16Array, budget: Budget): Work<Cuts> {
  const cutting = new Cutting(tokens, table);
  while (!cutting.goOn(SLICE_NODES)) {
    budget.spend(SLICE_NODES / NODES);
    yield* budget.pause();
  }
  return cutting;
}

/** A walk over the vocabulary that can be broken off. */
class Cutting implements Cuts {
  readonly started: Uint16Array;
  readonly leaving: Cuts["leaving"] = [];
  readonly #tokens: Tokens;
  readonly #table: Int16Array;
  #node = 0;
  #depth = 0;
  /** By depth: the byte that was read. */
  readonly #path: number[] = [];
  /** The state behind it, -1 behind the run; the characters that were begun; and the depth where the run was left. */
  readonly #states = [0];
  readonly #begun = [0];
  readonly #left = [0];
  readonly #until: number[];

  constructor(tokens: Tokens, table: Int16Array) {
    this.#tokens = tokens;
    this.#table = table;
    this.#until = [tokens.tree.size];
    this.started = new Uint16Array(tokens.vocab);
  }

  /** So many nodes; true at the end. */
  goOn(nodes: number): boolean {
    const tokens = this.#tokens;
    const { bytes, ends } = tokens.tree;
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
      const id = tokens.tokenAt(node);
      if (id >= 0) {
        this.#end(id, next, count, leftAt, depth);
        for (const twin of tokens.twinsOf(id)) this.#end(twin, next, count, leftAt, depth);
      }
      depth++;
      states[depth] = next;
      begun[depth] = count;
      left[depth] = leftAt;
      until[depth] = ends[node]!;
      node++;
    }
    this.#node = node;
    this.#depth = depth;
    return node >= bytes.length;
  }

  #end(id: number, state: number, begun: number, left: number, depth: number): void {
    if (state >= 0) this.started[id] = begun;
    else this.leaving.push({ id, characters: begun, suffix: Uint8Array.from(this.#path.slice(left, depth + 1)) });
  }
}
