/** intersect: strings that belong to some languages and to none of others, as an automaton without dead ends. */

import type { Work } from "../../core/work.ts";
import type { ByteSet } from "./automaton.ts";
import { Automaton, classesOf, trimmed } from "./automaton.ts";
import { TooComplex } from "./budget.ts";
import { charactersOf } from "./characters.ts";
import type { Expr, Grammar } from "./expr.ts";

/** An automaton of so many states takes about a megabyte. */
const MAX_STATES = 40_000;
/** Steps for a derivative, which makes expressions, against one for a cell of a table. */
const DERIVATIVE = 8;

/** Strings that belong to all of `all` and to none of `none`. No references inside. Throws TooComplex. */
export function* intersect(grammar: Grammar, all: readonly Expr[], none: readonly Expr[] = []): Work<Expr> {
  // What belongs to none of several languages does not belong to their union.
  const parts: Table[] = [];
  for (const expr of [...all, ...(none.length > 0 ? [grammar.alt(...none)] : [])])
    parts.push(yield* tableOf(grammar, expr));
  if (parts.length === 1) return grammar.automaton(parts[0]!.automaton, parts[0]!.start);
  const { classOf, bytes } = classesOf(parts.map(({ automaton }) => automaton.classOf));
  const numbers = new Map<number | string, number>();
  const states: Int32Array[] = [];
  const isSmall = parts.reduce((product, { automaton }) => product * (automaton.states + 1), 1) < 2 ** 53;
  const numberOf = (state: Int32Array): number => {
    let key: number | string = 0;
    if (isSmall) for (let i = 0; i < parts.length; i++) key = key * (parts[i]!.automaton.states + 1) + state[i]! + 1;
    else key = state.join();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (states.length >= MAX_STATES) throw new TooComplex(`has more than ${MAX_STATES} states`);
    numbers.set(key, states.length);
    return states.push(state.slice()) - 1;
  };
  numberOf(Int32Array.from(parts, ({ start }) => start));
  const next: number[] = [];
  const read = new Int32Array(parts.length);
  for (let at = 0; at < states.length; at++) {
    const state = states[at]!;
    let ways = 0;
    for (const byte of bytes) {
      let isDead = false;
      for (let i = 0; i < parts.length && !isDead; i++) {
        read[i] = state[i]! < 0 ? -1 : parts[i]!.automaton.after(state[i]!, byte);
        isDead = read[i]! < 0 && i < all.length;
      }
      if (!isDead) ways += parts.length;
      next.push(isDead ? -1 : numberOf(read));
    }
    grammar.budget.spend(ways + (bytes.length >> 4));
    yield* grammar.budget.pause();
  }
  yield* grammar.budget.pause();
  const holds = (state: Int32Array) =>
    parts.every(({ automaton }, i) => (state[i]! >= 0 && automaton.accepts[state[i]!] === 1) === i < all.length);
  const accepts = Uint8Array.from(states, (state) => Number(holds(state)));
  const live = trimmed(accepts, Int32Array.from(next));
  return live ? grammar.automaton(new Automaton(accepts, classOf, live), 0) : grammar.never;
}

/** Those texts of a table that have `min` to `max` characters. Throws TooComplex. */
export function* withLength(grammar: Grammar, expr: Expr, min: number, max: number): Work<Expr> {
  if (expr.kind === "empty") return min === 0 ? expr : grammar.never;
  if (expr.kind !== "automaton") return expr;
  const text = yield* charactersOf(expr.automaton, expr.state, grammar.budget);
  yield* text.prepare(min, grammar.budget);
  return grammar.counted(text, 0, min, max);
}

interface Table {
  automaton: Automaton;
  /** -1: the language is empty. */
  start: number;
}

/** Tables of expressions, by the grammar that made them. */
const tables = new WeakMap<Grammar, Map<Expr, Table>>();

function* tableOf(grammar: Grammar, expr: Expr): Work<Table> {
  if (expr.kind === "automaton") return { automaton: expr.automaton, start: expr.state };
  const known = tables.get(grammar) ?? new Map<Expr, Table>();
  tables.set(grammar, known);
  const found = known.get(expr) ?? (yield* determinised(grammar, expr));
  known.set(expr, found);
  return found;
}

/** The derivatives of an expression, as a table. */
function* determinised(grammar: Grammar, expr: Expr): Work<Table> {
  const numbers = new Map<Expr, number>([[expr, 0]]);
  const states = [expr];
  const parted = new Map<Expr, { classOf: Uint8Array; bytes: number[] }>();
  /** What a sequence begins with depends on its first part alone, which many states share. */
  const partedBy = (state: Expr) => {
    const head = state.kind === "seq" && !state.first.nullable ? state.first : state;
    const known = parted.get(head);
    if (known) return known;
    const sets = new Set<ByteSet>();
    firsts(head, sets);
    grammar.budget.spend(sets.size);
    const found = classesOf(sets);
    parted.set(head, found);
    return found;
  };
  /** By state: the bytes that lead to another one. */
  const steps: { classOf: Uint8Array; to: number[] }[] = [];
  for (let at = 0; at < states.length; at++) {
    const { classOf, bytes } = partedBy(states[at]!);
    const to = bytes.map((byte) => {
      grammar.budget.spend(DERIVATIVE);
      const read = grammar.afterOnce(states[at]!, byte);
      if (read.kind === "never") return -1;
      const known = numbers.get(read);
      if (known !== undefined) return known;
      if (states.length >= MAX_STATES) throw new TooComplex(`has more than ${MAX_STATES} states`);
      numbers.set(read, states.length);
      return states.push(read) - 1;
    });
    steps.push({ classOf, to });
    yield* grammar.budget.pause();
  }
  yield* grammar.budget.pause();
  const rows = new Set(steps.map((step) => step.classOf));
  const { classOf, bytes } = classesOf(rows);
  grammar.budget.spend(rows.size + ((states.length * bytes.length) >> 6));
  const next = new Int32Array(states.length * bytes.length);
  steps.forEach((step, state) => {
    bytes.forEach((byte, i) => {
      next[state * bytes.length + i] = step.to[step.classOf[byte]!]!;
    });
  });
  const accepts = Uint8Array.from(states, ({ nullable }) => Number(nullable));
  const live = trimmed(accepts, next);
  return { automaton: new Automaton(accepts, classOf, live ?? next), start: live ? 0 : -1 };
}

/** Sets of bytes that an expression may begin with; what none of them tells apart leads to the same derivative. */
function firsts(expr: Expr, into: Set<ByteSet>): void {
  for (let at = expr; ; at = at.rest) {
    firstsAlone(at.kind === "seq" ? at.first : at, into);
    if (at.kind !== "seq" || !at.first.nullable) return;
  }
}

function firstsAlone(expr: Expr, into: Set<ByteSet>): void {
  if (expr.kind === "bytes") into.add(expr.set);
  else if (expr.kind === "alt") for (const member of expr.of) firsts(member, into);
  else if (expr.kind === "repeat") firsts(expr.of, into);
  else if (expr.kind === "automaton") for (const set of expr.automaton.firsts(expr.state)) into.add(set);
  else if (expr.kind === "counted") for (const set of expr.text.automaton.firsts(expr.state)) into.add(set);
}
