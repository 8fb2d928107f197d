/**
 * Schemas that ask for far more work than they are long: each is prepared within the budget or refused,
 * counted in steps and not in time.
 */
import { describe, expect, it } from "vitest";
import { Budget, SLICE, STEPS, WITHOUT_PAUSE } from "../../../src/constrain/language/budget.ts";
import { Grammar } from "../../../src/constrain/language/expr.ts";
import { negate } from "../../../src/constrain/schema/negate.ts";
import { schemaGrammar } from "../../../src/constrain/schema/schema-grammar.ts";
import { Failure } from "../../../src/core/failure.ts";
import { atOnce, inSlices } from "../../../src/core/work.ts";
import { Random } from "../../../src/sampling/random.ts";
import { cpuMs } from "../../support/cpu-time.ts";

interface Prepared {
  steps: number;
  failure?: Failure;
}

function prepare(schema: unknown, most?: number): Prepared {
  const budget = new Budget(most);
  try {
    atOnce(schemaGrammar(new Grammar(budget), schema as never, "schema"));
    return { steps: budget.spent };
  } catch (thrown) {
    expect(thrown, JSON.stringify(schema).slice(0, 500)).toBeInstanceOf(Failure);
    return { steps: budget.spent, failure: thrown as Failure };
  }
}

const named = (count: number, of: (i: number) => unknown) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}`, of(i)]));
const below = (levels: number, of: (ref: object) => object) => ({
  $ref: "#/$defs/d0",
  $defs: { ...named(levels, (i) => of({ $ref: `#/$defs/d${i + 1}` })), [`d${levels}`]: { type: "string" } },
});
const itemsOf = (schemas: number, items: number) => ({
  allOf: [{ prefixItems: Array(items).fill(true) }, ...Array.from({ length: schemas }, () => ({ items: true }))],
});
const lists = (limit: "minLength" | "maxLength") => ({
  anyOf: Array.from({ length: 60 }, (_, i) => ({ type: "string", [limit]: i + 60 })),
});

describe("a schema is prepared within few steps", () => {
  it.each<[what: string, schema: unknown, steps: number]>([
    ["allOf of one reference twice, 30 levels deep", below(30, (ref) => ({ allOf: [ref, ref] })), 20_000],
    ["anyOf of one reference twice, 30 levels deep", below(30, (ref) => ({ anyOf: [ref, ref] })), 20_000],
    [
      "a pattern that backtracks, on a name that it almost matches",
      { properties: { [`${"a".repeat(29)}!`]: {} }, patternProperties: { "^(a+)+$": { type: "integer" } } },
      50_000,
    ],
    ["twenty classes of letters", { type: "string", pattern: `^${"\\p{L}".repeat(20)}$` }, 1_000_000],
    [
      "a hundred properties of a pattern with a length",
      { properties: named(100, () => ({ type: "string", pattern: "^[a-z]+-x$", maxLength: 300 })) },
      400_000,
    ],
    ["five thousand classes of letters", { pattern: `^(${"\\p{L}\\p{N}|".repeat(5000)})$` }, 300_000],
    ["five thousand constants", { enum: Array.from({ length: 5000 }, (_, i) => `value ${i}`) }, 600_000],
  ])("%s", (_, schema, steps) => {
    const found = prepare(schema);
    expect(found.failure?.message).toBeUndefined();
    expect(found.steps).toBeLessThan(steps);
  });
});

describe("a schema that takes too much", () => {
  it.each<[what: string, schema: unknown, param: string]>([
    [
      "a pattern of nested counts",
      { properties: { a: { pattern: "^(?:(?:a{1,99}){1,99}b){1,99}$" } } },
      "properties.a.pattern",
    ],
    ["thousands of repeated repetitions", { pattern: "(a*)*".repeat(8000) }, "pattern"],
    ["a pattern of 2^20 states", { items: { pattern: "^(a|b)*a(a|b){20}$" } }, "items.pattern"],
    [
      "many classes of characters",
      { pattern: `^(${Array.from({ length: 900 }, (_, i) => `\\p{L}{${i}}\\p{N}`).join("|")})$` },
      "pattern",
    ],
    [
      "a thousand repeated words",
      { pattern: `^(${Array.from({ length: 3000 }, (_, i) => `(${i * 7919}x)*`).join("|")})*$` },
      "pattern",
    ],
  ])("is refused with its place: %s", (_, schema, param) => {
    const { steps, failure } = prepare(schema);
    expect(failure?.code, failure?.message).toBe("schema_too_complex");
    expect(failure!.param).toBe(["schema", param].filter(Boolean).join("."));
    expect(steps).toBeLessThan(1.1 * STEPS);
  });

  /** Of the longest schema that a request may bring. */
  const many = <T>(count: number, of: (i: number) => T) => Array.from({ length: count }, (_, i) => of(i));
  const longName = "a".repeat(16_000);
  it.each<[what: string, schema: unknown]>([
    ["values, and names that each must have", { enum: many(9000, () => ({})), required: many(9000, () => "a") }],
    ["values, and kinds that each may be of", { enum: many(16_000, () => 0), type: many(4500, () => "null") }],
    [
      "values, and patterns for the names of each",
      { enum: many(15_000, () => ({})), patternProperties: named(1800, () => ({})) },
    ],
    [
      "values, and a long reference that each is held against",
      { enum: many(16_000, () => 0), $ref: `#/$defs/${longName}`, $defs: { [longName]: true } },
    ],
    ["patterns, of which a name meets any", { type: "object", patternProperties: named(5000, () => false) }],
    ["items, and schemas that each is held against", itemsOf(1200, 9000)],
    [
      "references from a long address",
      { $id: `http://x/${longName}${longName}`, properties: named(1800, (i) => ({ a: i })) },
    ],
    ["a class of many large classes", { pattern: `[${"\\p{L}".repeat(10_000)}]` }],
    [
      "regular expressions of many large classes",
      { enum: many(5, (i) => `[${"\\p{L}".repeat(1900)}${i}]`), format: "regex" },
    ],
  ])("is refused before the product of two long lists is looked through: %s", (_, schema) => {
    const beganMs = cpuMs();
    const { steps, failure } = prepare(schema);
    expect(failure?.code).toBe("schema_too_complex");
    expect(steps).toBeLessThan(1.1 * STEPS);
    // Some hundred milliseconds; the worst of them took more than a minute when its steps were not counted.
    expect(cpuMs() - beganMs).toBeLessThan(5000);
  });

  it("the opposite of a long list of items is not written down", () => {
    const items = (count: number) => [{ prefix: many(count, () => ({ schema: { type: "null" }, pointer: "" })) }];
    expect(negate({ pointer: "", items: items(20) }, new Budget())).toHaveLength(20);
    expect(negate({ pointer: "", items: items(300) }, new Budget())).toBeUndefined();
  });

  it("two long lists of constants have nothing in common, which is seen at a glance", () => {
    const lists = [1, 2].map((n) => ({ enum: Array.from({ length: 1500 }, (_, i) => ({ a: i, b: [i + n] })) }));
    const { steps, failure } = prepare({ allOf: lists });
    expect(failure?.message).toBe("schema: no value fits");
    expect(steps).toBeLessThan(100_000);
  });

  it("oneOf of sixty branches over two long lists ends", () => {
    const branch = (i: number) => ({
      type: "object",
      required: ["x", "y"],
      properties: { k: { const: i }, x: lists("minLength"), y: lists("maxLength") },
    });
    const { steps } = prepare({ oneOf: Array.from({ length: 60 }, (_, i) => branch(i)) });
    expect(steps).toBeLessThan(STEPS);
  });
});

describe("others have their turn while a schema is prepared", () => {
  it.each<[what: string, schema: unknown]>([
    ["constants", { enum: Array.from({ length: 5000 }, (_, i) => `value ${i}`) }],
    ["alternatives", { oneOf: Array.from({ length: 60 }, () => lists("minLength")) }],
    [
      "patterns that names are held against",
      {
        properties: { [`${"a".repeat(40)}!`]: {} },
        patternProperties: { "^(a+)+$": {}, "^((a|aa)+\\p{L}x{1,30})*$": {} },
      },
    ],
    ["classes of characters", { type: "string", pattern: `^${"\\p{L}".repeat(120)}$` }],
    ["items", { type: "array", prefixItems: Array.from({ length: 2000 }, (_, i) => ({ enum: [i, `${i}`] })) }],
  ])("%s", async (_, schema) => {
    const budget = new Budget();
    const pauses: number[] = [];
    const work = schemaGrammar(new Grammar(budget), schema as never, "schema");
    await inSlices(work, async () => void pauses.push(budget.spent)).catch(() => {});
    const between = [...pauses, budget.spent].map((spent, i) => spent - (pauses[i - 1] ?? 0));
    expect(budget.spent).toBeGreaterThan(2 * SLICE);
    expect(Math.max(...between)).toBeLessThan(WITHOUT_PAUSE / 2);
  });
});

/** Schemas that refer, repeat and count as their author likes. */
class Hostile {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = Random.fromSeed(seed);
  }

  #below = (n: number) => Math.floor(this.#random.nextFloat() * n);
  #pick = <T>(...of: T[]): T => of[this.#below(of.length)]!;
  #some = <T>(most: number, of: () => T): T[] => Array.from({ length: 1 + this.#below(most) }, of);
  #count = () => this.#pick(0, 1, 7, 300, 999, 10_000);

  #pattern(depth: number): string {
    const inner = () => this.#pattern(depth - 1);
    if (depth === 0) return this.#pick("a", ".", "\\p{L}", "[^a-c]", "\\w", "(?=a)", "$", "^", "é", "\\P{Lu}");
    return this.#pick(
      () => `(${inner()})*`,
      () => `(?:${inner()}){${this.#below(9)},${9 + this.#count()}}`,
      () => `(${inner()}|${inner()})+`,
      () => `${inner()}${inner()}${inner()}`,
      () => `(?!${inner()})${inner()}`,
    )();
  }

  schema(depth: number): unknown {
    const inner = () => this.schema(depth - 1);
    const ref = () => ({ $ref: `#/$defs/d${this.#below(6)}` });
    if (depth === 0)
      return this.#pick<() => unknown>(
        ref,
        () => true,
        () => ({ type: "string" }),
      )();
    return this.#pick<() => unknown>(
      ref,
      () => ({ allOf: this.#some(5, inner) }),
      () => ({ anyOf: this.#some(12, inner) }),
      () => ({ oneOf: this.#some(12, inner) }),
      () => ({ enum: this.#some(300, () => this.#below(1e6)) }),
      () => ({ type: "string", pattern: this.#pattern(4), maxLength: this.#count() }),
      () => ({ type: "string", pattern: this.#pattern(3), minLength: this.#count(), format: "email" }),
      () => ({ properties: named(this.#below(60), inner), minProperties: this.#below(30) }),
      () => ({ patternProperties: Object.fromEntries(this.#some(4, () => [this.#pattern(2), inner()])) }),
      () => ({ propertyNames: { pattern: this.#pattern(3) }, additionalProperties: inner() }),
      () => ({ items: inner(), minItems: this.#count(), maxItems: this.#count() }),
      () => ({ prefixItems: this.#some(30, inner) }),
      () => ({ type: "integer", minimum: -this.#count(), multipleOf: this.#count() + 1 }),
    )();
  }

  whole(): unknown {
    return { allOf: [this.schema(3)], $defs: named(6, () => this.schema(2)) };
  }
}

it.each([1, 2, 3, 4])("generated schemas stay within the budget (%i)", (seed) => {
  // A smaller budget, so that many reach it; it bounds whatever its size is.
  const most = 40_000;
  let refused = 0;
  for (let i = 0; i < 60; i++) {
    const { steps, failure } = prepare(new Hostile(1000 * seed + i).whole(), most);
    expect(["request_invalid", "schema_too_complex", undefined]).toContain(failure?.code);
    if (failure?.code === "schema_too_complex") refused++;
    expect(steps).toBeLessThan(2 * most);
  }
  expect(refused).toBeGreaterThan(5);
});

describe("a keyword with a value of the wrong type is refused by name", () => {
  const values: Record<string, unknown[]> = {
    null: [null],
    boolean: [true, false],
    number: [5, -1, 1.5],
    string: ["a", "("],
    array: [[], [5], [null]],
    object: [{}, { a: 5 }, { a: null }],
  };
  /** Keywords and the JSON types that they take. */
  const keywords: Record<string, string[]> = {
    type: ["string", "array"],
    enum: ["array"],
    $ref: ["string"],
    allOf: ["array"],
    anyOf: ["array"],
    oneOf: ["array"],
    properties: ["object"],
    patternProperties: ["object"],
    additionalProperties: ["object", "boolean"],
    propertyNames: ["object", "boolean"],
    required: ["array"],
    minProperties: ["number"],
    maxProperties: ["number"],
    items: ["object", "boolean", "array"],
    prefixItems: ["array"],
    minItems: ["number"],
    maxItems: ["number"],
    minLength: ["number"],
    maxLength: ["number"],
    pattern: ["string"],
    format: ["string"],
    minimum: ["number"],
    maximum: ["number"],
    exclusiveMinimum: ["number"],
    exclusiveMaximum: ["number"],
    multipleOf: ["number"],
  };
  const wrong = Object.entries(keywords).flatMap(([keyword, right]) =>
    Object.entries(values)
      .filter(([type]) => !right.includes(type))
      .flatMap(([, list]) => list.map((value) => [keyword, value] as const)),
  );

  it.each(wrong)("%s: %j", (keyword, value) => {
    const inner = { [keyword]: value };
    for (const [schema, place] of [
      [inner, "schema"],
      [{ propertyNames: inner }, "schema.propertyNames"],
      [{ type: "object", properties: { a: inner } }, "schema.properties.a"],
      [{ items: { anyOf: [true, inner] } }, "schema.items.anyOf[1]"],
    ] as const) {
      const { failure } = prepare(schema);
      expect(failure?.code, JSON.stringify(schema)).toBe("request_invalid");
      expect(failure!.param).toMatch(
        place === "schema" ? /^schema/ : new RegExp(`^${place.replace(/[[\].]/g, "\\$&")}`),
      );
    }
  });

  it("no value of any type breaks it", () => {
    for (const keyword of Object.keys(keywords)) {
      for (const value of Object.values(values).flat()) {
        const { failure } = prepare({ [keyword]: value });
        expect(["request_invalid", undefined], `${keyword}: ${JSON.stringify(value)}`).toContain(failure?.code);
      }
    }
  });
});
