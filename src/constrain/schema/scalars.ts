/** Strings and numbers of a schema. */

import { type Bound, integer, multiplesOf, number, rounded } from "../json/numbers.ts";
import { pattern } from "../json/pattern.ts";
import { ANY, anyCharacter, character } from "../json/text.ts";
import { TooComplex } from "../language/budget.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Unsupported } from "../language/unsupported.ts";
import { stringFormats } from "./formats.ts";
import { type Flat, type Placed, refuse, refuseTooComplex, shown } from "./keywords.ts";
import { both } from "./merge.ts";

/** Names the place of what cannot be held to. */
export function at(path: string, make: () => Expr): Expr {
  try {
    return make();
  } catch (thrown) {
    if (thrown instanceof Unsupported) return refuse(path, thrown.message);
    if (thrown instanceof TooComplex) return refuseTooComplex(path, thrown.message);
    throw thrown;
  }
}

/** With its quotes. */
export function string(g: Grammar, flat: Flat): Expr {
  return g.seq(g.literal('"'), content(g, flat, anyCharacter(g)), g.literal('"'));
}

/** A name of a property, without its quotes, and in one spelling. */
export function key(g: Grammar, flat: Flat): Expr {
  return content(g, flat, character(g, ANY));
}

function content(
  g: Grammar,
  { minLength = 0, maxLength = Number.POSITIVE_INFINITY, patterns = [], formats = [] }: Flat,
  free: Expr,
): Expr {
  const parts = [...patterns.map((placed) => patternOf(g, placed)), ...formats.map((placed) => formatOf(g, placed))];
  if (parts.length === 0) return g.repeat(free, minLength, maxLength);
  const places = [...patterns, ...formats];
  const bounded = minLength > 0 || maxLength < Number.POSITIVE_INFINITY;
  const length = bounded ? [g.repeat(character(g, ANY), minLength, maxLength)] : [];
  return at(places[0]!.path, () => intersect(g, [...parts, ...length]));
}

/** What stands between the quotes. */
export function patternOf(g: Grammar, { schema, path }: Placed): Expr {
  return at(path, () => pattern(g, schema as never));
}

function formatOf(g: Grammar, { schema, path }: Placed): Expr {
  const name = schema as unknown as string;
  const source = Object.hasOwn(stringFormats, name) ? stringFormats[name]! : undefined;
  if (source === undefined)
    return refuse(path, `${shown(name)} is not supported, but ${Object.keys(stringFormats).join(", ")}`);
  return at(path, () => pattern(g, source));
}

export function numeric(g: Grammar, type: "number" | "integer", flat: Flat): Expr {
  const [least, most] = numberFormats(flat);
  const low = tighter(both(flat.minimum, least, Math.max), flat.exclusiveMinimum, (a, b) => a >= b);
  const high = tighter(both(flat.maximum, most, Math.min), flat.exclusiveMaximum, (a, b) => a <= b);
  const { multipleOf } = flat;
  if (multipleOf === undefined) return type === "integer" ? integer(g, low, high) : number(g, low, high);
  return at(`${flat.path}.multipleOf`, () => {
    const places = [1, 2, 3, 4, 5, 6].find((n) => multipleOf === Number(`1e-${n}`));
    if (places === undefined) return multiplesOf(g, integer(g, low, high), multipleOf);
    return type === "integer" ? integer(g, low, high) : rounded(g, number(g, low, high), places);
  });
}

/** OpenAPI's formats of numbers; the others have more room than the digits that are written. */
function numberFormats({ formats = [], path }: Flat): [low?: number, high?: number] {
  const names = formats.map(({ schema }) => schema as unknown as string);
  const known = ["int32", "int64", "float", "double", ...Object.keys(stringFormats)];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return refuse(`${path}.format`, `${shown(unknown)} is not supported for numbers`);
  return names.includes("int32") ? [-(2 ** 31), 2 ** 31 - 1] : [];
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
