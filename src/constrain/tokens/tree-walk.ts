/**
 * walk: which byte strings of a tree a language can begin with, by its derivatives. It can be broken off where a slice
 * of the budget is over. The loop stands in a plain function, since engines compile a generator's loop late or never.
 */
import type { Work } from "../../core/work.ts";
import type { ByteSet } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { ByteTree } from "./byte-tree.ts";

/** Where fewer nodes than this stand below one, it is not worth to ask first which bytes may follow. */
const FEW = 16;

type OnNode = (node: number) => void;

/**
 * `onNode` is told every node whose string the language can begin with; `under`: of those at and below these nodes,
 * without what stands above each. Throws TooComplex when the grammar's budget is spent.
 */
export function* walk(
  tree: ByteTree,
  grammar: Grammar,
  from: Expr,
  onNode: OnNode,
  under?: readonly number[],
): Work<void> {
  const walk = new Walk(tree, grammar, from, onNode, under);
  while (!walk.goOn()) yield* grammar.budget.pause();
}

class Walk {
  readonly #tree: ByteTree;
  readonly #grammar: Grammar;
  readonly #onNode: OnNode;
  /** Nodes under which it still has to look. */
  readonly #under: readonly number[];
  #entered = 0;
  #node = 0;
  #end: number;
  #top = 0;
  /** By depth: what may follow; its first bytes, where it is worth to know them; and where the subtree ends. */
  readonly #exprs: Expr[];
  readonly #firsts: (ByteSet | undefined)[];
  readonly #until: number[];

  constructor(tree: ByteTree, grammar: Grammar, from: Expr, onNode: OnNode, under: readonly number[] | undefined) {
    this.#tree = tree;
    this.#grammar = grammar;
    this.#onNode = onNode;
    this.#under = under ?? [];
    this.#end = under === undefined ? tree.size : 0;
    this.#exprs = [from];
    this.#firsts = [grammar.firsts(from)];
    this.#until = [this.#end];
  }

  /** Until a slice of the budget is over; true at the end. */
  goOn(): boolean {
    while (this.#walkOn()) {
      if (this.#entered === this.#under.length) return true;
      this.#node = this.#under[this.#entered++]!;
      this.#end = this.#tree.ends[this.#node]!;
      this.#top = 0;
      this.#until[0] = this.#end;
    }
    return false;
  }

  #walkOn(): boolean {
    const { bytes, ends } = this.#tree;
    const grammar = this.#grammar;
    const { budget } = grammar;
    const exprs = this.#exprs;
    const firsts = this.#firsts;
    const until = this.#until;
    const onNode = this.#onNode;
    const last = this.#end;
    let node = this.#node;
    let top = this.#top;
    while (node < last) {
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
    return node >= last;
  }
}
