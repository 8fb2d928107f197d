/** Values judged by what a schema means: constants, names, and replies whose form was not held to all of it. */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { checkReply } from "../../../src/constrain/check/reply-check.ts";
import { Validator } from "../../../src/constrain/check/validator.ts";
import { Budget } from "../../../src/constrain/language/budget.ts";
import { Grammar } from "../../../src/constrain/language/expr.ts";
import { replyText } from "../../../src/constrain/reply/reply-grammar.ts";
import { Document } from "../../../src/constrain/schema/document.ts";
import { schemaGrammar } from "../../../src/constrain/schema/schema-grammar.ts";
import { atOnce } from "../../../src/core/work.ts";

function language(schema: unknown, strict = false) {
  const g = new Grammar();
  const { expr, leftOut } = atOnce(schemaGrammar(g, schema as never, "schema", { strict }));
  return { leftOut, holds: (value: unknown) => g.holds(expr, JSON.stringify(value)) };
}

describe("a constant comes as it is", () => {
  it.each<[schema: unknown, values: unknown[]]>([
    [{ type: "number", enum: [0.1, 0.30000000000000004] }, [0.1, 0.30000000000000004]],
    [{ type: "string", format: "uri", const: "urn:isbn:1" }, ["urn:isbn:1"]],
    [{ type: "string", format: "date", enum: ["2024-02-29"] }, ["2024-02-29"]],
    [{ type: "number", minimum: 0, maximum: 1, const: 0.1234567 }, [0.1234567]],
    [{ type: "integer", const: 1e21 }, [1e21]],
    [{ enum: [{ b: 1, a: 2 }], properties: { a: {}, b: {} } }, [{ b: 1, a: 2 }]],
    [{ enum: [1, "a", null], anyOf: [{ type: "string" }, { type: "null" }] }, ["a", null]],
  ])("%j", (schema, values) => {
    const { holds } = language(schema, true);
    expect(values.filter((value) => !holds(value))).toEqual([]);
    expect(holds(1)).toBe(false);
  });

  it("with or without a space behind commas and colons", () => {
    const g = new Grammar();
    const { expr } = atOnce(schemaGrammar(g, { enum: [{ b: [1, "a,b:c"], a: {} }, []] } as never, "schema"));
    for (const text of ['{"b":[1,"a,b:c"],"a":{}}', '{"b": [1, "a,b:c"], "a": {}}', "[]"])
      expect(g.holds(expr, text)).toBe(true);
    for (const text of ['{"a": {}, "b": [1, "a,b:c"]}', '{"b": [1, "a, b:c"], "a": {}}', "[ ]"])
      expect(g.holds(expr, text)).toBe(false);
  });

  it("not where it does not fit", () => {
    expect(language({ type: "string", format: "date", enum: ["2023-02-29", "2023-02-28"] }).holds("2023-02-29")).toBe(
      false,
    );
    expect(() => language({ type: "integer", const: 1.5 })).toThrow("no value fits");
  });
});

it("a format says something of strings, and nothing of what is none", () => {
  const { holds } = language({ format: "ipv4" }, true);
  expect([holds("127.0.0.1"), holds("127"), holds(12), holds({ a: [null] })]).toEqual([true, false, true, true]);
});

describe("members", () => {
  it("propertyNames is a schema", () => {
    expect(language({ type: "object", propertyNames: false }).holds({ a: 1 })).toBe(false);
    const { holds } = language({ type: "object", propertyNames: { enum: ["a", "b"] } }, true);
    expect([holds({ a: 1 }), holds({ c: 1 }), holds({})]).toEqual([true, false, true]);
  });

  it("an empty list of properties names none", () => {
    expect(language({ type: "object", properties: {} }).holds({ a: 1 })).toBe(true);
  });

  it("of several schemas hold together", () => {
    const closed = (name: string, more: object = {}) => ({
      properties: { [name]: { type: "integer" }, ...more },
      additionalProperties: false,
    });
    const { holds } = language({ allOf: [closed("a", { b: true }), closed("b", { a: { minimum: 3 } })] }, true);
    expect([holds({ a: 3, b: 1 }), holds({ a: 2 }), holds({ b: "x" })]).toEqual([true, false, false]);
  });
});

describe("held to by the grammar alone", () => {
  const ajv = new Ajv2020({ strict: false });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  it.each<[what: string, schema: object, values: unknown[]]>([
    ["not", { type: "string", not: { enum: ["a", "b"] } }, ["a", "b", "c"]],
    ["not of a type", { not: { type: ["string", "object"] } }, ["a", 1, null, {}]],
    [
      "not required",
      { type: "object", properties: { a: true, b: true }, not: { required: ["a", "b"] } },
      [{ a: 1 }, { a: 1, b: 1 }, {}],
    ],
    [
      "if",
      {
        type: "object",
        properties: { kind: { enum: ["x", "y"] }, n: { type: "integer" } },
        required: ["kind"],
        if: { properties: { kind: { const: "x" } } },
        // biome-ignore lint/suspicious/noThenProperty: the keyword's name.
        then: { required: ["n"] },
      },
      [{ kind: "x" }, { kind: "x", n: 1 }, { kind: "y" }],
    ],
    [
      "oneOf that overlaps",
      {
        oneOf: [
          { type: "integer", minimum: 3 },
          { type: "integer", maximum: 5 },
        ],
      },
      [1, 3, 4, 5, 6],
    ],
    [
      "dependentRequired",
      { type: "object", properties: { a: true, b: true }, dependentRequired: { a: ["b"] } },
      [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }],
    ],
    ["contains", { type: "array", items: { type: "integer" }, contains: { minimum: 5 } }, [[], [1], [1, 7], [6, 1, 2]]],
    ["uniqueItems of constants", { type: "array", items: { enum: [1, 2] }, uniqueItems: true }, [[1, 2], [1, 1], []]],
    ["multipleOf a decimal", { type: "number", multipleOf: 0.25, minimum: -2, maximum: 2 }, [0.5, 0.75, -1.25, 0.3, 3]],
    ["minProperties", { type: "object", minProperties: 1, additionalProperties: { type: "null" } }, [{}, { a: null }]],
  ])("%s", (_, schema, values) => {
    const { holds, leftOut } = language(schema, true);
    expect(leftOut).toEqual([]);
    for (const value of values) expect(holds(value), JSON.stringify(value)).toBe(ajv.validate(schema, value));
  });
});

describe("what is left out", () => {
  const schema = { type: "array", items: { type: "string" }, uniqueItems: true, colour: "red" };

  it("is named, and refused where the schema is strict", () => {
    expect(language(schema).leftOut).toEqual([
      { pointer: "/uniqueItems", keyword: "uniqueItems", checked: true },
      { pointer: "/colour", keyword: "colour", checked: false },
    ]);
    expect(() => language(schema, true)).toThrow("schema.colour: is not supported");
  });

  it("is a format of the standard that no pattern holds: checked, and not passed over", () => {
    const regex = { type: "string", format: "regex" };
    expect(language(regex).leftOut).toEqual([{ pointer: "/format", keyword: "format", checked: true }]);
    const validator = new Validator(new Document(regex as never, new Budget()));
    const found = ["^[a-z]+$", "*", "\\", "(", "a{2,1}", "\\1(a)", "a".repeat(20_000)].map((text) =>
      validator.isValid(text),
    );
    expect(found).toEqual([true, false, false, false, false, true, false]);
  });

  it("is checked when the reply is whole", () => {
    const held = { path: "p", schema, leftOut: language(schema).leftOut };
    const shape = { format: { type: "json_schema", name: "a", schema, strict: false } } as const;
    expect(atOnce(checkReply('["a", "b"]', shape, [held]))).toEqual({ checked: true });
    expect(atOnce(checkReply('["a", "a"]', shape, [held]))).toEqual({ checked: true, unmet: "p" });
    expect(atOnce(checkReply('["a", "a', shape, [held]))).toEqual({ checked: false });
    expect(atOnce(checkReply('["a", "a"]', shape, [{ ...held, leftOut: [] }]))).toEqual({ checked: false });
  });

  it("is checked of the arguments of calls", () => {
    const parameters = { type: "object", properties: { a: schema } };
    const held = { path: "p", schema: parameters, tool: "f", leftOut: language(parameters).leftOut };
    const shape = { tools: [{ name: "f", parameters }] };
    const text = (list: string) => replyText("", [{ name: "f", arguments: `{"a": ${list}}` }]);
    expect(atOnce(checkReply(text('["x"]'), shape, [held]))).toEqual({ checked: true });
    expect(atOnce(checkReply(text('["x", "x"]'), shape, [held]))).toEqual({ checked: true, unmet: "p" });
  });
});

it("the validator agrees with ajv on what no grammar holds", () => {
  const ajv = new Ajv2020({ strict: false });
  const schema = {
    $defs: { node: { $anchor: "n", type: "object", properties: { next: { $ref: "#n" } }, required: ["v"] } },
    allOf: [{ $ref: "#/$defs/node" }, { minProperties: 2 }],
    patternProperties: { "^x_": { type: "integer" } },
    propertyNames: { maxLength: 4 },
    dependentSchemas: { v: { properties: { v: { multipleOf: 0.1 } } } },
    unevaluatedProperties: false,
  };
  const values = [
    { v: 0.3, next: { v: 1 } },
    { v: 0.35, next: { v: 1 } },
    { v: 1, x_a: 2 },
    { v: 1, x_a: "2" },
    { v: 1, other: 2 },
    { v: 1, y: 2 },
    { v: 1 },
    { next: { v: 1 }, x_b: 1 },
    { v: 1, next: {} },
  ];
  const validator = new Validator(new Document(schema as never, new Budget()));
  const fine = { ...schema, dependentSchemas: {} };
  const found = values.map((value) => validator.isValid(value));
  expect(found).toEqual([true, false, true, false, false, false, false, false, false]);
  // Without multiples, which ajv takes as binary fractions.
  const without = new Validator(new Document(fine as never, new Budget()));
  expect(values.map((value) => without.isValid(value))).toEqual(values.map((value) => ajv.validate(fine, value)));
});
