/**
 * schemaGrammar: JSON values of a schema, as a language of bytes.
 *
 * Objects have their properties in the schema's order; properties that it does not name come only where `additionalProperties` or
 * `patternProperties` ask for them, or where it names none at all. Every text of the language is valid JSON of the schema.
 */

import type { JsonSchema } from "../constraint.ts";
import { constant, constantText, space } from "../json/text.ts";
import { barren } from "../language/barren.ts";
import type { Expr, Grammar } from "../language/expr.ts";
import { Schemas } from "./json-schema.ts";
import { type Flat, type Placed, refuse, type TypeName, typeNames } from "./keywords.ts";
import { merge } from "./merge.ts";
import { ObjectGrammar } from "./object-grammar.ts";
import { at, key, numeric, patternOf, string } from "./scalars.ts";

const MAX_DEPTH = 100;

/**
 * Values of `schema`, of this type only when `only` is given; `path` is its place in the request. Failure `request_invalid` that names
 * what cannot be held to.
 */
export function schemaGrammar(g: Grammar, schema: JsonSchema, path: string, only?: TypeName): Expr {
  let endless: ReadonlySet<string> = new Set();
  for (;;) {
    const expr = new SchemaGrammar(g, { schema, path }, endless).root(only);
    const found = barren(g).filter((name) => !endless.has(name));
    if (expr.kind === "never" || (expr.kind === "ref" && found.includes(expr.name)))
      return refuse(path, "no value fits");
    if (found.length === 0) return expr;
    // Again, without what never ends.
    endless = new Set([...endless, ...found]);
    g.forget();
  }
}

class SchemaGrammar {
  readonly #g: Grammar;
  readonly #root: Placed;
  readonly #schemas: Schemas;
  readonly #endless: ReadonlySet<string>;
  readonly #prefix: string;
  readonly #done = new Map<string, Expr>();
  #depth = 0;

  constructor(g: Grammar, root: Placed, endless: ReadonlySet<string>) {
    this.#g = g;
    this.#root = root;
    this.#schemas = new Schemas(root, g.budget);
    this.#endless = endless;
    this.#prefix = `${root.path} `;
  }

  root(only?: TypeName): Expr {
    if (!only) return this.value(this.#root);
    const { path } = this.#root;
    const flats = this.#schemas
      .flatten(this.#root)
      .flatMap((flat) => merge(flat, { path, types: new Set([only]) }, this.#g.budget) ?? []);
    return at(path, () => this.#g.alt(...flats.map((flat) => this.#flat(flat))));
  }

  /** Schemas of the same text are the same language, however deep they recur. */
  value(placed: Placed): Expr {
    const g = this.#g;
    const text = JSON.stringify(placed.schema);
    g.budget.spend(text.length >> 4);
    const name = this.#prefix + text;
    if (this.#endless.has(name)) return g.never;
    const known = this.#done.get(name);
    if (known) return known;
    if (this.#depth >= MAX_DEPTH) refuse(placed.path, `nests deeper than ${MAX_DEPTH}`);
    this.#done.set(name, g.ref(name));
    this.#depth++;
    const expr = at(placed.path, () => g.alt(...this.#schemas.flatten(placed).map((flat) => this.#flat(flat))));
    this.#depth--;
    g.define(name, expr);
    // What refers to itself has used the reference by now, and it is the same language.
    if (expr.kind === "never") this.#done.set(name, expr);
    return this.#done.get(name)!;
  }

  #flat(flat: Flat): Expr {
    const { values, ...others } = flat;
    const g = this.#g;
    if (values) {
      const rest = this.#flat(others);
      return g.alt(...values.filter((value) => g.holds(rest, constantText(value))).map((value) => constant(g, value)));
    }
    return g.alt(...[...(flat.types ?? impliedTypes(flat))].map((type) => this.#type(type, flat)));
  }

  #type(type: TypeName, flat: Flat): Expr {
    const g = this.#g;
    switch (type) {
      case "null":
        return g.literal("null");
      case "boolean":
        return g.alt(g.literal("true"), g.literal("false"));
      case "string":
        return string(g, flat);
      case "number":
      case "integer":
        return at(flat.path, () => numeric(g, type, flat));
      case "array":
        return this.#array(flat);
      case "object":
        return new ObjectGrammar(
          g,
          (placed) => this.value(placed),
          (placed) => patternOf(g, placed),
          (placed) => this.#names(placed),
        ).object(flat);
    }
  }

  /** Names of properties, without their quotes. */
  #names(placed: Placed): Expr {
    const g = this.#g;
    const of = ({ values, ...flat }: Flat) => {
      if (flat.types && !flat.types.has("string")) return [];
      const names = key(g, flat);
      if (!values) return [names];
      const texts = values
        .filter((value) => typeof value === "string")
        .map((value) => constantText(value).slice(1, -1));
      return texts.filter((text) => g.holds(names, text)).map((text) => g.literal(text));
    };
    return at(placed.path, () => g.alt(...this.#schemas.flatten(placed).flatMap(of)));
  }

  #array(flat: Flat): Expr {
    const g = this.#g;
    const { prefixItems = [], minItems: min = 0, maxItems: max = Number.POSITIVE_INFINITY } = flat;
    const comma = g.seq(g.literal(","), space(g));
    const close = g.seq(space(g), g.literal("]"));
    // Behind a prefix, further items only where the schema speaks of them or asks for so many.
    const speaks = flat.items !== undefined || prefixItems.length === 0 || min > prefixItems.length;
    const item = speaks ? this.value(flat.items ?? { schema: true, path: flat.path }) : g.never;
    const more = (had: number) =>
      g.seq(g.repeat(g.seq(comma, item), Math.max(min - had, 0), Math.max(max - had, 0)), close);
    let rest = prefixItems.length <= max ? more(prefixItems.length) : g.never;
    if (prefixItems.length === 0) {
      const some = max > 0 ? g.seq(item, more(1)) : g.never;
      rest = g.alt(min === 0 ? g.literal("]") : g.never, some);
    }
    for (let i = prefixItems.length - 1; i >= 0; i--) {
      const next = i < max ? g.seq(i > 0 ? comma : g.empty, this.value(prefixItems[i]!), rest) : g.never;
      rest = g.alt(i >= min ? (i === 0 ? g.literal("]") : close) : g.never, next);
    }
    return g.seq(g.literal("["), space(g), rest);
  }
}

/** A schema that speaks of properties means an object. */
function impliedTypes(flat: Flat): readonly TypeName[] {
  const speaksOf: [TypeName, (keyof Flat)[]][] = [
    [
      "object",
      [
        "properties",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "required",
        "minProperties",
        "maxProperties",
      ],
    ],
    ["array", ["prefixItems", "items", "minItems", "maxItems"]],
    ["string", ["minLength", "maxLength", "patterns", "formats"]],
    ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]],
  ];
  const implied = speaksOf.filter(([, names]) => names.some((name) => flat[name] !== undefined)).map(([type]) => type);
  return implied.length > 0 ? implied : typeNames.filter((type) => type !== "integer");
}
