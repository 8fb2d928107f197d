/** ObjectGrammar: objects with given properties, in their order, and others behind them. */

import { ANY, constant, constantText, oneSpace, plain, space } from "../json/text.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { type Flat, type Placed, refuse } from "./keywords.ts";

const MAX_PROPERTIES = 512;

interface Member {
  expr: Expr;
  required: boolean;
}

export class ObjectGrammar {
  readonly #g: Grammar;
  readonly #value: (placed: Placed) => Expr;
  readonly #pattern: (placed: Placed) => Expr;
  /** What stands between the quotes of names that a schema allows. */
  readonly #keys: (placed: Placed) => Expr;

  constructor(
    g: Grammar,
    value: (placed: Placed) => Expr,
    pattern: (placed: Placed) => Expr,
    keys: (placed: Placed) => Expr,
  ) {
    this.#g = g;
    this.#value = value;
    this.#pattern = pattern;
    this.#keys = keys;
  }

  object(flat: Flat): Expr {
    const g = this.#g;
    const members = this.#members(flat);
    const other = this.#other(flat);
    const { minProperties: min = 0, maxProperties: max = Number.POSITIVE_INFINITY } = flat;
    // Equal keys count once, so further members never help towards the least number.
    const most = max - members.filter(({ required }) => required).length;
    if (min > members.length) {
      return other.kind === "never"
        ? g.never
        : refuse(`${flat.path}.minProperties`, "is supported up to the number of named properties");
    }
    const comma = g.seq(g.literal(","), space(g));
    const close = g.seq(space(g), g.literal("}"));
    const counts = min > 0 || max < Number.POSITIVE_INFINITY;
    const known = new Map<string, Expr>();
    /** What follows when `had` members are written (0, 1 for some, or counted) and those from `at` on are still to come. */
    const rest = (at: number, had: number): Expr => {
      const key = `${at},${had}`;
      const expr = known.get(key) ?? make(at, had);
      known.set(key, expr);
      return expr;
    };
    const more = (had: number) => (counts ? had + 1 : 1);
    const make = (at: number, had: number): Expr => {
      const before = had > 0 ? comma : g.empty;
      const member = members[at];
      if (member) {
        const written = counts && had >= max ? g.never : g.seq(before, member.expr, rest(at + 1, more(had)));
        return member.required ? written : g.alt(written, rest(at + 1, had));
      }
      if (counts && had < min) return g.never;
      const left = counts ? max - had : Number.POSITIVE_INFINITY;
      const others = g.repeat(g.seq(comma, other), 0, had > 0 ? left : Math.max(left - 1, 0));
      if (had > 0) return g.seq(others, close);
      return g.alt(g.literal("}"), left > 0 ? g.seq(other, others, close) : g.never);
    };
    return most < 0 ? g.never : g.seq(g.literal("{"), space(g), rest(0, 0));
  }

  #members(flat: Flat): Member[] {
    const g = this.#g;
    const required = flat.required ?? new Set();
    const named = new Map(flat.properties ?? []);
    for (const name of required) {
      if (!named.has(name))
        named.set(name, flat.additionalProperties ?? { schema: true, path: `${flat.path}.required` });
    }
    if (named.size > MAX_PROPERTIES) refuse(`${flat.path}.properties`, `expected at most ${MAX_PROPERTIES}`);
    return [...named].map(([name, value]) => {
      const key = constantText(name).slice(1, -1);
      const patterned = (flat.patternProperties ?? []).filter(({ pattern, value: { path } }) =>
        g.holds(this.#pattern({ schema: pattern as never, path }), key),
      );
      if (patterned.length > 0)
        refuse(
          patterned[0]!.value.path,
          `matches the property ${JSON.stringify(name).slice(0, 80)}, which is not supported`,
        );
      const fits = !flat.propertyNames || g.holds(this.#keys(flat.propertyNames), key);
      const expr = fits ? g.seq(constant(g, name), g.literal(":"), oneSpace(g), this.#value(value)) : g.never;
      return { expr, required: required.has(name) };
    });
  }

  /** A member that is not named: key, colon, value. */
  #other(flat: Flat): Expr {
    const g = this.#g;
    const { properties, required, patternProperties = [], propertyNames } = flat;
    const speaksOfNone = !properties && !required && patternProperties.length === 0;
    const additional = flat.additionalProperties ?? (speaksOfNone ? { schema: true, path: flat.path } : undefined);
    const names = [...new Set([...(properties?.keys() ?? []), ...(required ?? [])])];
    const taken = names.map((name) => g.literal(constantText(name).slice(1, -1)));
    const patterns = patternProperties.map(({ pattern, value }) =>
      this.#pattern({ schema: pattern as never, path: value.path }),
    );
    const member = (key: Expr, value: Placed) =>
      g.seq(g.literal('"'), key, g.literal('":'), oneSpace(g), this.#value(value));
    const free = g.repeat(plain(g, ANY));
    const keys = propertyNames ? [free, this.#keys(propertyNames)] : [free];
    const others = patternProperties.map(({ value }, i) => {
      const rest = patterns.filter((_, at) => at !== i);
      return member(intersect(g, [...keys, patterns[i]!], [...taken, ...rest]), value);
    });
    if (additional && additional.schema !== false) {
      const key =
        keys.length === 1 && taken.length + patterns.length === 0 ? free : intersect(g, keys, [...taken, ...patterns]);
      others.push(member(key, additional));
    }
    return g.alt(...others);
  }
}
