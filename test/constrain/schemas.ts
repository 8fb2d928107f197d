/** Schemas of the shapes that people write, by what is special about each. */
import type { JsonSchema } from "../../src/constrain/constraint.ts";

const closed = (properties: object, required = Object.keys(properties)) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

export const schemas: Record<string, JsonSchema> = {
  anything: true,
  "an object": { type: "object" },
  "nested objects": closed({ a: closed({ b: closed({ c: { type: "boolean" } }) }), d: { type: "null" } }),
  "required and optional": closed({ a: { type: "integer" }, b: { type: "string" }, c: { type: "boolean" } }, ["b"]),
  "only optional": closed({ a: { type: "integer" }, b: { type: "null" } }, []),
  "no properties": closed({}),
  "names to escape": closed({
    'say "hi"\n': { type: "integer" },
    "größe 😀": { type: "integer" },
    "\u{E0041}": { type: "null" },
  }),
  "required but not described": { type: "object", properties: { a: { type: "integer" } }, required: ["b", "a"] },
  "other members": {
    type: "object",
    properties: { a: { type: "integer" } },
    additionalProperties: { type: "boolean" },
  },
  "a map": { type: "object", additionalProperties: { type: "array", items: { type: "integer" }, maxItems: 2 } },
  "members counted": {
    type: "object",
    properties: { a: { type: "null" }, b: { type: "null" }, c: { type: "null" } },
    minProperties: 1,
    maxProperties: 2,
  },
  "a map counted": { type: "object", additionalProperties: { type: "null" }, maxProperties: 3 },
  "names by pattern": {
    type: "object",
    patternProperties: { "^x_": { type: "integer" }, "^y_": { type: "null" } },
    additionalProperties: { type: "boolean" },
  },
  "names of a form": {
    type: "object",
    additionalProperties: { type: "null" },
    propertyNames: { pattern: "^[a-z]{2,4}$" },
  },
  enum: { enum: ["red", "green", 3, null, true, { a: [1, "x"] }, "größe 😀"] },
  "enum of a type": { type: "string", enum: ["a", 1, "long enough"], minLength: 2 },
  const: closed({ kind: { const: "cat" }, of: { const: { a: [1.5, null] } } }),
  anyOf: {
    anyOf: [
      { type: "integer" },
      closed({ a: { type: "string" } }),
      { type: "array", items: { type: "null" }, maxItems: 4 },
    ],
  },
  "anyOf beside properties": {
    type: "object",
    properties: { a: { type: "null" }, b: { type: "null" } },
    anyOf: [{ required: ["a"] }, { required: ["b"] }],
  },
  "oneOf by constant": {
    oneOf: [
      closed({ kind: { const: "a" }, x: { type: "null" } }),
      closed({ kind: { const: "b" }, y: { type: "null" } }),
    ],
  },
  "oneOf by type": { oneOf: [{ type: "string" }, { type: "null" }, { type: "number" }] },
  allOf: {
    allOf: [
      { type: "object", properties: { a: { type: "integer" } }, required: ["a"] },
      { properties: { a: { minimum: 3, maximum: 5 }, b: { type: "null" } }, required: ["b"] },
    ],
  },
  "types in a list": { type: ["string", "null", "integer"], minimum: 5, maxLength: 3 },
  "types left out": { minimum: 0, maximum: 1 },
  "array with bounds": { type: "array", items: { type: "boolean" }, minItems: 2, maxItems: 4 },
  "array of one": { type: "array", items: { type: "integer" }, maxItems: 1, uniqueItems: true },
  "empty array": { type: "array", maxItems: 0 },
  tuple: {
    type: "array",
    prefixItems: [{ type: "integer" }, { type: "null" }],
    items: { type: "boolean" },
    minItems: 1,
    maxItems: 5,
  },
  "closed tuple": { type: "array", prefixItems: [{ type: "integer" }, { type: "null" }], items: false, minItems: 2 },
  integers: { type: "array", items: { type: "integer" }, minItems: 3 },
  "integer bounds": { type: "array", minItems: 5, items: { type: "integer", minimum: -12, maximum: 1034 } },
  "exclusive integer bounds": {
    type: "array",
    minItems: 5,
    items: { type: "integer", exclusiveMinimum: -3, exclusiveMaximum: 3 },
  },
  "one sided": {
    type: "array",
    minItems: 5,
    items: {
      anyOf: [
        { type: "integer", minimum: 1000 },
        { type: "number", maximum: -0.5 },
      ],
    },
  },
  "number bounds": { type: "array", minItems: 6, items: { type: "number", minimum: -1.25, exclusiveMaximum: 3.5 } },
  "narrow number bounds": {
    type: "array",
    minItems: 6,
    items: { type: "number", exclusiveMinimum: 0.125, maximum: 0.13 },
  },
  "large numbers": {
    type: "array",
    minItems: 4,
    items: { type: "integer", minimum: 9007199254740000, maximum: 9007199254740991 },
  },
  multiples: { type: "array", minItems: 5, items: { type: "integer", multipleOf: 7, minimum: -100, maximum: 100 } },
  "string lengths": { type: "array", minItems: 3, items: { type: "string", minLength: 2, maxLength: 5 } },
  pattern: closed({ plate: { type: "string", pattern: '^[A-Z]{2}-\\d{3,4}(é|")?$' } }),
  "pattern found inside": { type: "string", pattern: "cat|dog", maxLength: 12 },
  "pattern of letters": { type: "string", pattern: "^\\p{L}+\\s\\S{2}$", maxLength: 9 },
  formats: closed(
    Object.fromEntries(
      ["date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uuid", "uri"].map((format) => [
        format.replace("-", "_"),
        { type: "string", format },
      ]),
    ),
  ),
  "a tree": {
    $ref: "#/$defs/node",
    $defs: {
      node: closed(
        {
          value: { type: "integer", minimum: 0, maximum: 9 },
          children: { type: "array", items: { $ref: "#/$defs/node" }, maxItems: 2 },
        },
        ["value"],
      ),
    },
  },
  "a list by itself": {
    type: "object",
    properties: { next: { anyOf: [{ $ref: "#" }, { type: "null" }] } },
    required: ["next"],
    additionalProperties: false,
  },
  "two that call each other": {
    $ref: "#/definitions/a",
    definitions: {
      a: { anyOf: [{ type: "null" }, { type: "array", items: { $ref: "#/definitions/b" }, maxItems: 2 }] },
      b: closed({ a: { $ref: "#/definitions/a" } }),
    },
  },
  "a branch without end": {
    anyOf: [{ $ref: "#/$defs/endless" }, { type: "boolean" }],
    $defs: { endless: closed({ more: { $ref: "#/$defs/endless" } }) },
  },
  "reference with more": {
    properties: { a: { $ref: "#/$defs/short", minLength: 2, description: "a" } },
    required: ["a"],
    $defs: { short: { type: "string", maxLength: 3 } },
  },
  "what pydantic writes": {
    title: "Order",
    type: "object",
    properties: {
      id: { title: "Id", type: "integer", exclusiveMinimum: 0 },
      note: { anyOf: [{ type: "string" }, { type: "null" }], default: null, title: "Note" },
      lines: { type: "array", items: { $ref: "#/$defs/Line" }, minItems: 1, maxItems: 3 },
    },
    required: ["id", "lines"],
    $defs: {
      Line: {
        type: "object",
        title: "Line",
        properties: {
          sku: { type: "string", pattern: "^[a-z]+$", maxLength: 8 },
          price: { type: "number", minimum: 0 },
        },
        required: ["sku", "price"],
      },
    },
  },
};
