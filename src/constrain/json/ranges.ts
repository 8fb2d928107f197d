/** Sets of characters that patterns name. */
import { EVERYTHING, type Range } from "./text.ts";

/** `.` is none of these. */
export const LINE_ENDS: readonly Range[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
/** The letters of \d, \w and \s. */
export const shorthands: Record<string, Range[]> = {
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
export const codeRange = (char: string): Range => toRange(char.codePointAt(0)!);

export function complement(ranges: readonly Range[]): Range[] {
  const left: Range[] = [];
  let from = EVERYTHING[0];
  for (const [low, high] of ranges.toSorted(([a], [b]) => a - b)) {
    if (low > from) left.push([from, low - 1]);
    from = Math.max(from, high + 1);
  }
  return from <= EVERYTHING[1] ? [...left, [from, EVERYTHING[1]]] : left;
}

/** Code points of an escape such as \p{L}, as the platform has them. */
export function rangesOf(characters: string): Range[] {
  const is = new RegExp(`^${characters}$`, "u");
  const ranges: [number, number][] = [];
  for (let code = EVERYTHING[0]; code <= EVERYTHING[1]; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue;
    if (!is.test(String.fromCodePoint(code))) continue;
    const last = ranges.at(-1);
    if (last && last[1] === code - 1) last[1] = code;
    else ranges.push([code, code]);
  }
  return ranges;
}
