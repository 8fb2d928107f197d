/**
 * Schemas made at random, texts drawn at random from their languages: each is valid JSON of its
 * schema, and none is a dead end.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { Validator } from "../../../src/constrain/check/validator.ts";
import { Budget } from "../../../src/constrain/language/budget.ts";
import { type Expr, Grammar } from "../../../src/constrain/language/expr.ts";
import { Document } from "../../../src/constrain/schema/document.ts";
import { schemaGrammar } from "../../../src/constrain/schema/schema-grammar.ts";
import { Failure } from "../../../src/core/failure.ts";
import { atOnce } from "../../../src/core/work.ts";
import { Random } from "../../../src/sampling/random.ts";

const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false });
(addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
const SCHEMAS = 60;
const TEXTS = 3;
const MAX_BYTES = 6000;

class Schemas {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  below = (n: number) => Math.floor(this.#random.nextFloat() * n);
  chance = (p: number) => this.#random.nextFloat() < p;
  pick = <T>(...of: T[]): T => of[this.below(of.length)]!;
  #list = (depth: number) => Array.from({ length: 1 + this.below(3) }, () => this.schema(depth - 1));
  #number = () => Number(((this.#random.nextFloat() - 0.5) * this.pick(3, 30, 3000)).toFixed(this.pick(0, 0, 1, 2)));

  schema(depth: number): unknown {
    if (this.chance(0.05)) return this.pick<unknown>(true, false, {});
    if (depth <= 0 || this.chance(0.3)) return this.#leaf();
    return this.pick(
      () => this.#object(depth),
      () => this.#object(depth),
      () => this.#array(depth),
      () => ({ anyOf: this.#list(depth) }),
      () => ({ oneOf: this.#list(depth) }),
      () => ({ allOf: this.#list(depth) }),
      () => ({ ...this.#object(depth), anyOf: this.#list(depth) }),
      () => ({ $ref: this.pick("#/$defs/p", "#/$defs/q", "#") }),
      () => ({ ...this.#leaf(), $ref: this.pick("#/$defs/p", "#/$defs/q") }),
    )();
  }

  #value(depth = 2): unknown {
    const inner = () => (depth > 0 ? this.#value(depth - 1) : null);
    return this.pick<() => unknown>(
      this.#number,
      () => null,
      () => true,
      () => this.pick("", "a", 'é\n"'),
      () => [inner()],
      () => ({ a: inner() }),
    )();
  }

  #leaf(): object {
    const maybe = (p: number, fields: () => object) => (this.chance(p) ? fields() : {});
    return this.pick<() => object>(
      () => ({ type: this.pick<unknown>("string", "integer", "number", "boolean", "null", ["string", "null"]) }),
      () => ({ enum: Array.from({ length: 1 + this.below(4) }, () => this.#value()) }),
      () => ({ const: this.#value() }),
      () => ({
        ...maybe(0.8, () => ({ type: "string" })),
        ...maybe(0.4, () => ({ minLength: this.below(4) })),
        ...maybe(0.5, () => ({ maxLength: this.below(8) })),
        ...maybe(0.3, () => ({
          pattern: this.pick("^a", "b$", "^[a-c]{2,5}$", "\\d", "^(x|yy)*$", "é|ü", "^(?!a)\\S+$"),
        })),
        ...maybe(0.15, () => ({ format: this.pick("date", "time", "uuid", "ipv4") })),
      }),
      () => ({
        type: this.pick("integer", "number"),
        ...maybe(0.5, () => ({ [this.pick("minimum", "exclusiveMinimum")]: this.#number() })),
        ...maybe(0.5, () => ({ [this.pick("maximum", "exclusiveMaximum")]: this.#number() })),
        ...maybe(0.2, () => ({ multipleOf: this.pick(2, 3, 7, 10) })),
      }),
    )();
  }

  #object(depth: number): object {
    const names = ["a", "b", "kind", "x y", 'é"', "$ref"];
    const maybe = (p: number, fields: () => object) => (this.chance(p) ? fields() : {});
    const properties = () =>
      Object.fromEntries(names.filter(() => this.chance(0.4)).map((name) => [name, this.schema(depth - 1)]));
    return {
      ...maybe(0.8, () => ({ type: "object" })),
      ...maybe(0.85, () => ({ properties: properties() })),
      ...maybe(0.6, () => ({ required: names.filter(() => this.chance(0.25)) })),
      ...maybe(0.5, () => ({ additionalProperties: this.chance(0.5) ? false : this.schema(depth - 1) })),
      ...maybe(0.1, () => ({ minProperties: this.below(3) })),
      ...maybe(0.15, () => ({ maxProperties: this.below(4) })),
      ...maybe(0.12, () => ({ patternProperties: { [this.pick("^a", "^z", "\\d")]: this.schema(depth - 1) } })),
      ...maybe(0.1, () => ({ propertyNames: { pattern: this.pick("^[a-z]*$", "^.{1,3}$") } })),
    };
  }

  #array(depth: number): object {
    const maybe = (p: number, fields: () => object) => (this.chance(p) ? fields() : {});
    return {
      ...maybe(0.8, () => ({ type: "array" })),
      ...maybe(0.7, () => ({ items: this.schema(depth - 1) })),
      ...maybe(0.25, () => ({ prefixItems: this.#list(depth) })),
      ...maybe(0.3, () => ({ minItems: this.below(3) })),
      ...maybe(0.5, () => ({ maxItems: this.below(5) })),
    };
  }

  /** With words that a grammar holds only in part or not at all, and some that nobody knows. */
  loosely(depth: number): object {
    const maybe = (p: number, fields: () => object) => (this.chance(p) ? fields() : {});
    const made = this.schema(depth);
    return {
      ...(typeof made === "object" ? (made as object) : {}),
      ...maybe(0.3, () => ({ not: this.schema(1) })),
      ...maybe(0.3, () => ({ uniqueItems: true })),
      ...maybe(0.2, () => ({ contains: this.schema(1), ...maybe(0.5, () => ({ maxContains: 1 + this.below(2) })) })),
      ...maybe(0.2, () => ({ minProperties: 1 + this.below(4) })),
      ...maybe(0.3, () => ({
        if: this.schema(1),
        // biome-ignore lint/suspicious/noThenProperty: the keyword's name.
        then: this.schema(1),
        ...maybe(0.5, () => ({ else: this.schema(1) })),
      })),
      ...maybe(0.2, () => ({ dependentRequired: { a: ["b"], kind: ["a", "x y"] } })),
      ...maybe(0.15, () => ({ unevaluatedProperties: false })),
      ...maybe(0.3, () => ({ oneOf: this.#list(2) })),
      ...maybe(0.2, () => ({ colour: "red", readonly: true })),
    };
  }

  /** A text of the language; undefined when it did not come to an end. */
  text(g: Grammar, root: Expr): string | undefined {
    const bytes: number[] = [];
    let at = root;
    while (bytes.length < MAX_BYTES) {
      g.beginReading();
      const next = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => g.after(at, byte).kind !== "never");
      if (at.nullable && (next.length === 0 || this.chance(0.3)))
        return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes));
      expect(next.length, `dead end behind ${String.fromCharCode(...bytes)}`).toBeGreaterThan(0);
      const closing = next.filter((byte) => '"}]'.includes(String.fromCharCode(byte)));
      const closes = closing.length > 0 && this.chance(bytes.length > 150 ? 0.9 : 0.25);
      const byte = this.pick(...(closes ? closing : next));
      bytes.push(byte);
      at = g.after(at, byte);
    }
    return undefined;
  }
}

describe.each([11, 12, 13])("random schemas (%i)", (seed) => {
  it("have only valid texts", () => {
    let drawn = 0;
    for (let i = 0; i < SCHEMAS; i++) {
      const random = new Schemas(Random.fromSeed(1000 * seed + i));
      const made = random.schema(3);
      const schema = typeof made === "object" ? { ...made, $defs: { p: random.schema(2), q: random.schema(1) } } : made;
      const said = JSON.stringify(schema);
      const g = new Grammar();
      let root: Expr;
      try {
        root = atOnce(schemaGrammar(g, schema as never, "schema", { strict: true })).expr;
      } catch (thrown) {
        // Refused by name; anything else is a fault.
        expect(thrown, said).toBeInstanceOf(Failure);
        expect(thrown, said).toMatchObject({ code: "request_invalid", param: expect.stringMatching(/^schema/) });
        continue;
      }
      g.finish();
      const validate = ajv.compile(schema as object);
      for (let n = 0; n < TEXTS; n++) {
        const text = random.text(g, root);
        if (text === undefined) continue;
        drawn++;
        expect(validate(JSON.parse(text)), `${said}: ${text} ${ajv.errorsText(validate.errors)}`).toBe(true);
      }
    }
    expect(drawn).toBeGreaterThan(SCHEMAS);
  });
});

describe.each([21, 22])("random schemas, held to loosely (%i)", (seed) => {
  it("have texts that are valid, or that the check of the finished value refuses: never a silent violation", () => {
    let [drawn, checked, refused] = [0, 0, 0];
    for (let i = 0; i < SCHEMAS; i++) {
      const random = new Schemas(Random.fromSeed(1000 * seed + i));
      const schema = { ...random.loosely(2), $defs: { p: random.schema(2), q: random.schema(1) } };
      const said = JSON.stringify(schema);
      const g = new Grammar();
      let language: { expr: Expr; leftOut: readonly { checked: boolean }[] };
      try {
        language = atOnce(schemaGrammar(g, schema as never, "schema", { strict: false }));
      } catch (thrown) {
        expect(thrown, said).toBeInstanceOf(Failure);
        continue;
      }
      g.finish();
      const validate = ajv.compile(schema as object);
      const isChecked = language.leftOut.some((each) => each.checked);
      for (let n = 0; n < 2 * TEXTS; n++) {
        const text = random.text(g, language.expr);
        if (text === undefined) continue;
        drawn++;
        const value: unknown = JSON.parse(text);
        const isValid = validate(value);
        const about = `${said}: ${text} ${ajv.errorsText(validate.errors)}`;
        if (!isChecked) expect(isValid, about).toBe(true);
        // What the server does where something was left out of the grammar.
        const found = new Validator(new Document(schema as never, new Budget())).isValid(value);
        expect(found, about).toBe(isValid);
        if (isChecked) checked++;
        if (!found) refused++;
      }
    }
    expect(drawn).toBeGreaterThan(SCHEMAS);
    expect(checked).toBeGreaterThan(20);
    expect(refused).toBeGreaterThan(0);
  });
});
