/** ObjectGrammar: objects with given properties, in their order, and others behind them. */

import { TextMap, TextSet } from "../../core/text-keys.ts";
import type { Work } from "../../core/work.ts";
import { literals } from "../json/literals.ts";
import type { Matcher } from "../json/matcher.ts";
import { ANY, character, constant, constantText, oneSpace, plain, space } from "../json/text.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { type Flat, loose, type Members } from "./keywords.ts";
import { type Placed, refuse } from "./place.ts";
import { type LeaveOut, patternOf } from "./scalars.ts";

const MAX_PROPERTIES = 2048;
/** Patterns of which one name may match several. */
const MAX_TOGETHER = 3;

interface Member {
  expr: Expr;
  required: boolean;
}

/** What an object's grammar needs of the schema around it. */
interface Around {
  g: Grammar;
  matcher: Matcher;
  /** Values that fit all of these. */
  value(all: readonly Placed[]): Work<Expr>;
  /** Names that a schema allows, without their quotes. */
  names(placed: Placed): Work<Expr>;
  fits(name: string, placed: Placed): boolean;
  leaveOut: LeaveOut;
}

export class ObjectGrammar {
  readonly #around: Around;
  readonly #flat: Flat;
  readonly #sources: readonly Members[];

  constructor(around: Around, flat: Flat) {
    this.#around = around;
    this.#flat = flat;
    this.#sources = flat.members ?? [];
  }

  *object(): Work<Expr> {
    const { g, leaveOut } = this.#around;
    const members = yield* this.#members();
    const other = yield* this.#other(members.length > 0);
    const { pointer, minProperties: min = 0, maxProperties: max = Number.POSITIVE_INFINITY } = this.#flat;
    if (members.filter(({ required }) => required).length > max) return g.never;
    // Equal keys count once: more than one further member may be the same one.
    const isLoose = min > members.length + 1 && other.kind !== "never";
    if (isLoose)
      leaveOut(loose(pointer, "minProperties", "is supported up to the number of named properties, and one more"));
    const comma = g.seq(g.literal(","), space(g));
    const close = g.seq(space(g), g.literal("}"));
    const counts = min > 0 || max < Number.POSITIVE_INFINITY;
    const end = (had: number): Expr => {
      const least = Math.max(min - had, 0);
      if (counts && ((least > 1 && !isLoose) || had > max)) return g.never;
      const left = max - had;
      const others = (count: number) =>
        g.repeat(g.seq(comma, other), Math.max(least - count, 0), Math.max(left - count, 0));
      if (had > 0) return g.seq(others(0), close);
      const some = left > 0 ? g.seq(other, others(1), close) : g.never;
      return g.alt(least > 0 ? g.never : g.literal("}"), some);
    };
    // From the last member on: what follows when `had` members are written (0, 1 for some, or counted).
    let rest = Array.from({ length: counts ? members.length + 1 : 2 }, (_, had) => end(had));
    for (let at = members.length - 1; at >= 0; at--) {
      const { expr, required } = members[at]!;
      const after = rest;
      rest = Array.from({ length: counts ? at + 1 : Math.min(at + 1, 2) }, (_, had) => {
        const next = after[counts ? had + 1 : 1]!;
        const written = had >= max ? g.never : g.seq(had > 0 ? comma : g.empty, expr, next);
        return required ? written : g.alt(written, after[had]!);
      });
      yield* g.budget.pause();
    }
    return g.seq(g.literal("{"), space(g), rest[0]!);
  }

  *#members(): Work<Member[]> {
    const { g, fits, value } = this.#around;
    const { pointer, required = new TextSet(), names: allowed = [] } = this.#flat;
    const names = new TextSet([...this.#sources.flatMap(({ properties }) => [...properties.keys()]), ...required]);
    if (names.size > MAX_PROPERTIES) refuse(pointer, `expected at most ${MAX_PROPERTIES} properties`);
    const members: Member[] = [];
    for (const name of names) {
      const isAllowed = allowed.every((placed) => fits(name, placed));
      const inner = isAllowed ? yield* value(yield* this.#about(name)) : g.never;
      const expr = g.seq(constant(g, name), g.literal(":"), oneSpace(g), inner);
      members.push({ expr, required: required.has(name) });
      yield* g.budget.pause();
    }
    // What cannot be there needs no counting.
    return members.filter(({ expr, required }) => required || expr.kind !== "never");
  }

  /** What its schemas say of the value of this name. */
  *#about(name: string): Work<Placed[]> {
    const about: Placed[] = [];
    for (const { properties, patterns, additional } of this.#sources) {
      const own = properties.get(name);
      const found = own ? [own] : [];
      for (const { source, value } of patterns) {
        yield* this.#around.matcher.prepare(source);
        if (this.#around.matcher.matches(source, name)) found.push(value);
      }
      about.push(...(found.length === 0 && additional ? [additional] : found));
    }
    return about;
  }

  /** A member that is not named: key, colon, value. */
  *#other(isNamed: boolean): Work<Expr> {
    const { g, value, names: namesOf } = this.#around;
    const { names: allowed = [], required } = this.#flat;
    const named = new TextSet([
      ...this.#sources.flatMap(({ properties }) => [...properties.keys()]),
      ...(required ?? []),
    ]);
    const names = [...named].map((name) => constantText(name).slice(1, -1));
    const taken = names.length > 0 ? [yield* literals(g, names)] : [];
    const sources = new TextMap(
      this.#sources.flatMap(({ patterns }) => patterns.map((pattern) => [pattern.source, pattern])),
    );
    const patterns: Expr[] = [];
    for (const { source, pointer } of sources.values()) patterns.push(yield* patternOf(g, { name: source, pointer }));
    const free = g.repeat(plain(g, ANY));
    const keys: Expr[] = [free];
    for (const placed of allowed) keys.push(yield* namesOf(placed));
    const others: Expr[] = [];
    const numbers = new TextMap([...sources.keys()].map((source, i) => [source, i]));
    const looks = this.#sources.reduce((sum, source) => sum + source.patterns.length, patterns.length);
    for (const met of patternsMet(numbers.size)) {
      g.budget.spend(1 + (looks >> 4));
      yield* g.budget.pause();
      const about = this.#sources.flatMap(({ patterns, additional }) => {
        const own = patterns.filter(({ source }) => met(numbers.get(source)!)).map((pattern) => pattern.value);
        return own.length === 0 && additional ? [additional] : own;
      });
      if (about.some(({ schema }) => schema === false)) continue;
      const fit = patterns.filter((_, i) => met(i));
      const rest = patterns.filter((_, i) => !met(i));
      const key = yield* intersect(g, [...keys, ...fit], [...taken, ...rest]);
      others.push(member(g, key, key.kind === "never" ? g.never : yield* value(about)));
    }
    // Others come where a schema speaks of them, or where it names none that may come.
    const additional = this.#sources.flatMap((source) => source.additional ?? []);
    const isOpen = additional.length > 0 || (!isNamed && patterns.length === 0);
    if (isOpen && additional.every(({ schema }) => schema !== false)) {
      const isFree = keys.length === 1 && taken.length + patterns.length === 0;
      const key = isFree ? free : yield* intersect(g, keys, [...taken, ...patterns]);
      others.push(member(g, key, key.kind === "never" ? g.never : yield* value(additional)));
    }
    return g.alt(...others);
  }
}

/** Which of so many patterns a name may match at once: any of a few, or one. */
function patternsMet(count: number): ((pattern: number) => boolean)[] {
  if (count > MAX_TOGETHER) return Array.from({ length: count }, (_, only) => (pattern) => pattern === only);
  return Array.from({ length: 2 ** count - 1 }, (_, i) => (pattern) => (((i + 1) >> pattern) & 1) === 1);
}

const member = (g: Grammar, key: Expr, value: Expr): Expr =>
  g.seq(g.literal('"'), key, g.literal('":'), oneSpace(g), value);

/** A name in its one spelling, without quotes. */
export const anyName = (g: Grammar): Expr => g.repeat(character(g, ANY));
