/**
 * Walks over a tree of byte strings that find which of them a language can begin with. They can be broken off where a slice of the budget
 * is over. Their loops stand in plain functions, since engines compile a generator's loop late or never.
 */
import type { Work } from "../../core/work.ts";
import type { Automaton, ByteSet } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { ByteTree } from "./byte-tree.ts";

/** Where fewer nodes than this stand below one, it is not worth to ask first which bytes may follow. */
const FEW = 16;
/** Nodes that are read by a table cost as much as one step of a derivative. */
const TABLE_NODES = 16;

type OnNode = (node: number) => void;

/** `onNode` is told every node whose string the language can begin with. Throws TooComplex when the grammar's budget is spent. */
export function* walk(tree: ByteTree, grammar: Grammar, from: Expr, onNode: OnNode): Work<void> {
  const walk = new Walk(tree, grammar, from, onNode);
  while (!walk.goOn()) yield* grammar.budget.pause();
}

/** As `walk`, of what begins in a state of an automaton and goes on with `rest`: a table is read many times as fast. */
export function* walkTable(tree: ByteTree, grammar: Grammar, from: TablePlace, onNode: OnNode): Work<void> {
  const walk = new TableWalk(tree, grammar, from, onNode);
  while (!walk.goOn()) yield* grammar.budget.pause();
}

export interface TablePlace {
  automaton: Automaton;
  state: number;
  rest: Expr;
}

class Walk {
  readonly #tree: ByteTree;
  readonly #grammar: Grammar;
  readonly #onNode: OnNode;
  #node = 0;
  #top = 0;
  /** By depth: what may follow; its first bytes, where it is worth to know them; and where the subtree ends. */
  readonly #exprs: Expr[];
  readonly #firsts: (ByteSet | undefined)[];
  readonly #until: number[];

  constructor(tree: ByteTree, grammar: Grammar, from: Expr, onNode: OnNode) {
    this.#tree = tree;
    this.#grammar = grammar;
    this.#onNode = onNode;
    this.#exprs = [from];
    this.#firsts = [grammar.firsts(from)];
    this.#until = [tree.size];
  }

  /** Until a slice of the budget is over; true at the end. */
  goOn(): boolean {
    const { bytes, ends } = this.#tree;
    const grammar = this.#grammar;
    const { budget } = grammar;
    const exprs = this.#exprs;
    const firsts = this.#firsts;
    const until = this.#until;
    const onNode = this.#onNode;
    let node = this.#node;
    let top = this.#top;
    while (node < bytes.length) {
      while (node >= until[top]!) top--;
      const byte = bytes[node]!;
      const end = ends[node]!;
      const set = firsts[top];
      if (set !== undefined && set[byte] === 0) {
        node = end;
        continue;
      }
      budget.spend(1);
      const next = grammar.after(exprs[top]!, byte);
      if (next.kind === "never") {
        node = end;
      } else {
        onNode(node++);
        if (node < end) {
          top++;
          exprs[top] = next;
          firsts[top] = end - node > FEW ? grammar.firsts(next) : undefined;
          until[top] = end;
        }
      }
      if (budget.isOver) break;
    }
    this.#node = node;
    this.#top = top;
    return node >= bytes.length;
  }
}

/** As Walk, by a table as long as nothing else has begun. */
class TableWalk {
  readonly #tree: ByteTree;
  readonly #grammar: Grammar;
  readonly #onNode: OnNode;
  readonly #automaton: Automaton;
  readonly #rest: Expr;
  #node = 0;
  #top = 0;
  /** By depth: the table's state, or -1 where it is left; what may follow where `rest` has begun; and where the subtree ends. */
  readonly #states: number[];
  readonly #rests: Expr[];
  readonly #until: number[];

  constructor(tree: ByteTree, grammar: Grammar, from: TablePlace, onNode: OnNode) {
    this.#tree = tree;
    this.#grammar = grammar;
    this.#onNode = onNode;
    this.#automaton = from.automaton;
    this.#rest = from.rest;
    this.#states = [from.state];
    this.#rests = [grammar.never];
    this.#until = [tree.size];
  }

  goOn(): boolean {
    const { bytes, ends } = this.#tree;
    const grammar = this.#grammar;
    const { budget, never } = grammar;
    const automaton = this.#automaton;
    const restFirsts = grammar.firsts(this.#rest);
    const states = this.#states;
    const rests = this.#rests;
    const until = this.#until;
    const onNode = this.#onNode;
    let node = this.#node;
    let top = this.#top;
    let read = 0;
    while (node < bytes.length) {
      while (node >= until[top]!) top--;
      const byte = bytes[node]!;
      const end = ends[node]!;
      const at = states[top]!;
      const next = at < 0 ? -1 : automaton.after(at, byte);
      let left = rests[top]!;
      let isSlow = ++read % TABLE_NODES === 0;
      if (left !== never) {
        left = grammar.after(left, byte);
        isSlow = true;
      }
      if (at >= 0 && restFirsts[byte] === 1 && automaton.accepts[at] === 1) {
        left = grammar.alt(left, grammar.after(this.#rest, byte));
        isSlow = true;
      }
      if (next < 0 && left === never) {
        node = end;
      } else {
        onNode(node++);
        if (node < end) {
          top++;
          states[top] = next;
          rests[top] = left;
          until[top] = end;
        }
      }
      if (!isSlow) continue;
      budget.spend(1);
      if (budget.isOver) break;
    }
    this.#node = node;
    this.#top = top;
    return node >= bytes.length;
  }
}
