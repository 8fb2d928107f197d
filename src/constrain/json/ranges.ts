/** Sets of characters that patterns name. */
import { EVERYTHING, type Range } from "./text.ts";

/** The letters of \d, \w and \s, and what `.` leaves out. */
export const shorthands: Readonly<Record<"d" | "w" | "s" | "lineEnds", readonly Range[]>> = {
  lineEnds: [
    [0x0a, 0x0a],
    [0x0d, 0x0d],
    [0x2028, 0x2029],
  ],
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [
    [9, 13],
    [0x20, 0x20],
    [0xa0, 0xa0],
    [0x1680, 0x1680],
    [0x2000, 0x200a],
    [0x2028, 0x2029],
    [0x202f, 0x202f],
    [0x205f, 0x205f],
    [0x3000, 0x3000],
    [0xfeff, 0xfeff],
  ],
};

export const toRange = (code: number): Range => [code, code];

export function complement(ranges: readonly Range[]): Range[] {
  const left: Range[] = [];
  let from = EVERYTHING[0];
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    if (low > from) left.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  return from <= EVERYTHING[1] ? [...left, [from, EVERYTHING[1]]] : left;
}

/** Steps to look at every character once, whether somebody did before or not. */
const SCAN = 10_000;
const KEPT = 64;
const CHUNK = 4096;
const scanned = new Map<string, Range[]>();

/** Code points with a Unicode property, as \p{name} writes it. Undefined when there is none of this name. */
export function rangesOf(name: string, spend: (steps: number) => void): Range[] | undefined {
  spend(SCAN);
  const known = scanned.get(name);
  if (known) return known;
  if (!/^[A-Za-z0-9_]{1,40}(=[A-Za-z0-9_]{1,40})?$/.test(name)) return undefined;
  let runs: RegExp;
  try {
    // A name and nothing else: one pass, whatever the name is.
    runs = new RegExp(`\\p{${name}}+`, "gu");
  } catch {
    return undefined;
  }
  const ranges: [number, number][] = [];
  for (let from = EVERYTHING[0]; from <= EVERYTHING[1]; from += CHUNK) {
    if (from === 0xd000) continue;
    addRuns(runs, from, CHUNK, ranges);
  }
  addRuns(runs, 0xd000, 0x800, ranges);
  ranges.sort(([a], [b]) => a - b);
  if (scanned.size >= KEPT) scanned.delete(scanned.keys().next().value!);
  scanned.set(name, ranges);
  return ranges;
}

/** Half of the block at 0xD000 are surrogates, which are no characters. */
function addRuns(runs: RegExp, from: number, count: number, ranges: [number, number][]): void {
  const text = String.fromCodePoint(...Array.from({ length: count }, (_, i) => from + i));
  for (const { 0: run, index } of text.matchAll(runs)) {
    const first = text.codePointAt(index)!;
    const length = from > 0xffff ? run.length / 2 : run.length;
    const last = ranges.at(-1);
    if (last && last[1] === first - 1) last[1] = first + length - 1;
    else ranges.push([first, first + length - 1]);
  }
}
