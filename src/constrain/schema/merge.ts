/** merge: what holds when both of two flat schemas hold. */

import type { JsonSchema } from "../constraint.ts";
import type { Budget } from "../language/budget.ts";

import { type Flat, isSame, type Placed, refuse, type TypeName } from "./keywords.ts";

/** Undefined when no value can satisfy both. Failure `request_invalid` where the two cannot be brought together. */
export function merge(a: Flat, b: Flat, budget: Budget): Flat | undefined {
  budget.spend(8);
  const and = (x: Placed, y: Placed) => allOf(x, y, budget);
  const types = both(a.types, b.types, commonTypes);
  const values = both(a.values, b.values, (x, y) =>
    x.filter((value) => y.some((other) => isSame(value, other, budget))),
  );
  if (types?.size === 0 || values?.length === 0) return undefined;
  const clash = [
    ["patternProperties", a.patternProperties, b, hasMembers],
    ["patternProperties", b.patternProperties, a, hasMembers],
    ["prefixItems", a.prefixItems, b, hasItems],
    ["prefixItems", b.prefixItems, a, hasItems],
  ] as const;
  for (const [keyword, value, other, speaks] of clash) {
    if (value && speaks(other))
      refuse(`${a.path}.${keyword}`, "is not supported together with schemas that say more of it");
  }
  const merged: Flat = {
    path: a.path,
    ...defined({
      types,
      values,
      properties: properties(a, b, budget),
      patternProperties: a.patternProperties ?? b.patternProperties,
      additionalProperties: both(a.additionalProperties, b.additionalProperties, and),
      propertyNames: both(a.propertyNames, b.propertyNames, and),
      required: both(a.required, b.required, (x, y) => new Set([...x, ...y])),
      prefixItems: a.prefixItems ?? b.prefixItems,
      items: both(a.items, b.items, and),
      patterns: both(a.patterns, b.patterns, (x, y) => [...x, ...y]),
      formats: both(a.formats, b.formats, (x, y) => [...x, ...y]),
      multipleOf: both(a.multipleOf, b.multipleOf, (x, y) => commonMultiple(x, y, a.path)),
    }),
  };
  for (const keyword of ["minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"] as const) {
    Object.assign(merged, defined({ [keyword]: both(a[keyword], b[keyword], Math.max) }));
  }
  for (const keyword of ["maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"] as const) {
    Object.assign(merged, defined({ [keyword]: both(a[keyword], b[keyword], Math.min) }));
  }
  return merged;
}

const hasMembers = (flat: Flat) =>
  Boolean(flat.properties ?? flat.patternProperties ?? flat.additionalProperties ?? flat.propertyNames);
const hasItems = (flat: Flat) => Boolean(flat.prefixItems ?? flat.items);

/** `join` of two, or the one that is there. */
export const both = <T>(a: T | undefined, b: T | undefined, join: (a: T, b: T) => T): T | undefined =>
  a === undefined ? b : b === undefined ? a : join(a, b);

const defined = <T extends object>(fields: T): { [K in keyof T]: NonNullable<T[K]> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;

/** Integers are numbers. */
function commonTypes(a: ReadonlySet<TypeName>, b: ReadonlySet<TypeName>): ReadonlySet<TypeName> {
  const common = new Set([...a].filter((type) => b.has(type)));
  for (const [x, y] of [
    [a, b],
    [b, a],
  ] as const) {
    if (x.has("integer") && y.has("number")) common.add("integer");
  }
  if (common.has("number")) common.delete("integer");
  return common;
}

/** A property that only one side names is one of the other side's additional properties. */
function properties(a: Flat, b: Flat, budget: Budget): ReadonlyMap<string, Placed> | undefined {
  if (!a.properties && !b.properties) return undefined;
  const names = [...(a.properties?.keys() ?? []), ...(b.properties?.keys() ?? [])];
  budget.spend(names.length);
  const and = (x: Placed, y: Placed) => allOf(x, y, budget);
  const of = (flat: Flat, name: string) => flat.properties?.get(name) ?? flat.additionalProperties;
  return new Map([...new Set(names)].map((name) => [name, both(of(a, name), of(b, name), and) as Placed]));
}

function allOf(a: Placed, b: Placed, budget: Budget): Placed {
  if (a.schema === true || isSame(a.schema, b.schema, budget)) return b;
  if (b.schema === true) return a;
  return { path: a.path, schema: { allOf: [a.schema, b.schema] } as JsonSchema };
}

function commonMultiple(a: number, b: number, path: string): number {
  if (!Number.isInteger(a) || !Number.isInteger(b))
    return refuse(`${path}.multipleOf`, "two of them must be whole numbers");
  const divisor = (x: number, y: number): number => (y === 0 ? x : divisor(y, x % y));
  return (a / divisor(a, b)) * b;
}
