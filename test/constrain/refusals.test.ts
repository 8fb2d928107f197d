import { describe, expect, it } from "vitest";
import { checkShape } from "../../src/constrain/constraint-for.ts";
import { Failure } from "../../src/core/failure.ts";
import { schemaShape } from "./model.ts";

const at = "response_format.json_schema.schema";
const endless = { type: "object", properties: { x: { $ref: "#" } }, required: ["x"] };
const property = (schema: unknown) => ({ type: "object", properties: { x: schema } });

const cases: [what: string, schema: unknown, param: string][] = [
  ["not of a format", property({ not: { format: "date" } }), `${at}.properties.x.not`],
  ["a misspelled keyword", { type: "string", maxlength: 3 }, `${at}.maxlength`],
  ["uniqueItems", { type: "array", uniqueItems: true }, `${at}.uniqueItems`],
  ["unevaluatedProperties", { unevaluatedProperties: false }, `${at}.unevaluatedProperties`],
  ["a pattern that is none", property({ pattern: "(" }), `${at}.properties.x.pattern`],
  ["look-behind", property({ pattern: "^(?<!a)b" }), `${at}.properties.x.pattern`],
  ["a back reference", property({ pattern: "(a)\\1" }), `${at}.properties.x.pattern`],
  ["a word boundary", property({ pattern: "\\ba" }), `${at}.properties.x.pattern`],
  ["a pattern that nothing matches", { ...property({ pattern: "a$b" }), required: ["x"] }, at],
  ["propertyNames that are no schema", { propertyNames: 5 }, `${at}.propertyNames`],
  ["a pattern of names that is none", { propertyNames: { pattern: 5 } }, `${at}.propertyNames.pattern`],
  ["a format that is not known", { type: "string", format: "iri" }, `${at}.format`],
  ["a type that is none", { type: "text" }, `${at}.type`],
  ["a list of no types", { type: [] }, `${at}.type`],
  ["a schema that is none", { items: [1] }, `${at}.items[0]`],
  ["properties that are none", { properties: [] }, `${at}.properties`],
  ["required that is no list", { required: "a" }, `${at}.required`],
  ["enum without values", { enum: [] }, `${at}.enum`],
  ["a negative length", { minLength: -1 }, `${at}.minLength`],
  ["a fraction of items", { maxItems: 1.5 }, `${at}.maxItems`],
  ["a multiple of zero", { type: "integer", multipleOf: 0 }, `${at}.multipleOf`],
  ["a multiple of a fraction of many digits", { type: "number", multipleOf: 0.12345678 }, `${at}.multipleOf`],
  ["a reference elsewhere", { $ref: "https://example.com/s.json" }, `${at}.$ref`],
  ["a reference to nothing", { $ref: "#/$defs/a" }, `${at}.$ref`],
  ["a reference to itself", { $ref: "#" }, at],
  [
    "references in a circle",
    { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { $ref: "#/$defs/a" } } },
    `${at}.$defs.a`,
  ],
  ["no end", endless, at],
  ["no value", { type: "integer", minimum: 3, maximum: 2 }, at],
  ["no value of a required property", { ...property(false), required: ["x"] }, at],
  ["false", false, at],
  ["enum without a value that fits", { type: "string", enum: [1] }, at],
  ["a length that the pattern never has", { type: "string", pattern: "^a{3}$", maxLength: 2 }, at],
  ["oneOf that is not told apart", { oneOf: [{ type: "integer" }, { type: "number" }] }, `${at}.oneOf`],
  [
    "more named properties than there are",
    { ...property(true), minProperties: 3, additionalProperties: true },
    `${at}.minProperties`,
  ],
  ["too deep", JSON.parse(`${'{"items":'.repeat(150)}{}${"}".repeat(150)}`), `${at}${".items".repeat(100)}`],
  [
    "too many alternatives",
    { allOf: Array.from({ length: 9 }, (_, i) => ({ anyOf: [{ minLength: i }, { maxLength: i + 50 }] })) },
    `${at}.allOf`,
  ],
];

describe("a schema with", () => {
  it.each(cases)("%s is refused by name", async (_, schema, param) => {
    let thrown: unknown;
    try {
      await checkShape(schemaShape(schema as never));
    } catch (failure) {
      thrown = failure;
    }
    expect(thrown).toBeInstanceOf(Failure);
    const { code, param: named, message } = thrown as Failure;
    expect({ code, named }, message).toEqual({ code: "request_invalid", named: param });
    expect(message.startsWith(`${param}: `), message).toBe(true);
  });

  it("annotations is taken", async () => {
    const annotated = {
      title: "t",
      description: "d",
      default: 1,
      examples: [1],
      $schema: "x",
      $comment: "c",
      deprecated: true,
      "x-order": 1,
    };
    await expect(checkShape(schemaShape({ ...annotated, type: "integer" }))).resolves.not.toThrow();
  });
});
