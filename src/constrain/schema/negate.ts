/** negate: what holds when a flat schema does not, as alternatives. */
import { TextMap, TextSet } from "../../core/text-keys.ts";
import type { JsonSchema } from "../constraint.ts";
import type { Budget } from "../language/budget.ts";
import type { Flat } from "./keywords.ts";
import { type Placed, under } from "./place.ts";
import { type TypeName, typeNames } from "./values.ts";

const ALL: readonly TypeName[] = typeNames.filter((type) => type !== "integer");

/** The most alternatives that a schema is written in. */
export const MAX_ALTERNATIVES = 256;

/**
 * Undefined when it cannot be said in these keywords, or takes more than `MAX_ALTERNATIVES`.
 * Every alternative names its types.
 */
export function negate(flat: Flat, budget: Budget): Flat[] | undefined {
  const { pointer, types, values, excluded } = flat;
  if (flat.loose || flat.formats || flat.multiples || flat.names || flat.unique || flat.fractional) return undefined;
  if (values) return [{ pointer, excluded: values }];
  const found: Flat[] = [];
  if (types) {
    const isWhole = types.has("integer");
    const others = ALL.filter((type) => !types.has(type) && !(isWhole && type === "number"));
    if (isWhole) found.push({ pointer, types: new Set(["number"]), fractional: true });
    if (others.length > 0) found.push({ pointer, types: new Set(others) });
  }
  if (excluded) found.push({ pointer, values: excluded });
  const of = (type: TypeName, ...alternatives: (Omit<Flat, "pointer" | "types"> | undefined)[]) => {
    const own = type === "number" && types?.has("integer") ? "integer" : type;
    if (types && !types.has(own)) return;
    for (const alternative of alternatives)
      if (alternative) found.push({ pointer, types: new Set([own]), ...alternative });
  };
  of(
    "number",
    flat.minimum === undefined ? undefined : { exclusiveMaximum: flat.minimum },
    flat.exclusiveMinimum === undefined ? undefined : { maximum: flat.exclusiveMinimum },
    flat.maximum === undefined ? undefined : { exclusiveMinimum: flat.maximum },
    flat.exclusiveMaximum === undefined ? undefined : { minimum: flat.exclusiveMaximum },
  );
  of(
    "string",
    below("maxLength", flat.minLength),
    above("minLength", flat.maxLength),
    ...(flat.patterns ?? []).map((pattern) => ({ notPatterns: [pattern] })),
    ...(flat.notPatterns ?? []).map((pattern) => ({ patterns: [pattern] })),
  );
  const arrays = negatedItems(flat, budget);
  const objects = negatedMembers(flat);
  if (!arrays || !objects) return undefined;
  of("array", below("maxItems", flat.minItems), above("minItems", flat.maxItems), ...arrays);
  of("object", below("maxProperties", flat.minProperties), above("minProperties", flat.maxProperties), ...objects);
  return found;
}

const below = (keyword: "maxLength" | "maxItems" | "maxProperties", least: number | undefined) =>
  least === undefined || least === 0 ? undefined : { [keyword]: least - 1 };
const above = (keyword: "minLength" | "minItems" | "minProperties", most: number | undefined) =>
  most === undefined ? undefined : { [keyword]: most + 1 };

const notThis = ({ schema, pointer }: Placed): Placed => ({ schema: { not: schema } as JsonSchema, pointer });
const isAnything = ({ schema }: Placed) => schema === true || Object.keys(schema).length === 0;

/** That a name is not there. */
export const without = (name: string, pointer: string): Pick<Flat, "members"> => ({
  members: [{ properties: new TextMap([[name, { schema: false, pointer: under(pointer, name) }]]), patterns: [] }],
});

function negatedMembers({
  pointer,
  required = new TextSet(),
  members = [],
}: Flat): Omit<Flat, "pointer">[] | undefined {
  const found: Omit<Flat, "pointer">[] = [...required].map((name) => without(name, pointer));
  for (const { properties, patterns, additional } of members) {
    if (patterns.length > 0 || (additional && !isAnything(additional))) return undefined;
    for (const [name, value] of properties) {
      if (isAnything(value)) continue;
      const other = { properties: new TextMap([[name, notThis(value)]]), patterns: [] };
      found.push({ required: new TextSet([name]), members: [other] });
    }
  }
  return found;
}

function negatedItems({ items = [], contains = [] }: Flat, budget: Budget): Omit<Flat, "pointer">[] | undefined {
  const found: Omit<Flat, "pointer">[] = [];
  for (const { prefix, rest } of items) {
    if (prefix.length > 0 && rest && !isAnything(rest)) return undefined;
    // Each alternative lists all items before its own, so a long list costs its square.
    const others = prefix.map(({ pointer }): Placed => ({ schema: true, pointer }));
    for (const [i, item] of prefix.entries()) {
      if (isAnything(item)) continue;
      if (found.length === MAX_ALTERNATIVES) return undefined;
      budget.spend(1 + (i >> 3));
      found.push({ minItems: i + 1, items: [{ prefix: [...others.slice(0, i), notThis(item)] }] });
    }
    if (prefix.length === 0 && rest && !isAnything(rest)) {
      found.push({ contains: [{ item: notThis(rest), min: 1, max: Number.POSITIVE_INFINITY }] });
    }
  }
  for (const { item, min, max } of contains) {
    if (min !== 1 || max < Number.POSITIVE_INFINITY) return undefined;
    found.push({ items: [{ prefix: [], rest: notThis(item) }] });
  }
  return found;
}
