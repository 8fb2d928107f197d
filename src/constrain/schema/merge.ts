/** merge: what holds when both of two flat schemas hold. */
import type { Budget } from "../language/budget.ts";
import { type Flat, type Writable, withoutDoubles } from "./keywords.ts";
import { among, type TypeName, typeOf } from "./values.ts";

const LARGEST = ["minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"] as const;
const SMALLEST = ["maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"] as const;
const LISTS = [
  "excluded",
  "members",
  "names",
  "items",
  "contains",
  "patterns",
  "notPatterns",
  "formats",
  "multiples",
  "loose",
] as const;

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
    merged.required = new Set([...(a.required ?? []), ...(b.required ?? [])]);
    budget.spend(merged.required.size);
  }
  if (b.unique) merged.unique = true;
  if (b.fractional) merged.fractional = true;
  for (const keyword of LISTS) {
    const [x, y] = [a[keyword], b[keyword]] as const;
    if (!y) continue;
    budget.spend(y.length + (x?.length ?? 0));
    Object.assign(merged, { [keyword]: x ? [...new Set<unknown>([...x, ...y])] : y });
  }
  for (const keyword of LARGEST) merged[keyword] = both(a[keyword], b[keyword], Math.max);
  for (const keyword of SMALLEST) merged[keyword] = both(a[keyword], b[keyword], Math.min);
  for (const keyword of [...LARGEST, ...SMALLEST]) if (merged[keyword] === undefined) delete merged[keyword];
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
