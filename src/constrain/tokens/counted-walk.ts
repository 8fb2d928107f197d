/**
 * walkCounted: which tokens may come in a text that is counted beside its table.
 *
 * Where the length is far away, the table alone says it, and the same mask is right at many
 * counts: some are kept for a grammar.
 */
import type { Work } from "../../core/work.ts";
import type { Budget } from "../language/budget.ts";
import type { Characters } from "../language/characters.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import type { Counted } from "./parts.ts";
import { leave } from "./table-walk.ts";
import type { TokenTree } from "./token-tree.ts";

/** Nodes that are read for one step of the budget, and without a pause. */
const NODES = 12;
const SLICE_NODES = 65_536;
/** Larger than any count that is left. */
const ENDLESS = 0x3fffffff;
/** Masks that are kept for a grammar. */
const KEPT = 32;

/** Whether no token can come to the bounds of the length: the table alone says what may follow. */
export function isFarFromBounds({ text, min, max }: Counted, tokens: TokenTree): boolean {
  return min === 0 && max >= tokens.tree.depth + text.farthest;
}

/** Masks by their places, those that were asked for last. */
export class FarMasks {
  readonly #byGrammar = new WeakMap<Grammar, Map<Expr, Uint32Array>>();

  /** The mask of `place`, found by `find` where it is not known. */
  *of(grammar: Grammar, place: Expr, find: () => Work<Uint32Array>): Work<Uint32Array> {
    const kept = this.#byGrammar.get(grammar) ?? new Map<Expr, Uint32Array>();
    this.#byGrammar.set(grammar, kept);
    const found = kept.get(place) ?? (yield* find());
    kept.delete(place);
    kept.set(place, found);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value!);
    return found;
  }
}

/** Adds to `mask`. Throws TooComplex when the grammar's budget is spent. */
export function* walkCounted(
  tokens: TokenTree,
  grammar: Grammar,
  { first, rest }: { first: Counted; rest: Expr },
  mask: Uint32Array,
): Work<void> {
  const walk = new CountedWalk(tokens, first, grammar.firsts(rest), mask);
  while (!walk.goOn()) yield* walk.account(grammar.budget);
  yield* walk.account(grammar.budget);
  yield* leave(tokens, grammar, rest, walk.leaving, mask);
}

class CountedWalk {
  /** Nodes at which the text may have ended and something else may begin. */
  readonly leaving: number[] = [];
  readonly #tokens: TokenTree;
  readonly #text: Characters;
  readonly #rest: Uint8Array;
  readonly #mask: Uint32Array;
  #node = 0;
  #top = 0;
  #read = 0;
  /** By depth: the state, the characters that are left, and where the subtree ends. */
  readonly #states: Int32Array;
  readonly #mins: Int32Array;
  readonly #maxs: Int32Array;
  readonly #until: Uint32Array;

  constructor(tokens: TokenTree, { text, state, min, max }: Counted, rest: Uint8Array, mask: Uint32Array) {
    const { size, depth } = tokens.tree;
    this.#tokens = tokens;
    this.#text = text;
    this.#rest = rest;
    this.#mask = mask;
    this.#states = new Int32Array(depth + 1);
    this.#states[0] = state;
    this.#mins = new Int32Array(depth + 1);
    this.#mins[0] = min;
    this.#maxs = new Int32Array(depth + 1);
    this.#maxs[0] = Math.min(max, ENDLESS);
    this.#until = new Uint32Array(depth + 1);
    this.#until[0] = size;
  }

  /** Spends what was read since the last time. */
  *account(budget: Budget): Work<void> {
    budget.spend(Math.ceil(this.#read / NODES));
    this.#read = 0;
    yield* budget.pause();
  }

  /** Until a slice is over; true at the end. */
  goOn(): boolean {
    const tokens = this.#tokens;
    const { bytes, ends } = tokens.tree;
    const { ids, none } = tokens;
    const text = this.#text;
    const { begins } = text;
    const { next: table, classOf, classes, accepts } = text.automaton;
    const rest = this.#rest;
    const states = this.#states;
    const mins = this.#mins;
    const maxs = this.#maxs;
    const until = this.#until;
    const size = bytes.length;
    let node = this.#node;
    let top = this.#top;
    let read = 0;
    for (; read < SLICE_NODES && node < size; read++) {
      while (node >= until[top]!) top--;
      const byte = bytes[node]!;
      const state = states[top]!;
      const least = mins[top]!;
      if (rest[byte] === 1 && accepts[state] === 1 && least === 0) this.leaving.push(node);
      const next = table[state * classes + classOf[byte]!]!;
      const end = ends[node]!;
      const begun = begins[state]!;
      const min = least > begun ? least - begun : 0;
      const max = maxs[top]! - begun;
      if (next < 0 || !text.fits(next, min, max)) {
        node = end;
        continue;
      }
      const id = ids[node]!;
      if (id !== none) {
        this.#mask[id >> 5]! |= 1 << (id & 31);
        if (tokens.hasTwins) tokens.markTwins(this.#mask, id);
      }
      node++;
      if (node === end) continue;
      top++;
      states[top] = next;
      mins[top] = min;
      maxs[top] = max;
      until[top] = end;
    }
    this.#node = node;
    this.#top = top;
    this.#read += read;
    return node >= size;
  }
}
