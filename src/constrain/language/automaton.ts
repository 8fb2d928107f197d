/**
 * Automaton: a regular language as a table. What is intersected or excluded is brought into this form once, and states
 * from which no end can be reached are taken out, so that an expression of it is never a dead end.
 */
/** (256) 1 for each member. */
export type ByteSet = Uint8Array;

export class Automaton {
  /** By state: 1 where the language may end. */
  readonly accepts: Uint8Array;
  /** (256) Bytes of one class are never told apart. */
  readonly classOf: Uint8Array;
  readonly classes: number;
  /** (states, classes); -1 where nothing may follow. */
  readonly next: Int32Array;
  /** It is made once for all requests, so that masks of its places are worth keeping. */
  readonly isLasting: boolean;
  readonly #longest = new Map<number, number>();

  constructor(accepts: Uint8Array, classOf: Uint8Array, next: Int32Array, isLasting = false) {
    this.accepts = accepts;
    this.classOf = classOf;
    this.next = next;
    this.isLasting = isLasting;
    this.classes = next.length / accepts.length;
  }

  get states(): number {
    return this.accepts.length;
  }

  after(state: number, byte: number): number {
    return this.next[state * this.classes + this.classOf[byte]!]!;
  }

  /** Nothing may follow. */
  isEnd(state: number): boolean {
    return this.next.subarray(state * this.classes, (state + 1) * this.classes).every((next) => next < 0);
  }

  /** Bytes of the shortest text from a state on. Of a trimmed table. */
  shortest(state: number): number {
    const met = new Set([state]);
    let nearest = [state];
    for (let length = 0; ; length++) {
      if (nearest.some((at) => this.accepts[at] === 1) || nearest.length === 0) return length;
      const next = new Set(nearest.flatMap((at) => this.#following(at)).filter((to) => !met.has(to)));
      for (const to of next) met.add(to);
      nearest = [...next];
    }
  }

  /** Bytes of the longest text from a state on; Infinity where there is none. Of a trimmed table. */
  longest(state: number): number {
    const known = this.#longest.get(state);
    if (known !== undefined) return known;
    // A state that is met again on the way: texts may go round as often as they like.
    this.#longest.set(state, Number.POSITIVE_INFINITY);
    const found = Math.max(0, ...this.#following(state).map((to) => 1 + this.longest(to)));
    this.#longest.set(state, found);
    return found;
  }

  #following(state: number): number[] {
    return [...new Set(this.next.subarray(state * this.classes, (state + 1) * this.classes))].filter((to) => to >= 0);
  }

  /** Bytes that may follow, in sets that lead to one state each. */
  firsts(state: number): ByteSet[] {
    const sets = new Map<number, ByteSet>();
    for (let byte = 0; byte < 256; byte++) {
      const next = this.after(state, byte);
      if (next < 0) continue;
      const set = sets.get(next) ?? new Uint8Array(256);
      set[byte] = 1;
      sets.set(next, set);
    }
    return [...sets.values()];
  }
}

/**
 * `next` without the ways into states from which no accepting state can be reached. Undefined when
 * the first state is one of them.
 */
export function trimmed(accepts: Uint8Array, next: Int32Array): Int32Array | undefined {
  const classes = next.length / accepts.length;
  // Edges backwards, as lists in two arrays.
  const starts = new Int32Array(accepts.length + 1);
  for (const to of next) if (to >= 0) starts[to + 1]!++;
  for (let state = 0; state < accepts.length; state++) starts[state + 1]! += starts[state]!;
  const filled = starts.slice();
  const from = new Int32Array(starts[accepts.length]!);
  for (let i = 0; i < next.length; i++) {
    const to = next[i]!;
    if (to >= 0) from[filled[to]!++] = Math.floor(i / classes);
  }
  const live = accepts.slice();
  const queue = [...live.keys()].filter((state) => live[state] === 1);
  for (let at = 0; at < queue.length; at++) {
    for (let i = starts[queue[at]!]!; i < starts[queue[at]! + 1]!; i++) {
      if (live[from[i]!] === 1) continue;
      live[from[i]!] = 1;
      queue.push(from[i]!);
    }
  }
  return live[0] === 1 ? next.map((to) => (to >= 0 && live[to] === 1 ? to : -1)) : undefined;
}

/**
 * By (class, mark): the class that the two make and one more, or 0. Kept, since it is large;
 * whoever writes it leaves zeros.
 */
const pairs = new Uint16Array(256 * 256);

/** By byte: the number of its class. Bytes of one class have the same marks (0 to 255) in all rows. */
export function classesOf(rows: Iterable<Uint8Array>): { classOf: Uint8Array; bytes: number[] } {
  const classOf = new Uint8Array(256);
  let count = 1;
  for (const row of rows) {
    if (count === 256) break;
    count = 0;
    const written: number[] = [];
    for (let byte = 0; byte < 256; byte++) {
      const pair = classOf[byte]! * 256 + row[byte]!;
      if (pairs[pair] === 0) {
        pairs[pair] = ++count;
        written.push(pair);
      }
      classOf[byte] = pairs[pair]! - 1;
    }
    for (const pair of written) pairs[pair] = 0;
  }
  const bytes = new Array<number>(count);
  for (let byte = 255; byte >= 0; byte--) bytes[classOf[byte]!] = byte;
  return { classOf, bytes };
}
