/**
 * known-keywords: the keywords of JSON Schema that this server knows, of every draft, and which values each of them
 * takes. What a keyword means for a value is in keywords.ts.
 */
import type { Budget } from "../language/budget.ts";
import { refuse } from "./place.ts";
import { isObject, typeNames } from "./values.ts";

/** Levels of schemas, and of the values that they name. */
export const MAX_DEPTH = 128;
const MAX_COUNT = 1_000_000;
/** They say nothing of whether a value fits. */
const ANNOTATIONS = new Set(
  (
    "title description default examples example $schema $id id $comment $anchor $dynamicAnchor $recursiveAnchor $vocabulary " +
    "deprecated readOnly writeOnly discriminator contentEncoding contentMediaType contentSchema nullable"
  ).split(" "),
);

type Kind = "schema" | "schemas" | "map" | "count" | "number" | "string" | "boolean" | "other";
const KINDS: Readonly<Record<string, Kind>> = {
  type: "other",
  enum: "other",
  const: "other",
  $ref: "string",
  $dynamicRef: "string",
  $recursiveRef: "string",
  allOf: "schemas",
  anyOf: "schemas",
  oneOf: "schemas",
  not: "schema",
  if: "schema",
  // biome-ignore lint/suspicious/noThenProperty: the keyword's name.
  then: "schema",
  else: "schema",
  properties: "map",
  patternProperties: "map",
  additionalProperties: "schema",
  unevaluatedProperties: "schema",
  propertyNames: "schema",
  required: "other",
  dependentRequired: "other",
  dependentSchemas: "map",
  dependencies: "other",
  minProperties: "count",
  maxProperties: "count",
  items: "other",
  prefixItems: "schemas",
  additionalItems: "schema",
  unevaluatedItems: "schema",
  contains: "schema",
  minContains: "count",
  maxContains: "count",
  minItems: "count",
  maxItems: "count",
  uniqueItems: "boolean",
  minLength: "count",
  maxLength: "count",
  pattern: "string",
  format: "string",
  minimum: "number",
  maximum: "number",
  exclusiveMinimum: "other",
  exclusiveMaximum: "other",
  multipleOf: "other",
  $defs: "map",
  definitions: "map",
};

/** Undefined: it has no meaning here. */
export const kindOf = (keyword: string): Kind | undefined =>
  Object.hasOwn(KINDS, keyword) ? KINDS[keyword] : undefined;

/** A keyword that is for people or for other programs. */
export const isAnnotation = (keyword: string): boolean => ANNOTATIONS.has(keyword) || keyword.startsWith("x-");

const isNames = (value: unknown): boolean => Array.isArray(value) && value.every((name) => typeof name === "string");

/** Refuses a keyword whose value is not of its type. Schemas inside are looked at by the walk. */
export function checkValue(
  kind: Kind,
  keyword: string,
  value: unknown,
  at: string,
  schema: Readonly<Record<string, unknown>>,
  budget: Budget,
): void {
  const expected = (holds: boolean, what: string) => holds || refuse(at, `expected ${what}`);
  switch (kind) {
    case "schemas":
      expected(Array.isArray(value) && value.length > 0, "a list of schemas");
      break;
    case "map":
      expected(isObject(value), "an object of schemas");
      break;
    case "count": {
      const fits = Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT;
      expected(fits, `a whole number from 0 to ${MAX_COUNT}`);
      break;
    }
    case "number":
      expected(typeof value === "number" && Number.isFinite(value), "a number");
      break;
    case "string":
      expected(typeof value === "string", "a string");
      break;
    case "boolean":
      expected(typeof value === "boolean", "true or false");
      break;
    case "other":
      checkOther(keyword, value, expected, schema, budget);
  }
}

function checkOther(
  keyword: string,
  value: unknown,
  expected: (holds: boolean, what: string) => void,
  schema: Readonly<Record<string, unknown>>,
  budget: Budget,
): void {
  const isNumber = typeof value === "number" && Number.isFinite(value);
  switch (keyword) {
    case "type": {
      const names: unknown[] = Array.isArray(value) ? value : [value];
      const known: readonly unknown[] = typeNames;
      expected(
        names.length > 0 && names.every((name) => known.includes(name)),
        `one of ${typeNames.join(", ")}, or a list of them`,
      );
      break;
    }
    case "enum":
      expected(Array.isArray(value) && value.length > 0, "a list of values");
      expected(isShallow(value, MAX_DEPTH, budget), `values that nest at most ${MAX_DEPTH} levels`);
      break;
    case "const":
      expected(isShallow(value, MAX_DEPTH, budget), `a value that nests at most ${MAX_DEPTH} levels`);
      break;
    case "required":
      expected(isNames(value), "a list of names");
      break;
    case "dependentRequired":
      expected(isObject(value) && Object.values(value).every(isNames), "an object of lists of names");
      break;
    case "dependencies":
      expected(
        isObject(value) &&
          Object.values(value).every((item) => isNames(item) || isObject(item) || typeof item === "boolean"),
        "an object of schemas or lists of names",
      );
      break;
    case "items":
      expected(
        Array.isArray(value) ? value.length > 0 : isObject(value) || typeof value === "boolean",
        "a schema, or a list of them",
      );
      break;
    case "exclusiveMinimum":
    case "exclusiveMaximum": {
      // In draft 4 it says of its neighbour that the value itself is out.
      const neighbour = schema[keyword === "exclusiveMinimum" ? "minimum" : "maximum"];
      expected(isNumber || (typeof value === "boolean" && typeof neighbour === "number"), "a number");
      break;
    }
    case "multipleOf":
      expected(isNumber && value > 0, "a positive number");
  }
}

function isShallow(value: unknown, depth: number, budget: Budget): boolean {
  budget.spend(1);
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((item) => isShallow(item, depth - 1, budget));
  return !isObject(value) || Object.values(value).every((item) => isShallow(item, depth - 1, budget));
}
