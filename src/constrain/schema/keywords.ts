/**
 * keywords: what one schema object says of a value itself. Schemas inside (of properties, items) stay as they came, and
 * applicators (`allOf`, `not`, …) are read in alternatives.ts.
 *
 * A keyword has more places than this one. `KINDS` in known-keywords.ts decides that it is known at all; here it
 * becomes a field of `Flat`; merge.ts says what two of them together mean, and negate.ts what the opposite is; a
 * grammar of src/constrain/json/ or schema/ holds the reply to it, or `loose` says that none does;
 * src/constrain/check/validator.ts checks a whole reply. docs/structured-output.md lists it.
 */
import { TextMap, TextSet } from "../../core/text-keys.ts";
import type { LeftOut } from "../constraint.ts";
import type { SchemaObject } from "./document.ts";
import { type Placed, under } from "./place.ts";
import { type TypeName, typeNames } from "./values.ts";

/**
 * One schema's words on members: each name's value fits `properties`, every pattern that finds
 * a match, and else `additional`.
 */
export interface Members {
  properties: ReadonlyMap<string, Placed>;
  patterns: readonly { source: string; pointer: string; value: Placed }[];
  additional?: Placed;
}

/** One schema's words on items: those of `prefix` one by one, `rest` for all others. */
interface Items {
  prefix: readonly Placed[];
  rest?: Placed;
}

export interface Contains {
  item: Placed;
  min: number;
  max: number;
}

export interface Named {
  name: string;
  pointer: string;
}

/** A keyword that a grammar is not held to, and why. */
export interface Loose extends LeftOut {
  why: string;
}

/** What holds for a value. Keywords of other types than the value's do not matter. */
export interface Flat {
  pointer: string;
  types?: ReadonlySet<TypeName>;
  /** `enum` and `const`. */
  values?: readonly unknown[];
  /** Values that it is not. */
  excluded?: readonly unknown[];
  members?: readonly Members[];
  names?: readonly Placed[];
  required?: ReadonlySet<string>;
  minProperties?: number;
  maxProperties?: number;
  items?: readonly Items[];
  contains?: readonly Contains[];
  minItems?: number;
  maxItems?: number;
  unique?: boolean;
  minLength?: number;
  maxLength?: number;
  patterns?: readonly Named[];
  notPatterns?: readonly Named[];
  formats?: readonly Named[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multiples?: readonly number[];
  /** A number is no whole one. */
  fractional?: true;
  /** What these words leave out: the value must be checked for it. */
  loose?: readonly Loose[];
}

export type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const loose = (pointer: string, keyword: string, why = "is not supported"): Loose => ({
  pointer: under(pointer, keyword),
  keyword,
  checked: true,
  why,
});

/** The keywords of one schema object that speak of the value itself; their types were checked. */
export function keywords(schema: SchemaObject, pointer: string): Flat {
  const flat: Writable<Flat> = { pointer };
  const at = (...steps: (string | number)[]) => under(pointer, ...steps);
  const placed = (keyword: string): Placed => ({ schema: schema[keyword] as never, pointer: at(keyword) });
  for (const [keyword, value] of Object.entries(schema)) {
    switch (keyword) {
      case "type":
        flat.types = withoutDoubles(new Set([value].flat() as TypeName[]));
        break;
      case "enum":
        flat.values = Object.hasOwn(schema, "const") ? [schema.const] : (value as unknown[]);
        break;
      case "const":
        flat.values = [value];
        break;
      case "required":
        flat.required = new TextSet(value as string[]);
        break;
      case "propertyNames":
        flat.names = [placed(keyword)];
        break;
      case "pattern":
      case "format":
        flat[`${keyword}s`] = [{ name: value as string, pointer: at(keyword) }];
        break;
      case "uniqueItems":
        if (value === true) flat.unique = true;
        break;
      case "multipleOf":
        flat.multiples = [value as number];
        break;
      case "minLength":
      case "maxLength":
      case "minItems":
      case "maxItems":
      case "minProperties":
      case "maxProperties":
      case "minimum":
      case "maximum":
        flat[keyword] ??= value as number;
        break;
      case "exclusiveMinimum":
      case "exclusiveMaximum":
        if (typeof value === "number") flat[keyword] = value;
        else if (value === true)
          flat[keyword] = schema[keyword === "exclusiveMinimum" ? "minimum" : "maximum"] as number;
    }
  }
  if (["properties", "patternProperties", "additionalProperties"].some((keyword) => schema[keyword] !== undefined)) {
    flat.members = [membersOf(schema, at)];
  }
  if (["prefixItems", "items"].some((keyword) => schema[keyword] !== undefined)) flat.items = [itemsOf(schema, at)];
  if (schema.contains !== undefined) {
    const { minContains: min = 1, maxContains: max = Number.POSITIVE_INFINITY } = schema as Record<string, number>;
    flat.contains = [{ item: placed("contains"), min, max }];
  }
  return flat;
}

function membersOf(schema: SchemaObject, at: (...steps: string[]) => string): Members {
  const {
    properties = {},
    patternProperties = {},
    additionalProperties: additional,
  } = schema as Record<string, object>;
  return {
    properties: new TextMap(
      Object.entries(properties).map(([name, inner]) => [name, { schema: inner, pointer: at("properties", name) }]),
    ),
    patterns: Object.entries(patternProperties).map(([source, inner]) => {
      const pointer = at("patternProperties", source);
      return { source, pointer, value: { schema: inner, pointer } };
    }),
    ...(additional === undefined
      ? {}
      : { additional: { schema: additional as never, pointer: at("additionalProperties") } }),
  };
}

/** `items` as a list, and `additionalItems`, are `prefixItems` and `items` of older drafts. */
function itemsOf(schema: SchemaObject, at: (...steps: (string | number)[]) => string): Items {
  const isList = Array.isArray(schema.items);
  const [prefixName, restName] = isList ? ["items", "additionalItems"] : ["prefixItems", "items"];
  const prefix = ((isList ? schema.items : schema.prefixItems) ?? []) as Placed["schema"][];
  const rest = schema[restName!];
  return {
    prefix: prefix.map((inner, i) => ({ schema: inner, pointer: at(prefixName!, i) })),
    ...(rest === undefined ? {} : { rest: { schema: rest as never, pointer: at(restName!) } }),
  };
}

/** Integers are numbers. */
export function withoutDoubles(types: Set<TypeName>): ReadonlySet<TypeName> {
  if (types.has("number")) types.delete("integer");
  return types;
}

/** A schema that speaks of properties means an object. A format is said of anything, and holds for strings. */
export function impliedTypes(flat: Flat): readonly TypeName[] {
  const speaksOf: [TypeName, (keyof Flat)[]][] = [
    ["object", ["members", "names", "required", "minProperties", "maxProperties"]],
    ["array", ["items", "contains", "minItems", "maxItems", "unique"]],
    ["string", ["minLength", "maxLength", "patterns", "notPatterns"]],
    ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multiples"]],
  ];
  const implied = speaksOf.filter(([, names]) => names.some((name) => flat[name] !== undefined)).map(([type]) => type);
  return implied.length > 0 ? implied : typeNames.filter((type) => type !== "integer");
}
