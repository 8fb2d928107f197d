/**
 * schemaGrammar: JSON values of a schema, as a language of bytes.
 *
 * Objects have their properties in the schema's order; properties that it does not name come only where
 * `additionalProperties` or `patternProperties` ask for them, or where it names none at all. Every text of the language
 * is valid JSON of the schema, but for what the result says it left out.
 */

import { TextSet } from "../../core/text-keys.ts";
import type { Work } from "../../core/work.ts";
import { Validator } from "../check/validator.ts";
import type { JsonSchema, LeftOut } from "../constraint.ts";
import { constants, literals } from "../json/literals.ts";
import { Matcher } from "../json/matcher.ts";
import { constantText } from "../json/text.ts";
import { barren } from "../language/barren.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { intersect } from "../language/intersect.ts";
import { Alternatives } from "./alternatives.ts";
import { array } from "./array-grammar.ts";
import { Document } from "./document.ts";
import { type Flat, impliedTypes, type Loose, loose } from "./keywords.ts";
import { hasType, merge } from "./merge.ts";
import { anyName, ObjectGrammar } from "./object-grammar.ts";
import { failureAt, type Placed, placed, Refusal } from "./place.ts";
import { name, numeric, string } from "./scalars.ts";
import { isObject, type TypeName } from "./values.ts";

const MAX_DEPTH = 100;

interface SchemaOptions {
  /** Values of this type only. */
  only?: TypeName;
  /** Everything is held to, or refused by name. */
  strict?: boolean;
}

interface SchemaLanguage {
  expr: Expr;
  /** Keywords that texts of the language need not satisfy: those to be checked, and those without effect. */
  leftOut: LeftOut[];
}

/**
 * Values of `schema`; `path` is its place in the request. Failure `request_invalid` or `schema_too_complex` that names
 * what is wrong, or what cannot be held to.
 */
export function* schemaGrammar(
  g: Grammar,
  schema: JsonSchema,
  path: string,
  options: SchemaOptions = {},
): Work<SchemaLanguage> {
  try {
    const document = new Document(schema, g.budget);
    const unknown = document.unknown[0];
    if (options.strict && unknown) throw new Refusal(unknown.pointer, "is not supported");
    let endless: ReadonlySet<string> = new Set();
    for (;;) {
      const grammar = new SchemaGrammar(g, document, path, options, endless);
      const expr = yield* grammar.root();
      const found = (yield* barren(g, `${path} `)).filter((name) => !endless.has(name));
      if (expr.kind === "never" || (expr.kind === "ref" && found.includes(expr.name))) {
        throw new Refusal("", "no value fits");
      }
      if (found.length === 0) return { expr, leftOut: [...grammar.leftOut(), ...document.unknown] };
      // Again, without what never ends.
      endless = new Set([...endless, ...found]);
      g.forget();
    }
  } catch (thrown) {
    throw failureAt(path, thrown);
  }
}

class SchemaGrammar {
  readonly #g: Grammar;
  readonly #document: Document;
  readonly #alternatives: Alternatives;
  readonly #matcher: Matcher;
  readonly #validator: Validator;
  readonly #options: SchemaOptions;
  readonly #endless: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #done = new Map<string, Expr>();
  readonly #numbers = new Map<string, number>();
  /** Of the places that references start from: such an address may be long, and is part of many keys. */
  readonly #bases = new Map<string, number>();
  readonly #numberOf = new WeakMap<object, number>();
  readonly #left = new Map<string, Loose>();
  #depth = 0;

  constructor(g: Grammar, document: Document, path: string, options: SchemaOptions, endless: ReadonlySet<string>) {
    this.#g = g;
    this.#document = document;
    this.#options = options;
    this.#alternatives = new Alternatives(document);
    this.#matcher = new Matcher(g.budget);
    this.#validator = new Validator(document, this.#matcher);
    this.#endless = endless;
    this.#prefix = `${path} `;
  }

  leftOut(): LeftOut[] {
    return [...this.#left.values()].map(({ pointer, keyword, checked }) => ({ pointer, keyword, checked }));
  }

  *root(): Work<Expr> {
    const { root } = this.#document;
    const { only } = this.#options;
    if (!only) return yield* this.#value([root]);
    const one: Flat = { pointer: "", types: new Set([only]) };
    const flats = (yield* this.#alternatives.of(root)).flatMap((flat) => merge(flat, one, this.#g.budget) ?? []);
    return yield* this.#union(flats, [root]);
  }

  #leaveOut = (what: Loose): void => {
    if (this.#options.strict) throw new Refusal(what.pointer, what.why);
    this.#left.set(what.pointer, what);
  };

  /** Values that fit all of these. Schemas of the same text are the same language, however deep they recur. */
  #value = function* (this: SchemaGrammar, all: readonly Placed[]): Work<Expr> {
    const g = this.#g;
    g.budget.spend(all.length >> 3);
    yield* g.budget.pause();
    const parts = all.filter(({ schema }) => schema !== true);
    if (parts.some(({ schema }) => schema === false)) return g.never;
    const place = parts[0]?.pointer ?? all[0]?.pointer ?? "";
    const numbers = new Set(parts.map(({ schema }) => this.#number(schema as object)));
    const key = this.#prefix + [...numbers].sort((a, b) => a - b).join();
    if (this.#endless.has(key)) return g.never;
    const known = this.#done.get(key);
    if (known) return known;
    if (this.#depth >= MAX_DEPTH) throw new Refusal(place, `nests deeper than ${MAX_DEPTH}`);
    this.#done.set(key, g.ref(key));
    this.#depth++;
    let expr: Expr;
    try {
      expr = yield* this.#union(yield* this.#alternatives.ofAll(parts), parts);
    } catch (thrown) {
      throw placed(thrown, place);
    }
    this.#depth--;
    g.define(key, expr);
    // What refers to itself has used the reference by now, and it is the same language.
    if (expr.kind === "never") this.#done.set(key, expr);
    return this.#done.get(key)!;
  }.bind(this);

  /** Of a schema's text, and of the place that its references start from. */
  #number(schema: object): number {
    const known = this.#numberOf.get(schema);
    if (known !== undefined) return known;
    const text = JSON.stringify(schema);
    this.#g.budget.spend(1 + (text.length >> 5));
    const key = `${numbered(this.#bases, this.#document.baseOf(schema as never))} ${text}`;
    const number = numbered(this.#numbers, key);
    this.#numberOf.set(schema, number);
    return number;
  }

  *#union(flats: readonly Flat[], all: readonly Placed[]): Work<Expr> {
    const exprs: Expr[] = [];
    for (const flat of flats) {
      exprs.push(yield* this.#flat(flat, all));
      yield* this.#g.budget.pause();
    }
    return this.#g.union(exprs);
  }

  *#flat(flat: Flat, all: readonly Placed[]): Work<Expr> {
    const g = this.#g;
    // A constant is judged by what the schema means, and then it comes as it is.
    if (flat.values) {
      const fitting = yield* this.#fitting(flat.values, all);
      return yield* constants(g, fitting);
    }
    for (const what of flat.loose ?? []) this.#leaveOut(what);
    const exprs: Expr[] = [];
    for (const type of flat.types ?? impliedTypes(flat)) exprs.push(yield* this.#type(type, flat));
    return g.union(exprs);
  }

  /** Those of `values` that are valid under all of these. */
  *#fitting(values: readonly unknown[], all: readonly Placed[]): Work<unknown[]> {
    const fitting: unknown[] = [];
    for (const value of values) {
      if (all.every((placed) => this.#validator.isValid(value, placed))) fitting.push(value);
      yield* this.#g.budget.pause();
    }
    return fitting;
  }

  *#type(type: TypeName, flat: Flat): Work<Expr> {
    const g = this.#g;
    const { excluded = [] } = flat;
    switch (type) {
      case "null":
        return excluded.includes(null) ? g.never : g.literal("null");
      case "boolean":
        return g.union(
          [true, false].filter((value) => !excluded.includes(value)).map((value) => g.literal(`${value}`)),
        );
      case "string":
        return yield* string(g, flat, this.#leaveOut);
      case "number":
      case "integer":
        return yield* this.#numeric(type, flat);
      case "array":
        if (excluded.some(Array.isArray)) this.#leaveOut(loose(flat.pointer, "not"));
        return yield* array(
          { g, value: this.#value, constants: (all) => this.#constants(all), leaveOut: this.#leaveOut },
          flat,
        );
      case "object": {
        if (excluded.some(isObject)) this.#leaveOut(loose(flat.pointer, "not"));
        const around = {
          g,
          matcher: this.#matcher,
          value: this.#value,
          names: (placed: Placed) => this.#names(placed),
          fits: (text: string, placed: Placed) => this.#validator.isValid(text, placed),
          leaveOut: this.#leaveOut,
        };
        return yield* new ObjectGrammar(around, flat).object();
      }
    }
  }

  *#numeric(type: "number" | "integer", flat: Flat): Work<Expr> {
    if (flat.fractional) this.#leaveOut(loose(flat.pointer, "not"));
    try {
      return yield* numeric(this.#g, type, flat);
    } catch (thrown) {
      const found = placed(thrown, flat.pointer);
      if (!(found instanceof Refusal) || found.code !== "request_invalid") throw found;
      const keyword = flat.multiples ? "multipleOf" : flat.excluded ? "not" : "minimum";
      this.#leaveOut(loose(flat.pointer, keyword, found.message));
      const { multiples: _, excluded: __, ...others } = flat;
      return yield* numeric(
        this.#g,
        flat.multiples?.every((n) => Number.isInteger(n)) ? "integer" : type,
        keyword === "minimum" ? { pointer: flat.pointer } : others,
      );
    }
  }

  *#constants(all: readonly Placed[]): Work<readonly unknown[] | undefined> {
    const flats = yield* this.#alternatives.ofAll(all);
    if (!flats.every(({ values }) => values)) return undefined;
    const values = flats.flatMap((flat) => flat.values!);
    this.#g.budget.spend(values.length);
    const texts = new TextSet(values.map((value) => constantText(value)));
    return yield* this.#fitting(
      [...texts].map((text) => JSON.parse(text) as unknown),
      all,
    );
  }

  /** Names of members, without their quotes. */
  *#names(placed: Placed): Work<Expr> {
    const g = this.#g;
    const texts: Expr[] = [];
    for (const flat of yield* this.#alternatives.of(placed)) {
      for (const what of flat.loose ?? []) this.#leaveOut(what);
      if (flat.types && !hasType(flat.types, "")) continue;
      if (!flat.values) texts.push(yield* name(g, flat, this.#leaveOut));
      else {
        const names = flat.values.filter((value) => typeof value === "string");
        const fitting = yield* this.#fitting(names, [placed]);
        texts.push(
          yield* literals(
            g,
            fitting.map((value) => constantText(value).slice(1, -1)),
          ),
        );
      }
    }
    return yield* intersect(g, [anyName(g), g.union(texts)]);
  }
}

/** The text's number, the next one where it is new. */
function numbered(numbers: Map<string, number>, text: string): number {
  const number = numbers.get(text) ?? numbers.size;
  numbers.set(text, number);
  return number;
}
