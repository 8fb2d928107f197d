/**
 * Validator: whether a value is valid under a schema, as the standard says (2020-12, and
 * what older drafts have besides).
 *
 * No code is generated, texts are matched by our own automata, and every step is counted. Source: the specification's
 * sections 10 and 11; judged by its official test suite.
 */
import { signed, TextSet } from "../../core/text-keys.ts";
import { isMultiple } from "../json/decimal.ts";
import { Matcher } from "../json/matcher.ts";
import { TooComplex } from "../language/budget.ts";
import type { Document, SchemaObject } from "../schema/document.ts";
import { type Placed, under } from "../schema/place.ts";
import { canonical, isObject, isSame, typeOf } from "../schema/values.ts";
import { fitsFormat, formatSteps } from "./format-checks.ts";

/**
 * What of a value schemas have looked at: names of members `signed`, numbers of items. Kept only where
 * some schema asks for the rest.
 */
type Seen = Set<string | number>;

/** Of a value that is neither a list nor an object: a text and a number that look alike are two. */
const simpleKey = (value: unknown): string => (typeof value === "string" ? signed(value) : `=${value}`);

const MAX_DEPTH = 300;

export class Validator {
  readonly #document: Document;
  readonly #matcher: Matcher;
  readonly #scope: SchemaObject[] = [];
  /** By `enum`: long lists of texts are looked up. */
  readonly #constants = new Map<unknown[], { simple: ReadonlySet<string>; others: unknown[] }>();
  /** Entries of a keyword's value, by that value: they are looked through for each object, and are listed only once. */
  readonly #entries = new Map<unknown, [string, unknown][]>();
  #depth = 0;

  constructor(document: Document, matcher = new Matcher(document.budget)) {
    this.#document = document;
    this.#matcher = matcher;
  }

  /** Throws TooComplex, Unsupported (a pattern) and Refusal (a reference). */
  isValid(value: unknown, placed: Placed = this.#document.root): boolean {
    return this.#check(placed, value, new Set());
  }

  /** Adds to `seen` what was looked at, when the value is valid. */
  #check({ schema, pointer }: Placed, value: unknown, seen: Seen): boolean {
    this.#document.budget.spend(2);
    if (typeof schema === "boolean") return schema;
    if (++this.#depth > MAX_DEPTH) throw new TooComplex("refers to itself without an end");
    this.#scope.push(schema);
    const found: Seen = this.#document.hasUnevaluated ? new Set() : NONE;
    const isValid = this.#all(schema, pointer, value, found);
    this.#scope.pop();
    this.#depth--;
    if (isValid && found !== NONE) for (const item of found) seen.add(item);
    return isValid;
  }

  #all(schema: SchemaObject, pointer: string, value: unknown, seen: Seen): boolean {
    const at = (...steps: (string | number)[]) => under(pointer, ...steps);
    const isHere = (inner: unknown, ...steps: (string | number)[]) =>
      this.#check({ schema: inner as Placed["schema"], pointer: at(...steps) }, value, seen);
    const { $ref, $dynamicRef, $recursiveRef } = schema as { [ref: string]: string | undefined };
    if ($ref !== undefined) {
      if (!this.#check(this.#document.target(schema, $ref, at("$ref")), value, seen)) return false;
      if (this.#document.refsStandAlone) return true;
    }
    if ($dynamicRef !== undefined) {
      const target = this.#document.dynamicTarget(schema, $dynamicRef, at("$dynamicRef"), this.#scope);
      if (!this.#check(target, value, seen)) return false;
    }
    if ($recursiveRef !== undefined && !this.#check(this.#document.recursiveTarget(schema, this.#scope), value, seen))
      return false;
    if (!this.#isOfType(schema.type, value)) return false;
    const budget = this.#document.budget;
    if (schema.enum !== undefined && !this.#isOneOf(schema.enum as unknown[], value)) return false;
    if (Object.hasOwn(schema, "const") && !isSame(schema.const, value, budget)) return false;
    for (const [i, part] of list(schema.allOf)) if (!isHere(part, "allOf", i)) return false;
    const fitting = (keyword: "anyOf" | "oneOf"): number => {
      let count = 0;
      for (const [i, part] of list(schema[keyword])) if (isHere(part, keyword, i)) count++;
      return count;
    };
    if (schema.anyOf !== undefined && fitting("anyOf") === 0) return false;
    if (schema.oneOf !== undefined && fitting("oneOf") !== 1) return false;
    if (schema.not !== undefined && this.#check({ schema: schema.not as never, pointer: at("not") }, value, new Set()))
      return false;
    if (schema.if !== undefined) {
      const branch = isHere(schema.if, "if") ? "then" : "else";
      if (schema[branch] !== undefined && !isHere(schema[branch], branch)) return false;
    }
    switch (typeOf(value)) {
      case "string":
        return this.#isString(schema, value as string);
      case "number":
        return isNumber(schema, value as number);
      case "array":
        return this.#isArray(schema, pointer, value as unknown[], seen);
      case "object":
        return this.#isMap(schema, pointer, value as SchemaObject, seen);
      default:
        return true;
    }
  }

  #isOneOf(items: unknown[], value: unknown): boolean {
    const known = this.#constants.get(items) ?? {
      simple: new Set(items.filter((item) => typeof item !== "object" || item === null).map(simpleKey)),
      others: items.filter((item) => typeof item === "object" && item !== null),
    };
    this.#constants.set(items, known);
    if (typeof value !== "object" || value === null) return known.simple.has(simpleKey(value));
    return known.others.some((item) => isSame(item, value, this.#document.budget));
  }

  #isOfType(type: unknown, value: unknown): boolean {
    if (type === undefined) return true;
    const is = typeOf(value);
    const names: readonly unknown[] = Array.isArray(type) ? type : [type];
    this.#document.budget.spend(names.length >> 3);
    return names.some((name) => name === is || (name === "integer" && Number.isInteger(value)));
  }

  #isString(schema: SchemaObject, value: string): boolean {
    const { minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern, format } = schema as Record<string, never>;
    if (minLength > 0 || maxLength < Number.POSITIVE_INFINITY) {
      this.#document.budget.spend(value.length >> 3);
      const length = [...value].length;
      if (length < minLength || length > maxLength) return false;
    }
    if (format !== undefined) this.#document.budget.spend(formatSteps(format, value));
    if (format !== undefined && !fitsFormat(format, value)) return false;
    return pattern === undefined || this.#matcher.matches(pattern, value);
  }

  #isArray(schema: SchemaObject, pointer: string, value: unknown[], seen: Seen): boolean {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = schema as Record<string, number>;
    if (value.length < minItems || value.length > maxItems) return false;
    const budget = this.#document.budget;
    if (schema.uniqueItems === true && new TextSet(value.map((item) => canonical(item, budget))).size < value.length)
      return false;
    const isList = Array.isArray(schema.items);
    const prefix = (schema.prefixItems ?? (isList ? schema.items : [])) as Placed["schema"][];
    const [name, rest] = isList ? ["additionalItems", schema.additionalItems] : ["items", schema.items];
    for (const [i, item] of value.entries()) {
      const inner = i < prefix.length ? prefix[i] : rest;
      if (inner === undefined) break;
      seen.add(i);
      const steps = i < prefix.length ? [isList ? "items" : "prefixItems", i] : [name as string];
      if (!this.#check({ schema: inner as never, pointer: under(pointer, ...steps) }, item, new Set())) return false;
    }
    if (schema.contains !== undefined) {
      const inner = { schema: schema.contains as never, pointer: under(pointer, "contains") };
      const fitting = [...value.keys()].filter((i) => this.#check(inner, value[i], new Set()));
      for (const i of fitting) seen.add(i);
      const { minContains = 1, maxContains = Number.POSITIVE_INFINITY } = schema as Record<string, number>;
      if (fitting.length < minContains || fitting.length > maxContains) return false;
    }
    if (schema.unevaluatedItems === undefined) return true;
    const inner = { schema: schema.unevaluatedItems as never, pointer: under(pointer, "unevaluatedItems") };
    return value.every((item, i) => {
      if (seen.has(i)) return true;
      seen.add(i);
      return this.#check(inner, item, new Set());
    });
  }

  #members(of: unknown): readonly [string, unknown][] {
    if (!isObject(of)) return [];
    const found = this.#entries.get(of) ?? Object.entries(of);
    this.#entries.set(of, found);
    this.#document.budget.spend(found.length >> 3);
    return found;
  }

  #isMap(schema: SchemaObject, pointer: string, value: SchemaObject, seen: Seen): boolean {
    const names = Object.keys(value);
    const { minProperties = 0, maxProperties = Number.POSITIVE_INFINITY } = schema as Record<string, number>;
    if (names.length < minProperties || names.length > maxProperties) return false;
    const { budget } = this.#document;
    const needed = (schema.required ?? []) as readonly string[];
    budget.spend(needed.length >> 3);
    if (!needed.every((name) => Object.hasOwn(value, name))) return false;
    const check = (inner: unknown, of: unknown, ...steps: (string | number)[]) =>
      this.#check({ schema: inner as never, pointer: under(pointer, ...steps) }, of, new Set());
    const isHere = (inner: unknown, ...steps: string[]) =>
      this.#check({ schema: inner as never, pointer: under(pointer, ...steps) }, value, seen);
    for (const keyword of ["dependentRequired", "dependencies"] as const) {
      for (const [name, needed] of this.#members(schema[keyword])) {
        if (!Object.hasOwn(value, name)) continue;
        if (Array.isArray(needed)) budget.spend(needed.length >> 3);
        const fits = Array.isArray(needed)
          ? needed.every((other) => Object.hasOwn(value, other))
          : isHere(needed, keyword, name);
        if (!fits) return false;
      }
    }
    for (const [name, inner] of this.#members(schema.dependentSchemas)) {
      if (Object.hasOwn(value, name) && !isHere(inner, "dependentSchemas", name)) return false;
    }
    const { properties = {}, additionalProperties, propertyNames } = schema as Record<string, SchemaObject>;
    const patterns = this.#members(schema.patternProperties);
    for (const name of names) {
      budget.spend(1);
      if (propertyNames !== undefined && !check(propertyNames, name, "propertyNames")) return false;
      let isNamed = false;
      if (Object.hasOwn(properties, name)) {
        isNamed = true;
        if (!check(properties[name], value[name], "properties", name)) return false;
      }
      for (const [source, inner] of patterns) {
        if (!this.#matcher.matches(source, name)) continue;
        isNamed = true;
        if (!check(inner, value[name], "patternProperties", source)) return false;
      }
      if (!isNamed && additionalProperties !== undefined) {
        isNamed = true;
        if (!check(additionalProperties, value[name], "additionalProperties")) return false;
      }
      if (isNamed) seen.add(signed(name));
    }
    if (schema.unevaluatedProperties === undefined) return true;
    return names.every((name) => {
      if (seen.has(signed(name))) return true;
      seen.add(signed(name));
      return check(schema.unevaluatedProperties, value[name], "unevaluatedProperties");
    });
  }
}

/** Nothing is ever added to it. */
const NONE: Seen = new (class extends Set<string | number> {
  override add(): this {
    return this;
  }
})();

const list = (value: unknown): Iterable<[number, unknown]> => (Array.isArray(value) ? value.entries() : []);

function isNumber(schema: SchemaObject, value: number): boolean {
  const { minimum, maximum, multipleOf } = schema as { [keyword: string]: number | undefined };
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema;
  if (minimum !== undefined && (value < minimum || (above === true && value === minimum))) return false;
  if (maximum !== undefined && (value > maximum || (below === true && value === maximum))) return false;
  if (typeof above === "number" && value <= above) return false;
  if (typeof below === "number" && value >= below) return false;
  return multipleOf === undefined || isMultiple(value, multipleOf);
}
