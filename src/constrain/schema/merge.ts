/** merge: what holds when both of two flat schemas hold. */
import { TextSet } from "../../core/text-keys.ts";
import type { Budget } from "../language/budget.ts";
import { type Flat, type Writable, withoutDoubles } from "./keywords.ts";
import { among, type TypeName, typeOf } from "./values.ts";

/**
 * What two of one field are together: a number is the larger or the smaller one, lists are joined, and
 * `own` ones have code of their own.
 */
type Way = "larger" | "smaller" | "joined" | "own";

/** A field that is missing here would be dropped silently from the second schema: this does not compile without it. */
const WAYS = {
  pointer: "own",
  types: "own",
  values: "own",
  required: "own",
  unique: "own",
  fractional: "own",
  excluded: "own",
  members: "joined",
  names: "joined",
  items: "joined",
  contains: "joined",
  patterns: "joined",
  notPatterns: "joined",
  formats: "joined",
  multiples: "joined",
  loose: "joined",
  minLength: "larger",
  minItems: "larger",
  minProperties: "larger",
  minimum: "larger",
  exclusiveMinimum: "larger",
  maxLength: "smaller",
  maxItems: "smaller",
  maxProperties: "smaller",
  maximum: "smaller",
  exclusiveMaximum: "smaller",
} as const satisfies Record<keyof Flat, Way>;

type Fields<W extends Way> = { [Name in keyof Flat]-?: (typeof WAYS)[Name] extends W ? Name : never }[keyof Flat];
const fieldsOf = <W extends Way>(way: W) =>
  (Object.keys(WAYS) as (keyof Flat)[]).filter((name): name is Fields<W> => WAYS[name] === way);

const JOINED = fieldsOf("joined");
const LARGER = fieldsOf("larger");
const SMALLER = fieldsOf("smaller");

/** Steps to look at every field of two. */
const MERGING = 24;

/** Undefined when no value can satisfy both. */
export function merge(a: Flat, b: Flat, budget: Budget): Flat | undefined {
  budget.spend(MERGING);
  if (Object.keys(b).length === 1) return a;
  if (Object.keys(a).length === 1) return b;
  const merged: Writable<Flat> = { ...a };
  if (a.types && b.types) merged.types = commonTypes(a.types, b.types);
  else if (b.types) merged.types = b.types;
  if (a.values && b.values) {
    const isOther = among(b.values, budget);
    merged.values = a.values.filter(isOther);
  } else if (b.values) merged.values = b.values;
  if (a.required || b.required) {
    merged.required = new TextSet([...(a.required ?? []), ...(b.required ?? [])]);
    budget.spend(merged.required.size);
  }
  if (a.excluded && b.excluded) {
    const isKnown = among(a.excluded, budget);
    merged.excluded = [...a.excluded, ...b.excluded.filter((value) => !isKnown(value))];
  } else if (b.excluded) merged.excluded = b.excluded;
  if (b.unique) merged.unique = true;
  if (b.fractional) merged.fractional = true;
  for (const keyword of JOINED) {
    const [x, y] = [a[keyword], b[keyword]] as const;
    if (!y) continue;
    budget.spend(y.length + (x?.length ?? 0));
    Object.assign(merged, { [keyword]: x ? [...new Set<unknown>([...x, ...y])] : y });
  }
  for (const keyword of LARGER) merged[keyword] = both(a[keyword], b[keyword], Math.max);
  for (const keyword of SMALLER) merged[keyword] = both(a[keyword], b[keyword], Math.min);
  for (const keyword of [...LARGER, ...SMALLER]) if (merged[keyword] === undefined) delete merged[keyword];
  return isImpossible(merged, budget) ? undefined : merged;
}

/** `join` of two, or the one that is there. */
export const both = <T>(a: T | undefined, b: T | undefined, join: (a: T, b: T) => T): T | undefined =>
  a === undefined ? b : b === undefined ? a : join(a, b);

/** Seen at a glance. */
function isImpossible(flat: Writable<Flat>, budget: Budget): boolean {
  const { types, values, excluded = [] } = flat;
  if (values) {
    const isExcluded = among(excluded, budget);
    budget.spend(values.length);
    flat.values = values.filter((value) => {
      if ((types && !hasType(types, value)) || (flat.fractional && Number.isInteger(value))) return false;
      return !isExcluded(value);
    });
    return flat.values.length === 0;
  }
  if (!types) return false;
  const out = (type: TypeName, isOut: boolean) => isOut && types.has(type);
  const crosses = (low: number | undefined, high: number | undefined) =>
    low !== undefined && high !== undefined && low > high;
  const isOut =
    crosses(flat.minimum, flat.maximum) ||
    crosses(flat.exclusiveMinimum, flat.maximum) ||
    crosses(flat.minimum, flat.exclusiveMaximum);
  const left = new Set(types);
  if (out("number", isOut)) left.delete("number");
  if (out("integer", isOut || flat.fractional === true)) left.delete("integer");
  if (out("string", crosses(flat.minLength, flat.maxLength))) left.delete("string");
  if (out("array", crosses(flat.minItems, flat.maxItems))) left.delete("array");
  if (out("object", crosses(Math.max(flat.minProperties ?? 0, flat.required?.size ?? 0), flat.maxProperties)))
    left.delete("object");
  if (excluded.includes(null)) left.delete("null");
  if (excluded.includes(true) && excluded.includes(false)) left.delete("boolean");
  flat.types = left;
  return left.size === 0;
}

export function hasType(types: ReadonlySet<TypeName>, value: unknown): boolean {
  return types.has(typeOf(value)) || (types.has("integer") && Number.isInteger(value));
}

function commonTypes(a: ReadonlySet<TypeName>, b: ReadonlySet<TypeName>): ReadonlySet<TypeName> {
  const isIn = (types: ReadonlySet<TypeName>, type: TypeName) =>
    types.has(type) || (type === "integer" && types.has("number"));
  return withoutDoubles(new Set([...a, ...b].filter((type) => isIn(a, type) && isIn(b, type))));
}
