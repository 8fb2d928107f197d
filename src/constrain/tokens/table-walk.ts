/**
 * walkTable: which tokens may come in a state of an automaton that something else follows. A table is read many times
 * as fast as derivatives are made, so only what stands behind the automaton's end is read by those.
 */
import type { Work } from "../../core/work.ts";
import type { Automaton, ByteSet } from "../language/automaton.ts";
import type { Budget } from "../language/budget.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { TokenTree } from "./token-tree.ts";
import { walk } from "./tree-walk.ts";

/** Nodes that are read by a table for one step of the budget, and without a pause. */
const NODES = 16;
const SLICE_NODES = 65_536;
/** Places of automata that are kept, a mask each; and the nodes from which on a walk is worth it. */
const KEPT = 48;
const KEPT_FROM = 512;

export interface TablePlace {
  automaton: Automaton;
  state: number;
  rest: Expr;
}

/** Adds to `mask`. Throws TooComplex when the grammar's budget is spent. */
export function* walkTable(tokens: TokenTree, grammar: Grammar, place: TablePlace, mask: Uint32Array): Work<void> {
  const walk = yield* walked(tokens, grammar, place, mask);
  yield* leave(tokens, grammar, place.rest, walk.leaving, mask);
}

function* walked(tokens: TokenTree, grammar: Grammar, place: TablePlace, mask: Uint32Array): Work<TableWalk> {
  const walk = new TableWalk(tokens, place, grammar.firsts(place.rest), mask);
  while (!walk.goOn()) yield* walk.account(grammar.budget);
  yield* walk.account(grammar.budget);
  return walk;
}

interface Kept {
  /** Bytes that what follows may begin with. */
  rest: ByteSet;
  /** Tokens that the automaton alone takes. */
  inside: Uint32Array;
  leaving: readonly number[];
}

/** As walkTable; what was found of automata that last is kept for all requests. */
export class LastingWalks {
  readonly #tokens: TokenTree;
  /** The one that was asked for last stands last. */
  readonly #kept = new Map<string, Kept>();
  readonly #numbers = new WeakMap<Automaton, number>();
  #automata = 0;

  constructor(tokens: TokenTree) {
    this.#tokens = tokens;
  }

  *walk(grammar: Grammar, place: TablePlace, mask: Uint32Array): Work<void> {
    const { automaton, state, rest } = place;
    if (!automaton.isLasting) {
      yield* walkTable(this.#tokens, grammar, place, mask);
      return;
    }
    const key = `${this.#numberOf(automaton)},${state}`;
    const firsts = grammar.firsts(rest);
    let found = this.#kept.get(key);
    if (found && isSame(found.rest, firsts)) {
      this.#kept.delete(key);
      this.#kept.set(key, found);
    } else {
      const inside = new Uint32Array(mask.length);
      const walk = yield* walked(this.#tokens, grammar, place, inside);
      found = { rest: firsts.slice(), inside, leaving: walk.leaving };
      if (walk.read >= KEPT_FROM) this.#kept.set(key, found);
      if (this.#kept.size > KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    }
    const { inside, leaving } = found;
    for (let word = 0; word < mask.length; word++) mask[word]! |= inside[word]!;
    yield* leave(this.#tokens, grammar, rest, leaving, mask);
  }

  #numberOf(automaton: Automaton): number {
    const known = this.#numbers.get(automaton) ?? this.#automata++;
    this.#numbers.set(automaton, known);
    return known;
  }
}

function isSame(a: ByteSet, b: ByteSet): boolean {
  for (let byte = 0; byte < 256; byte++) if (a[byte] !== b[byte]) return false;
  return true;
}

/** Adds the tokens that go on with `rest` from one of these nodes on. */
export function* leave(
  tokens: TokenTree,
  grammar: Grammar,
  rest: Expr,
  nodes: readonly number[],
  mask: Uint32Array,
): Work<void> {
  if (nodes.length > 0) yield* walk(tokens.tree, grammar, rest, (node) => tokens.mark(mask, node), nodes);
}

class TableWalk {
  /** Nodes at which the automaton has come to an end and something else may begin. */
  readonly leaving: number[] = [];
  readonly #tokens: TokenTree;
  readonly #automaton: Automaton;
  readonly #rest: ByteSet;
  readonly #mask: Uint32Array;
  #node = 0;
  #top = 0;
  #accounted = 0;
  /** Nodes that were read. */
  read = 0;
  /** By depth: the state, and where the subtree ends. */
  readonly #states: Int32Array;
  readonly #until: Uint32Array;

  constructor(tokens: TokenTree, { automaton, state }: TablePlace, rest: ByteSet, mask: Uint32Array) {
    const { size, depth } = tokens.tree;
    this.#tokens = tokens;
    this.#automaton = automaton;
    this.#rest = rest;
    this.#mask = mask;
    this.#states = new Int32Array(depth + 1);
    this.#states[0] = state;
    this.#until = new Uint32Array(depth + 1);
    this.#until[0] = size;
  }

  /** Spends what was read since the last time. */
  *account(budget: Budget): Work<void> {
    budget.spend(Math.ceil((this.read - this.#accounted) / NODES));
    this.#accounted = this.read;
    yield* budget.pause();
  }

  /** Until a slice is over; true at the end. */
  goOn(): boolean {
    const { tree, ids, none, hasTwins } = this.#tokens;
    const { bytes, ends } = tree;
    const { next: table, classOf, classes, accepts } = this.#automaton;
    const rest = this.#rest;
    const mask = this.#mask;
    const states = this.#states;
    const until = this.#until;
    const size = bytes.length;
    let node = this.#node;
    let top = this.#top;
    let read = 0;
    for (; read < SLICE_NODES && node < size; read++) {
      while (node >= until[top]!) top--;
      const byte = bytes[node]!;
      const state = states[top]!;
      const next = table[state * classes + classOf[byte]!]!;
      if (rest[byte] === 1 && accepts[state] === 1) this.leaving.push(node);
      const end = ends[node]!;
      if (next < 0) {
        node = end;
        continue;
      }
      const id = ids[node]!;
      if (id !== none) {
        mask[id >> 5]! |= 1 << (id & 31);
        if (hasTwins) this.#tokens.markTwins(mask, id);
      }
      node++;
      if (node === end) continue;
      top++;
      states[top] = next;
      until[top] = end;
    }
    this.#node = node;
    this.#top = top;
    this.read += read;
    return node >= size;
  }
}
