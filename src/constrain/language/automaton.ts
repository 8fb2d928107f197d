/**
 * Automaton: a regular language as a table. What is intersected or excluded is brought into this form once, and states from which no end
 * can be reached are taken out, so that an expression of it is never a dead end.
 */
import { type ByteSet, type Expr, type Grammar, Unsupported } from "./expr.ts";

const MAX_STATES = 20_000;

export class Automaton {
  /** By state: 1 where the language may end. */
  readonly accepts: Uint8Array;
  readonly #classOf: Uint8Array;
  readonly #classes: number;
  /** (states, classes); -1 where nothing may follow. */
  readonly #next: Int32Array;

  /** `classOf` (256): bytes of one class are never told apart. */
  constructor(accepts: Uint8Array, classOf: Uint8Array, next: Int32Array) {
    this.accepts = accepts;
    this.#classOf = classOf;
    this.#next = next;
    this.#classes = next.length / accepts.length;
  }

  after(state: number, byte: number): number {
    return this.#next[state * this.#classes + this.#classOf[byte]!]!;
  }

  /** Nothing may follow. */
  isEnd(state: number): boolean {
    return this.#next.subarray(state * this.#classes, (state + 1) * this.#classes).every((next) => next < 0);
  }

  classOf(byte: number): number {
    return this.#classOf[byte]!;
  }
}

/** Strings that belong to all of `all` and to none of `none`. No references inside. Throws Unsupported when there are too many states. */
export function intersect(grammar: Grammar, all: readonly Expr[], none: readonly Expr[] = []): Expr {
  const { classOf, bytes } = byteClasses([...all, ...none]);
  const numbers = new Map<string, number>();
  const states: Expr[][] = [];
  const numberOf = (state: Expr[]): number => {
    const key = state.map(({ id }) => id).join();
    const known = numbers.get(key);
    if (known !== undefined) return known;
    if (states.length >= MAX_STATES) throw new Unsupported("too complex to hold to");
    numbers.set(key, states.length);
    return states.push(state) - 1;
  };
  numberOf([...all, ...none]);
  const next: number[] = [];
  for (let at = 0; at < states.length; at++) {
    for (const byte of bytes) {
      const state = states[at]!.map((expr) => grammar.afterOnce(expr, byte));
      const dead = state.slice(0, all.length).some(({ kind }) => kind === "never");
      next.push(dead ? -1 : numberOf(state));
    }
  }
  const accepts = Uint8Array.from(states, (state) =>
    Number(state.every(({ nullable }, i) => nullable === i < all.length)),
  );
  const live = reaching(accepts, next, bytes.length);
  if (live[0] === 0) return grammar.never;
  const alive = Int32Array.from(next, (to) => (to >= 0 && live[to] === 1 ? to : -1));
  return grammar.automaton(new Automaton(accepts, classOf, alive), 0);
}

/** By state: 1 where an accepting state can be reached. */
function reaching(accepts: Uint8Array, next: readonly number[], classes: number): Uint8Array {
  const live = accepts.slice();
  const from: number[][] = Array.from(accepts, () => []);
  next.forEach((to, i) => {
    if (to >= 0) from[to]!.push(Math.floor(i / classes));
  });
  const queue = [...live.keys()].filter((state) => live[state] === 1);
  for (let at = 0; at < queue.length; at++) {
    for (const state of from[queue[at]!]!) {
      if (live[state] === 1) continue;
      live[state] = 1;
      queue.push(state);
    }
  }
  return live;
}

/** Classes of bytes that no part of the expressions tells apart, and one byte of each. */
function byteClasses(exprs: readonly Expr[]): { classOf: Uint8Array; bytes: number[] } {
  const sets = new Set<ByteSet>();
  const automata = new Set<Automaton>();
  const seen = new Set<Expr>();
  const queue = [...exprs];
  for (let expr = queue.pop(); expr; expr = queue.pop()) {
    if (seen.has(expr)) continue;
    seen.add(expr);
    if (expr.kind === "bytes") sets.add(expr.set);
    else if (expr.kind === "seq") queue.push(expr.first, expr.rest);
    else if (expr.kind === "alt") queue.push(...expr.of);
    else if (expr.kind === "repeat") queue.push(expr.of);
    else if (expr.kind === "automaton") automata.add(expr.automaton);
  }
  const numbers = new Map<string, number>();
  const bytes: number[] = [];
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    const marks = [...sets].map((set) => set[byte]).join("");
    const key = `${marks}/${[...automata].map((automaton) => automaton.classOf(byte)).join()}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    bytes.push(byte);
    numbers.set(key, numbers.size);
    return numbers.size - 1;
  });
  return { classOf, bytes };
}
