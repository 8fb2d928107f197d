/**
 * keywords: what one JSON Schema object says of a value, checked. Schemas inside (of properties, items) stay as they came.
 *
 * A keyword that cannot be held to is a Failure `request_invalid` that names its place; annotations are ignored.
 */

import { Failure } from "../../core/failure.ts";
import type { JsonSchema } from "../constraint.ts";
import type { Budget } from "../language/budget.ts";

/** A schema and its place in the request. */
export interface Placed {
  schema: JsonSchema;
  path: string;
}

export const typeNames = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;
export type TypeName = (typeof typeNames)[number];

/** What holds for a value. Keywords of other types than the value's do not matter. */
export interface Flat {
  path: string;
  types?: ReadonlySet<TypeName>;
  /** `enum` and `const`. */
  values?: readonly unknown[];
  properties?: ReadonlyMap<string, Placed>;
  patternProperties?: readonly { pattern: string; value: Placed }[];
  additionalProperties?: Placed;
  propertyNames?: Placed;
  required?: ReadonlySet<string>;
  minProperties?: number;
  maxProperties?: number;
  prefixItems?: readonly Placed[];
  items?: Placed;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  patterns?: readonly Placed[];
  formats?: readonly Placed[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
}

const annotations = new Set(
  "title description default examples example $schema $id $comment $defs definitions deprecated readOnly writeOnly discriminator".split(
    " ",
  ),
);

export const refuse = (path: string, message: string): never => {
  throw new Failure("request_invalid", `${path}: ${message}`, { param: path });
};

/** The budget of a request ended while this place was prepared. */
export const refuseTooComplex = (path: string, message: string): never => {
  throw new Failure("schema_too_complex", `${path}: ${message}`, { param: path });
};

/** The keywords of one schema object that speak of the value itself. */
export function keywords(schema: { readonly [keyword: string]: unknown }, path: string, budget: Budget): Flat {
  const flat: { -readonly [K in keyof Flat]: Flat[K] } = { path };
  for (const [keyword, value] of Object.entries(schema)) {
    const at = `${path}.${keyword}`;
    const expected = (what: string) => refuse(at, `expected ${what}`);
    const placed = (): Placed => ({ schema: value as JsonSchema, path: at });
    switch (keyword) {
      case "$ref":
      case "allOf":
      case "anyOf":
      case "oneOf":
        break;
      case "type": {
        const names = Array.isArray(value) ? value : [value];
        const are = names.length > 0 && names.every((name) => (typeNames as readonly unknown[]).includes(name));
        flat.types = new Set(are ? names : expected(`one of ${typeNames.join(", ")}, or a list of them`));
        break;
      }
      case "enum":
      case "const": {
        const values =
          keyword === "const"
            ? [value]
            : Array.isArray(value) && value.length > 0
              ? value
              : expected("a list of values");
        const other = flat.values;
        flat.values = other ? values.filter((a: unknown) => other.some((b) => isSame(a, b, budget))) : values;
        break;
      }
      case "properties":
        if (!isObject(value)) expected("an object of schemas");
        flat.properties = new Map(
          Object.entries(value as object).map(([name, inner]) => [
            name,
            { schema: inner, path: `${at}.${shown(name)}` },
          ]),
        );
        break;
      case "patternProperties":
        if (!isObject(value)) expected("an object of schemas");
        flat.patternProperties = Object.entries(value as object).map(([pattern, inner]) => ({
          pattern,
          value: { schema: inner, path: `${at}.${shown(pattern)}` },
        }));
        break;
      case "required":
        if (!Array.isArray(value) || !value.every((name) => typeof name === "string")) expected("a list of names");
        flat.required = new Set(value as string[]);
        break;
      case "additionalProperties":
      case "propertyNames":
        flat[keyword] = isSchema(value) ? placed() : expected(aSchema);
        break;
      case "items":
      case "prefixItems":
      case "additionalItems":
        readItems(flat, keyword, value, at, schema);
        break;
      case "pattern":
      case "format":
        if (typeof value !== "string") expected("a string");
        flat[`${keyword}s`] = [{ schema: value as never, path: at }];
        break;
      case "minLength":
      case "maxLength":
      case "minItems":
      case "maxItems":
      case "minProperties":
      case "maxProperties":
        flat[keyword] =
          Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 1_000_000
            ? (value as number)
            : expected("a whole number from 0 to 1000000");
        break;
      case "minimum":
      case "maximum":
      case "exclusiveMinimum":
      case "exclusiveMaximum":
      case "multipleOf": {
        const fits = typeof value === "number" && Number.isFinite(value) && (keyword !== "multipleOf" || value > 0);
        flat[keyword] = fits ? value : expected(keyword === "multipleOf" ? "a positive number" : "a number");
        break;
      }
      case "uniqueItems":
        // Held to only where it says nothing.
        if (value !== false && !((schema.maxItems as number) <= 1)) refuse(at, "is not supported");
        break;
      default:
        if (!annotations.has(keyword) && !keyword.startsWith("x-")) refuse(at.slice(0, 300), "is not supported");
    }
  }
  return flat;
}

/** `items` as a list, and `additionalItems`, are `prefixItems` and `items` of older drafts. */
function readItems(
  flat: { -readonly [K in keyof Flat]: Flat[K] },
  keyword: string,
  value: unknown,
  at: string,
  schema: { readonly [keyword: string]: unknown },
): void {
  const isList = Array.isArray(value);
  if (keyword === "prefixItems" || isList) {
    if (!isList || value.length === 0) refuse(at, "expected a list of schemas");
    flat.prefixItems = (value as JsonSchema[]).map((inner, i) => ({ schema: inner, path: `${at}[${i}]` }));
  } else if (keyword === "items" || Array.isArray(schema.items)) {
    flat.items = isSchema(value) ? { schema: value, path: at } : refuse(at, `expected ${aSchema}`);
  }
}

const aSchema = "a schema: an object or a boolean";
const isSchema = (value: unknown): value is JsonSchema => typeof value === "boolean" || isObject(value);

/** A name as a part of a path. */
export const shown = (name: string): string => JSON.stringify(name.slice(0, 80)).slice(1, -1);

export const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Equality of JSON values. */
export function isSame(a: unknown, b: unknown, budget: Budget): boolean {
  budget.spend(1);
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => isSame(item, b[i], budget));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every((name) => Object.hasOwn(b, name) && isSame(a[name], b[name], budget))
  );
}
