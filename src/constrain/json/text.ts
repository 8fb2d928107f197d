/**
 * JSON's text, byte by byte: white space, strings, and characters in strings.
 *
 * Raw characters end at U+3FFFF (no character is assigned beyond, but private and tag ones), so that tokenizers that
 * lack the bytes for more are enough. Constants beyond are written with escapes.
 */
import { Automaton } from "../language/automaton.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { Unsupported } from "../language/unsupported.ts";

/** Code points, both ends included. */
export type Range = readonly [low: number, high: number];

const LAST = 0x3ffff;
export const EVERYTHING: Range = [0, LAST];
export const ANY: readonly Range[] = [EVERYTHING];
const SPECIAL = '"\\';
/** Nested white space is bounded, or a model could write nothing else for ever. */
const INDENT = 20;

/** None, a space, or a new line with up to 20 spaces. A table, since it stands between any two parts of a value. */
export const space = (g: Grammar): Expr => g.automaton(SPACE, 0);

const SPACE = ((): Automaton => {
  const [SPACES, LINES, OTHERS] = [0, 1, 2];
  const classOf = new Uint8Array(256).fill(OTHERS);
  classOf[0x20] = SPACES;
  classOf[0x0a] = LINES;
  // At the start, behind one space, and behind a new line with so many spaces.
  const states = 2 + INDENT + 1;
  const next = new Int32Array(3 * states).fill(-1);
  next[SPACES] = 1;
  next[LINES] = 2;
  for (let state = 2; state + 1 < states; state++) next[3 * state + SPACES] = state + 1;
  return new Automaton(new Uint8Array(states).fill(1), classOf, next, true);
})();

/** After a colon. */
export const oneSpace = (g: Grammar): Expr => g.optional(g.literal(" "));

/** A character of a string value, in any form that JSON allows but lone surrogates. */
export function anyCharacter(g: Grammar): Expr {
  const hex = g.oneOf("0123456789abcdefABCDEF");
  const notSurrogate = g.alt(
    g.seq(g.oneOf("0123456789abcefABCEF"), hex, hex, hex),
    g.seq(g.oneOf("dD"), g.oneOf("01234567"), hex, hex),
  );
  return g.alt(plain(g, ANY), g.seq(g.literal("\\"), g.alt(g.oneOf('"\\/bfnrt'), g.seq(g.literal("u"), notSurrogate))));
}

/** Large sets, such as \p{L}, come more than once in a pattern, as one array. */
const characters = new WeakMap<Grammar, Map<readonly Range[], Expr>>();

/** A character out of `ranges`, in the one form that JSON.stringify gives it. */
export function character(g: Grammar, ranges: readonly Range[]): Expr {
  const known = characters.get(g) ?? new Map<readonly Range[], Expr>();
  characters.set(g, known);
  const found = known.get(ranges) ?? characterOf(g, ranges);
  g.budget.spend(1);
  known.set(ranges, found);
  return found;
}

/** Whether it was made by `character`. */
export function isCharacter(g: Grammar, expr: Expr): boolean {
  for (const known of characters.get(g)?.values() ?? []) if (known === expr) return true;
  return false;
}

/** Steps for a range: it is cut into sequences of bytes. */
const RANGE = 8;

function characterOf(g: Grammar, ranges: readonly Range[]): Expr {
  g.budget.spend(RANGE * (1 + ranges.length));
  const escaped = [...SPECIAL, ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))].filter((c) =>
    ranges.some(([low, high]) => c.charCodeAt(0) >= low && c.charCodeAt(0) <= high),
  );
  return g.alt(plain(g, ranges), ...escaped.map((c) => g.literal(JSON.stringify(c).slice(1, -1))));
}

/**
 * Characters of `ranges` that stand for themselves. Not in keys that must differ from others:
 * escapes could spell the same key.
 */
export function plain(g: Grammar, ranges: readonly Range[]): Expr {
  const parts: Range[] = [
    [0x20, 0x21],
    [0x23, 0x5b],
    [0x5d, 0xd7ff],
    [0xe000, LAST],
  ];
  const sequences = parts.flatMap(([from, to]) =>
    ranges
      .map(([low, high]): Range => [Math.max(low, from), Math.min(high, to)])
      .filter(([low, high]) => low <= high)
      .flatMap(([low, high]) => utf8Ranges(low, high)),
  );
  return g.union(sequences.map((ranges) => g.seq(...ranges.map(([low, high]) => g.range(low, high)))));
}

/** The text of a constant. */
export const constant = (g: Grammar, value: unknown): Expr => g.literal(constantText(value));

export function constantText(value: unknown): string {
  if (typeof value === "number" && !Number.isFinite(value)) throw new Unsupported("expected a finite number");
  return JSON.stringify(value).replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]/g, (pair) =>
    pair.codePointAt(0)! <= LAST
      ? pair
      : [...pair.split("")].map((unit) => `\\u${unit.charCodeAt(0).toString(16)}`).join(""),
  );
}

/** Sequences of byte ranges that are the UTF-8 of [low, high]. Source: RE2, `Compiler::AddRuneRangeUTF8`. */
function utf8Ranges(low: number, high: number): Range[][] {
  for (const last of [0x7f, 0x7ff, 0xffff]) {
    if (low <= last && last < high) return [...utf8Ranges(low, last), ...utf8Ranges(last + 1, high)];
  }
  if (high < 0x80) return [[[low, high]]];
  for (const bits of [6, 12, 18]) {
    const tail = (1 << bits) - 1;
    if ((low & ~tail) === (high & ~tail)) continue;
    if ((low & tail) !== 0) return [...utf8Ranges(low, low | tail), ...utf8Ranges((low | tail) + 1, high)];
    if ((high & tail) !== tail) return [...utf8Ranges(low, (high & ~tail) - 1), ...utf8Ranges(high & ~tail, high)];
  }
  const ends = [low, high].map((code) => [...new TextEncoder().encode(String.fromCodePoint(code))]);
  return [ends[0]!.map((byte, i): Range => [byte, ends[1]![i]!])];
}
