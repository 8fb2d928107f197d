/** array: its items one by one, and counted. */

import type { Work } from "../../core/work.ts";
import { constant, space } from "../json/text.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { type Contains, type Flat, loose } from "./keywords.ts";
import type { Placed } from "./place.ts";
import type { LeaveOut } from "./scalars.ts";

/** Arrays without equal items are held to where there are no more values than this. */
const MAX_VALUES = 7;
/** Items to find in an array, and items that an array has at most, where some are to be found. */
const MAX_FOUND = 4;
const MAX_COUNTED = 32;

interface ArrayAround {
  g: Grammar;
  /** Values that fit all of these. */
  value(all: readonly Placed[]): Work<Expr>;
  /** All values that fit, where they are few constants. */
  constants(all: readonly Placed[]): Work<readonly unknown[] | undefined>;
  leaveOut: LeaveOut;
}

export function* array({ g, value, constants, leaveOut }: ArrayAround, flat: Flat): Work<Expr> {
  const { pointer, items = [], minItems: min = 0, maxItems: most = Number.POSITIVE_INFINITY } = flat;
  const at = (i: number): Placed[] => items.flatMap(({ prefix, rest }) => prefix[i] ?? rest ?? []);
  const length = Math.max(0, ...items.map(({ prefix }) => prefix.length));
  const prefix: Expr[] = [];
  for (let i = 0; i < Math.min(length, most); i++) prefix.push(yield* value(at(i)));
  const speaks = length === 0 || items.some(({ rest }) => rest !== undefined) || min > length;
  const rest = at(Number.POSITIVE_INFINITY);
  const item = speaks && most > length ? yield* value(rest) : g.never;
  const comma = g.seq(g.literal(","), space(g));
  const close = g.seq(space(g), g.literal("]"));
  const open = (inside: Expr) => g.seq(g.literal("["), space(g), inside);
  const max = item.kind === "never" ? Math.min(most, length) : most;
  if (min > max) return g.never;
  if (flat.unique && max > 1) {
    const values = length === 0 && !flat.contains ? yield* constants(rest) : undefined;
    if (values && values.length <= MAX_VALUES) return open(distinct(g, values, min, max, comma, close));
    leaveOut(loose(pointer, "uniqueItems", `is supported for items of at most ${MAX_VALUES} constants`));
  }
  const contains = flat.contains?.filter((found) => found.min > 0 || found.max < Number.POSITIVE_INFINITY) ?? [];
  if (contains.length === 1 && isCountable(contains[0]!, length, min, max)) {
    const found = yield* value([...rest, contains[0]!.item]);
    return open(containing(g, { item, found, count: contains[0]!.min, min, max, comma, close }));
  }
  for (const _ of contains) leaveOut(loose(pointer, "contains", "is supported once, for few items"));
  const more = (had: number) =>
    g.seq(g.repeat(g.seq(comma, item), Math.max(min - had, 0), Math.max(max - had, 0)), close);
  if (length === 0) {
    const some = max > 0 ? g.seq(item, more(1)) : g.never;
    return open(g.alt(min === 0 ? g.literal("]") : g.never, some));
  }
  let tail = length <= max ? more(length) : close;
  for (let i = Math.min(length, max) - 1; i >= 0; i--) {
    const next = g.seq(i > 0 ? comma : g.empty, prefix[i]!, tail);
    tail = g.alt(i >= min ? (i === 0 ? g.literal("]") : close) : g.never, next);
    yield* g.budget.pause();
  }
  return open(max === 0 ? g.literal("]") : tail);
}

function isCountable({ min: count, max: most }: Contains, prefix: number, min: number, max: number): boolean {
  const isCounted = min > 0 || max < Number.POSITIVE_INFINITY;
  return (
    prefix === 0 &&
    count <= MAX_FOUND &&
    most === Number.POSITIVE_INFINITY &&
    (!isCounted || (min <= MAX_COUNTED && (max <= MAX_COUNTED || max === Number.POSITIVE_INFINITY)))
  );
}

interface Found {
  item: Expr;
  /** An item that is one of those to be found. */
  found: Expr;
  count: number;
  min: number;
  max: number;
  comma: Expr;
  close: Expr;
}

/** Arrays in which at least `count` items are found. */
function containing(g: Grammar, { item, found, count, min, max, comma, close }: Found): Expr {
  const counted = max < Number.POSITIVE_INFINITY ? max : min;
  const known = new Map<string, Expr>();
  /** `had` items, of which `seen` are found; beyond `counted`, only the found ones are counted. */
  const rest = (had: number, seen: number): Expr => {
    const key = `${had},${seen}`;
    const before = known.get(key);
    if (before) return before;
    const isFull = had >= max;
    const step = (of: Expr, now: number): Expr => {
      const part = g.seq(had > 0 ? comma : g.empty, of);
      return isFull ? g.never : g.seq(part, rest(had + 1, Math.min(seen + now, count)));
    };
    let made: Expr;
    if (had >= Math.max(counted, 1) && max === Number.POSITIVE_INFINITY) {
      // From here on the number of items does not matter.
      const others = g.repeat(g.seq(comma, item));
      let tail = g.seq(others, close);
      for (let n = seen; n < count; n++) tail = g.seq(others, comma, found, tail);
      made = tail;
    } else {
      const end = had >= min && seen >= count ? (had === 0 ? g.literal("]") : close) : g.never;
      made = g.alt(end, step(item, 0), seen < count ? step(found, 1) : g.never);
    }
    known.set(key, made);
    return made;
  };
  return rest(0, 0);
}

/** Arrays of these values, each at most once. */
function distinct(g: Grammar, values: readonly unknown[], min: number, max: number, comma: Expr, close: Expr): Expr {
  const texts = values.map((value) => constant(g, value));
  const known = new Map<number, Expr>();
  const rest = (used: number): Expr => {
    const before = known.get(used);
    if (before) return before;
    const had = texts.filter((_, i) => (used >> i) & 1).length;
    const next = texts.flatMap((text, i) =>
      (used >> i) & 1 || had >= max ? [] : [g.seq(had > 0 ? comma : g.empty, text, rest(used | (1 << i)))],
    );
    const end = had >= min ? (had === 0 ? g.literal("]") : close) : g.never;
    const made = g.alt(end, ...next);
    known.set(used, made);
    return made;
  };
  return rest(0);
}
