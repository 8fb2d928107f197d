/**
 * Characters: an automaton of JSON's text that knows where characters begin, so that the length
 * of a text is counted beside it.
 *
 * A table of the automaton and the length together would have a row for each of both: a hundred patterns of up to 300
 * characters are millions of cells. The count stands in the expression instead (`Grammar.counted`), and what can still
 * come to an end is known from how many characters each state needs.
 */
import type { Work } from "../../core/work.ts";
import { Automaton, type ByteSet, classesOf } from "./automaton.ts";
import { type Budget, TooComplex } from "./budget.ts";

/**
 * Where a reader may stand: between two characters; so many bytes of one are to come; behind a
 * backslash; so many digits are to come.
 */
const [BETWEEN, ONE, TWO, THREE, ESCAPED, FOUR_DIGITS, THREE_DIGITS, TWO_DIGITS, ONE_DIGIT] = [
  0, 1, 2, 3, 4, 5, 6, 7, 8,
];
const PLACES = 9;
/** By place: bytes that stand between it and the next character at most. */
const BYTES_LEFT = [0, 1, 2, 3, 5, 4, 3, 2, 1];
const BEHIND = [-1, BETWEEN, ONE, TWO, -1, THREE_DIGITS, TWO_DIGITS, ONE_DIGIT, BETWEEN];
const MOST_LEFT = 5;
const MAX_STATES = 40_000;
/** Cells of a table that are read or written for one step. */
const CELLS = 8;
const NEVER = 0x7fffffff;

function placeBehind(place: number, byte: number): number {
  if (place === BETWEEN) {
    if (byte === 0x5c) return ESCAPED;
    return byte < 0xc0 ? BETWEEN : byte < 0xe0 ? ONE : byte < 0xf0 ? TWO : THREE;
  }
  if (place === ESCAPED) return byte === 0x75 ? FOUR_DIGITS : BETWEEN;
  return BEHIND[place]!;
}

/** Bytes that lead from any place to the same one. */
const PLACE_CLASSES: ByteSet = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte === 0x5c ? 4 : byte === 0x75 ? 5 : byte < 0xc0 ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3,
);

export class Characters {
  /** The same texts; each state is at one place. The first state is 0. */
  readonly automaton: Automaton;
  /** By state: 1 where the next byte begins a character. */
  readonly begins: Uint8Array;
  /** The most characters that a state needs to come to an end. */
  readonly farthest: number;
  /** By state, where its followers begin among `#to`. */
  readonly #starts: Int32Array;
  readonly #to: Int32Array;
  /** States by how many bytes they are before the next character. */
  readonly #order: Int32Array;
  /**
   * By n, by state: the fewest characters, but n at least, with which a text comes to an end; NEVER where none does.
   */
  readonly #nearest: Int32Array[] = [];

  /** `places`: by state. The automaton has no dead ends. */
  constructor(automaton: Automaton, places: readonly number[]) {
    this.automaton = automaton;
    this.begins = Uint8Array.from(places, (place) => Number(place === BETWEEN));
    const { states, classes, next } = automaton;
    const starts = new Int32Array(states + 1);
    const to: number[] = [];
    for (let state = 0; state < states; state++) {
      const met = new Set<number>();
      for (let i = state * classes; i < (state + 1) * classes; i++) if (next[i]! >= 0) met.add(next[i]!);
      to.push(...met);
      starts[state + 1] = to.length;
    }
    this.#starts = starts;
    this.#to = Int32Array.from(to);
    const order: number[] = [];
    for (let left = 0; left <= MOST_LEFT; left++)
      places.forEach((place, state) => {
        if (BYTES_LEFT[place] === left) order.push(state);
      });
    this.#order = Int32Array.from(order);
    const ends = this.#toTheEnd();
    this.#nearest.push(ends);
    this.farthest = ends.reduce((most, count) => (count === NEVER ? most : Math.max(most, count)), 0);
  }

  /**
   * Some text from here has `min` to `max` characters, those that begin from here on. `min`: at
   * most what `prepare` was asked for.
   */
  fits(state: number, min: number, max: number): boolean {
    return this.#nearest[min]![state]! <= max;
  }

  /** Something may follow here, where at most `max` characters may. */
  goesOn(state: number, max: number): boolean {
    const left = max - this.begins[state]!;
    for (let i = this.#starts[state]!; i < this.#starts[state + 1]!; i++)
      if (this.#nearest[0]![this.#to[i]!]! <= left) return true;
    return false;
  }

  /** The same as `fits`, for who reads many states. */
  nearest(min: number): Int32Array {
    return this.#nearest[min]!;
  }

  *prepare(min: number, budget: Budget): Work<void> {
    const { states } = this.automaton;
    while (this.#nearest.length <= min) {
      budget.spend(Math.ceil((states + this.#to.length) / CELLS));
      this.#nearest.push(this.#oneMore(this.#nearest.at(-1)!));
      yield* budget.pause();
    }
  }

  #oneMore(less: Int32Array): Int32Array {
    const found = new Int32Array(less.length).fill(NEVER);
    for (const state of this.#order) {
      const begins = this.begins[state] === 1;
      const from = begins ? less : found;
      let best = NEVER;
      for (let i = this.#starts[state]!; i < this.#starts[state + 1]!; i++) best = Math.min(best, from[this.#to[i]!]!);
      if (best !== NEVER) found[state] = begins ? best + 1 : best;
    }
    return found;
  }

  /** Characters to the nearest end, found from the ends backwards. */
  #toTheEnd(): Int32Array {
    const { states, accepts } = this.automaton;
    const before = backwards(this.#starts, this.#to, states);
    const found = new Int32Array(states).fill(NEVER);
    let same = [...accepts.keys()].filter((state) => accepts[state] === 1);
    for (let count = 0; same.length > 0; count++) {
      const more: number[] = [];
      for (let state = same.pop(); state !== undefined; state = same.pop()) {
        if (found[state]! <= count) continue;
        found[state] = count;
        for (let i = before.starts[state]!; i < before.starts[state + 1]!; i++) {
          const earlier = before.from[i]!;
          if (found[earlier] === NEVER) (this.begins[earlier] === 1 ? more : same).push(earlier);
        }
      }
      same = more;
    }
    return found;
  }
}

function backwards(starts: Int32Array, to: Int32Array, states: number): { starts: Int32Array; from: Int32Array } {
  const begin = new Int32Array(states + 1);
  for (const state of to) begin[state + 1]!++;
  for (let state = 0; state < states; state++) begin[state + 1]! += begin[state]!;
  const filled = begin.slice();
  const from = new Int32Array(to.length);
  for (let state = 0; state < states; state++)
    for (let i = starts[state]!; i < starts[state + 1]!; i++) from[filled[to[i]!]!++] = state;
  return { starts: begin, from };
}

/** Of texts as JSON.stringify writes them, from a state of a table without dead ends. Throws TooComplex. */
export function* charactersOf(source: Automaton, start: number, budget: Budget): Work<Characters> {
  const { classOf, bytes } = classesOf([source.classOf, PLACE_CLASSES]);
  const numbers = new Int32Array(source.states * PLACES).fill(-1);
  const pairs: number[] = [];
  const numberOf = (state: number, place: number): number => {
    const key = state * PLACES + place;
    if (numbers[key]! < 0) {
      if (pairs.length >= MAX_STATES) throw new TooComplex(`has more than ${MAX_STATES} states`);
      numbers[key] = pairs.push(key) - 1;
    }
    return numbers[key]!;
  };
  budget.spend(1 + Math.ceil(numbers.length / CELLS));
  numberOf(start, BETWEEN);
  const next: number[] = [];
  for (let at = 0; at < pairs.length; at++) {
    const [state, place] = [Math.floor(pairs[at]! / PLACES), pairs[at]! % PLACES];
    for (const byte of bytes) {
      const to = source.after(state, byte);
      next.push(to < 0 ? -1 : numberOf(to, placeBehind(place, byte)));
    }
    budget.spend(Math.ceil((2 * bytes.length) / CELLS));
    yield* budget.pause();
  }
  const accepts = Uint8Array.from(pairs, (pair) => source.accepts[Math.floor(pair / PLACES)]!);
  const automaton = new Automaton(accepts, classOf, Int32Array.from(next));
  return new Characters(
    automaton,
    pairs.map((pair) => pair % PLACES),
  );
}
