/** Strings and numbers of a schema. */

import type { Work } from "../../core/work.ts";
import { formatChecks } from "../check/format-checks.ts";
import { literals } from "../json/literals.ts";
import { type Bound, integer, multiplesOf, number, plainNumbers } from "../json/numbers.ts";
import { pattern } from "../json/pattern.ts";
import { ANY, anyCharacter, character, constantText, isCharacter } from "../json/text.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect, withLength } from "../language/intersect.ts";
import { Lasting } from "../language/lasting.ts";
import { Unsupported } from "../language/unsupported.ts";
import { numberFormats, stringFormats } from "./formats.ts";
import { type Flat, type Loose, loose, type Named } from "./keywords.ts";
import { both } from "./merge.ts";
import { placed } from "./place.ts";

const formats: ReadonlyMap<string, Lasting> = new Map(
  Object.entries(stringFormats).map(([name, source]) => [name, new Lasting((g) => pattern(g, source))]),
);
const ANY_INTEGER = new Lasting(function* (g) {
  yield* g.budget.pause();
  return integer(g);
});
const ANY_NUMBER = new Lasting(function* (g) {
  yield* g.budget.pause();
  return number(g);
});

/** Told of what a language is not held to. */
export type LeaveOut = (what: Loose) => void;

/** With its quotes. */
export function* string(g: Grammar, flat: Flat, leaveOut: LeaveOut): Work<Expr> {
  return g.seq(g.literal('"'), yield* content(g, flat, anyCharacter(g), leaveOut, withLength), g.literal('"'));
}

/** A name of a member, without its quotes and in one spelling. */
export function name(g: Grammar, flat: Flat, leaveOut: LeaveOut): Work<Expr> {
  return content(g, flat, character(g, ANY), leaveOut, tableOfLengths);
}

const parentOf = (pointer: string) => pointer.slice(0, pointer.lastIndexOf("/"));

/** Those texts of a table that have so many characters. */
type OfLength = (g: Grammar, expr: Expr, min: number, max: number) => Work<Expr>;

/** As a table itself, for names, which are compared with others. */
function* tableOfLengths(g: Grammar, expr: Expr, min: number, max: number): Work<Expr> {
  return yield* intersect(g, [expr, g.repeat(character(g, ANY), min, max)]);
}

function* content(g: Grammar, flat: Flat, free: Expr, leaveOut: LeaveOut, ofLength: OfLength): Work<Expr> {
  const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, patterns = [], notPatterns = [], excluded = [] } = flat;
  const held: Expr[] = [];
  for (const named of patterns) held.push(yield* patternOf(g, named));
  const texts = excluded.filter((value) => typeof value === "string");
  const none: Expr[] = [];
  if (texts.length > 0)
    none.push(
      yield* literals(
        g,
        texts.map((value) => constantText(value).slice(1, -1)),
      ),
    );
  for (const named of notPatterns) none.push(yield* patternOf(g, named));
  const formats: Expr[] = [];
  for (const named of flat.formats ?? []) formats.push(...(yield* formatOf(g, named, leaveOut)));
  const bounded = minLength > 0 || maxLength < Number.POSITIVE_INFINITY;
  if (held.length + none.length + formats.length === 0) return g.repeat(free, minLength, maxLength);
  const [only] = held;
  if (
    bounded &&
    held.length === 1 &&
    formats.length + none.length === 0 &&
    only?.kind === "repeat" &&
    isCharacter(g, only.of)
  )
    return g.repeat(only.of, Math.max(minLength, only.min), Math.min(maxLength, only.max));
  // Some formats are never as long as they may be.
  const isWithin = formats.some((format) => staysWithin(format, minLength, maxLength));
  if (held.length + formats.length === 0) held.push(g.repeat(character(g, ANY)));
  const where = patterns[0] ?? flat.formats?.[0];
  try {
    const ofAnyLength = yield* intersect(g, [...held, ...formats], none);
    const narrow = bounded && !isWithin ? yield* ofLength(g, ofAnyLength, minLength, maxLength) : ofAnyLength;
    if (narrow.kind !== "never" || formats.length === 0) return narrow;
    // What is written for a format is narrower than the format: others may fit.
    for (const { pointer } of flat.formats ?? []) leaveOut(loose(parentOf(pointer), "format"));
    return held.length + none.length > 0
      ? yield* intersect(g, held.length > 0 ? held : [g.repeat(character(g, ANY))], none)
      : g.repeat(free);
  } catch (thrown) {
    throw where ? placed(thrown, where.pointer) : thrown;
  }
}

/** Every text of a table has so many bytes at least and at most. */
function staysWithin(expr: Expr, least: number, most: number): boolean {
  if (expr.kind !== "automaton") return false;
  return expr.automaton.shortest(expr.state) >= least && expr.automaton.longest(expr.state) <= most;
}

/** What stands between the quotes. */
export function* patternOf(g: Grammar, { name, pointer }: Named): Work<Expr> {
  try {
    return yield* pattern(g, name);
  } catch (thrown) {
    throw placed(thrown, pointer);
  }
}

/** Nothing where the format is only checked, or says nothing of strings. */
function* formatOf(g: Grammar, { name, pointer }: Named, leaveOut: LeaveOut): Work<Expr[]> {
  const lasting = formats.get(name);
  if (lasting) return [yield* lasting.in(g)];
  if (numberFormats.has(name)) return [];
  const why = `is supported as ${Object.keys(stringFormats).join(", ")}`;
  leaveOut({ ...loose(parentOf(pointer), "format", why), checked: Object.hasOwn(formatChecks, name) });
  return [];
}

export function* numeric(g: Grammar, type: "number" | "integer", flat: Flat): Work<Expr> {
  const formats = (flat.formats ?? []).map(({ name }) => name);
  const [least, most] = formats.includes("int32") ? [-(2 ** 31), 2 ** 31 - 1] : [undefined, undefined];
  const low = tighter(both(flat.minimum, least, Math.max), flat.exclusiveMinimum, (a, b) => a >= b);
  const high = tighter(both(flat.maximum, most, Math.min), flat.exclusiveMaximum, (a, b) => a <= b);
  const excluded = (flat.excluded ?? []).filter((value) => typeof value === "number");
  let found: Expr;
  if (!flat.multiples && !low && !high) found = yield* (type === "integer" ? ANY_INTEGER : ANY_NUMBER).in(g);
  else if (flat.multiples) found = yield* multiplesOf(g, type, low, high, flat.multiples);
  else found = type === "integer" ? integer(g, low, high) : number(g, low, high);
  return excluded.length === 0
    ? found
    : yield* intersect(
        g,
        [found, plainNumbers(g)],
        excluded.flatMap((value) => spellings(g, value)),
      );
}

/** Of a number without an exponent and without zeros at the end. */
function spellings(g: Grammar, value: number): Expr[] {
  const text = `${value}`;
  if (text.includes("e")) throw new Unsupported("expected a number without an exponent");
  return value === 0 ? [g.literal("0"), g.literal("-0")] : [g.literal(text)];
}

function tighter(
  inclusive: number | undefined,
  exclusive: number | undefined,
  isTighter: (a: number, b: number) => boolean,
): Bound | undefined {
  if (exclusive !== undefined && (inclusive === undefined || isTighter(exclusive, inclusive))) {
    return { value: exclusive, exclusive: true };
  }
  return inclusive === undefined ? undefined : { value: inclusive, exclusive: false };
}
