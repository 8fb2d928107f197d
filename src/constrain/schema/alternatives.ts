/**
 * Alternatives: schemas as alternatives of flat ones, without references and applicators. Schemas inside stay as they
 * came, so that recursion ends. What cannot be said so is left out, and the alternatives say what it was.
 */
import { TextSet } from "../../core/text-keys.ts";
import type { Work } from "../../core/work.ts";
import type { Document, SchemaObject } from "./document.ts";
import { type Flat, keywords, type Loose, loose } from "./keywords.ts";
import { merge } from "./merge.ts";
import { MAX_ALTERNATIVES, negate, without } from "./negate.ts";
import { type Placed, refuse, under } from "./place.ts";
import { isObject } from "./values.ts";

/** Of objects inside objects, when two schemas are told apart. */
const MAX_DEPTH = 3;

export class Alternatives {
  readonly #document: Document;
  /** By schema: its alternatives. One schema may be referred to from many places. */
  readonly #known = new Map<unknown, Flat[]>();

  constructor(document: Document) {
    this.#document = document;
  }

  /** No alternatives: no value fits. */
  *of(placed: Placed, open: readonly unknown[] = []): Work<Flat[]> {
    this.#document.budget.spend(1 + open.length);
    yield* this.#document.budget.pause();
    const found = this.#known.get(placed.schema) ?? (yield* this.#of(placed, open));
    this.#known.set(placed.schema, found);
    return found;
  }

  /** Those of all of them together. */
  *ofAll(all: readonly Placed[]): Work<Flat[]> {
    let found: Flat[] = [{ pointer: all[0]?.pointer ?? "" }];
    for (const placed of all) found = yield* this.#both(found, yield* this.of(placed), placed.pointer, "allOf");
    return found;
  }

  *#of({ schema, pointer }: Placed, open: readonly unknown[]): Work<Flat[]> {
    if (schema === true) return [{ pointer }];
    if (schema === false) return [];
    if (!isObject(schema)) return refuse(pointer, "expected a schema: an object or a boolean");
    if (open.includes(schema)) return refuse(pointer, "refers to itself without a value in between");
    const reader = new Reader(this, this.#document, schema, pointer, [...open, schema], this.#both.bind(this));
    return yield* reader.read();
  }

  /** What holds when one of `a` and one of `b` hold. Where that would be too many, `b` is left out. */
  *#both(a: readonly Flat[], b: readonly Flat[], pointer: string, keyword: string): Work<Flat[]> {
    const { budget } = this.#document;
    const found = new Set<Flat>();
    for (const x of a) {
      for (const y of b) {
        const merged = x === y ? x : merge(x, y, budget);
        if (merged) found.add(merged);
        yield* budget.pause();
      }
      if (found.size > MAX_ALTERNATIVES) {
        return withLoose(a, loose(pointer, keyword, `has more than ${MAX_ALTERNATIVES} alternatives`), pointer);
      }
    }
    return [...found];
  }

  /** No value fits both, as far as types, constants and required members show. */
  *areApart(a: readonly Flat[], b: readonly Flat[], depth = 0): Work<boolean> {
    for (const x of a) {
      for (const y of b) {
        const merged = merge(x, y, this.#document.budget);
        if (merged && !(yield* this.#isEmpty(merged, depth))) return false;
        yield* this.#document.budget.pause();
      }
    }
    return true;
  }

  *#isEmpty(flat: Flat, depth: number): Work<boolean> {
    const isObjectOnly = flat.types?.size === 1 && flat.types.has("object");
    if (!isObjectOnly || depth >= MAX_DEPTH || flat.values) return false;
    for (const name of flat.required ?? []) {
      const about = (flat.members ?? []).flatMap(({ properties, patterns, additional }) => {
        const own = properties.get(name);
        return own ? [own] : patterns.length === 0 && additional ? [additional] : [];
      });
      if (about.length === 0) continue;
      let isNothing = true;
      for (const value of yield* this.ofAll(about)) isNothing &&= yield* this.#isEmpty(value, depth + 1);
      if (isNothing) return true;
    }
    return false;
  }

  /** Undefined when it cannot be said. */
  *not(placed: Placed, open: readonly unknown[] = []): Work<Flat[] | undefined> {
    let found: Flat[] = [{ pointer: placed.pointer }];
    for (const flat of yield* this.of(placed, open)) {
      const negated = negate(flat, this.#document.budget);
      if (!negated) return undefined;
      found = yield* this.#both(found, negated, placed.pointer, "not");
      if (found.some((other) => other.loose)) return undefined;
    }
    return found;
  }
}

type Both = (a: readonly Flat[], b: readonly Flat[], pointer: string, keyword: string) => Work<Flat[]>;

/** Each of `flats`, saying that it leaves this out. */
function withLoose(flats: readonly Flat[], what: Loose, pointer: string): Flat[] {
  return flats.map((flat) => ({ ...flat, pointer: flat.pointer || pointer, loose: [...(flat.loose ?? []), what] }));
}

/** The applicators of one schema object, one after the other. */
class Reader {
  readonly #all: Alternatives;
  readonly #document: Document;
  readonly #schema: SchemaObject;
  readonly #pointer: string;
  readonly #open: readonly unknown[];
  readonly #both: Both;
  #found: Flat[];

  constructor(
    all: Alternatives,
    document: Document,
    schema: SchemaObject,
    pointer: string,
    open: readonly unknown[],
    both: Both,
  ) {
    this.#all = all;
    this.#document = document;
    this.#schema = schema;
    this.#pointer = pointer;
    this.#open = open;
    this.#both = both;
    this.#found = [{ pointer }];
  }

  *read(): Work<Flat[]> {
    const { $ref, $dynamicRef, $recursiveRef } = this.#schema as Record<string, string | undefined>;
    if ($ref !== undefined) {
      const target = this.#document.target(this.#schema, $ref, this.#at("$ref"));
      if (this.#document.refsStandAlone) return yield* this.#all.of(target, this.#open);
      yield* this.#narrow(yield* this.#all.of(target, this.#open), "$ref");
    }
    this.#document.budget.spend(Object.keys(this.#schema).length);
    yield* this.#narrow([keywords(this.#schema, this.#pointer)], "type");
    if ($dynamicRef !== undefined) this.#leaveOut("$dynamicRef");
    if ($recursiveRef !== undefined) this.#leaveOut("$recursiveRef");
    // The same alternatives again say nothing new.
    for (const part of new Set(yield* this.#each("allOf"))) yield* this.#narrow(part, "allOf");
    const any = yield* this.#each("anyOf");
    if (any.length > 0) yield* this.#narrow([...new Set(any.flat())], "anyOf");
    if (this.#schema.oneOf !== undefined) yield* this.#oneOf();
    if (this.#schema.not !== undefined) yield* this.#not();
    if (this.#schema.if !== undefined) yield* this.#if();
    yield* this.#dependencies();
    for (const keyword of ["unevaluatedProperties", "unevaluatedItems"] as const) {
      if (this.#schema[keyword] !== undefined && this.#schema[keyword] !== true) this.#leaveOut(keyword);
    }
    return this.#found;
  }

  #at(...steps: (string | number)[]): string {
    return under(this.#pointer, ...steps);
  }

  #placed(keyword: string): Placed {
    return { schema: this.#schema[keyword] as never, pointer: this.#at(keyword) };
  }

  #list(keyword: string): Placed[] {
    const parts = (this.#schema[keyword] ?? []) as Placed["schema"][];
    return parts.map((schema, i) => ({ schema, pointer: this.#at(keyword, i) }));
  }

  /** The alternatives of each schema of a list. */
  *#each(keyword: string): Work<Flat[][]> {
    const found: Flat[][] = [];
    for (const part of this.#list(keyword)) found.push(yield* this.#all.of(part, this.#open));
    return found;
  }

  *#narrow(by: readonly Flat[], keyword: string): Work<void> {
    this.#found = yield* this.#both(this.#found, by, this.#pointer, keyword);
  }

  #leaveOut(keyword: string, why?: string): void {
    this.#found = withLoose(this.#found, loose(this.#pointer, keyword, why), this.#pointer);
  }

  *#oneOf(): Work<void> {
    const parts = this.#list("oneOf");
    const branches: Flat[][] = [];
    for (const part of yield* this.#each("oneOf"))
      branches.push(yield* this.#both(this.#found, part, this.#pointer, "oneOf"));
    const exact: Flat[] = [];
    for (const [i, branch] of branches.entries()) {
      let own = branch;
      for (const [j, other] of branches.entries()) {
        if (i === j || (yield* this.#all.areApart(branch, other))) continue;
        const not = yield* this.#all.not(parts[j]!, this.#open);
        const narrower = not && (yield* this.#both(own, not, this.#pointer, "oneOf"));
        // A number that is no integer cannot be written down by a grammar either.
        const isSayable = narrower?.every(
          (flat) => !flat.fractional && (!flat.loose || own.some((same) => same.loose === flat.loose)),
        );
        if (!narrower || !isSayable) {
          this.#found = [...new Set(branches.flat())];
          this.#leaveOut("oneOf", "is supported where its branches can be told apart; use anyOf");
          return;
        }
        own = narrower;
      }
      exact.push(...own);
    }
    this.#found = [...new Set(exact)];
  }

  *#not(): Work<void> {
    const not = yield* this.#all.not(this.#placed("not"), this.#open);
    if (not) yield* this.#narrow(not, "not");
    else this.#leaveOut("not");
  }

  /** Of a branch of `if`: what is not there says nothing. */
  *#branch(keyword: "then" | "else"): Work<Flat[]> {
    if (this.#schema[keyword] === undefined) return [{ pointer: this.#pointer }];
    return yield* this.#all.of(this.#placed(keyword), this.#open);
  }

  *#if(): Work<void> {
    const condition = this.#placed("if");
    // Whatever branch it is, one of the two holds; and neither says anything without words.
    if (this.#schema.then === undefined && this.#schema.else === undefined) return;
    const then = yield* this.#branch("then");
    const met = yield* this.#both(yield* this.#all.of(condition, this.#open), then, this.#pointer, "then");
    const not = yield* this.#all.not(condition, this.#open);
    const otherwise = yield* this.#branch("else");
    const unmet = not ? yield* this.#both(not, otherwise, this.#pointer, "else") : otherwise;
    yield* this.#narrow([...met, ...unmet], "if");
    if (!not) this.#leaveOut("if", "is supported where its condition can be told from its opposite");
  }

  /** `dependentRequired`, `dependentSchemas` and `dependencies`: a name is not there, or what follows from it holds. */
  *#dependencies(): Work<void> {
    for (const keyword of ["dependentRequired", "dependentSchemas", "dependencies"] as const) {
      for (const [name, needed] of Object.entries((this.#schema[keyword] ?? {}) as object)) {
        const pointer = this.#at(keyword, name);
        const absent: Flat = { pointer, ...without(name, pointer) };
        const present: Flat = { pointer, required: new TextSet([name, ...(Array.isArray(needed) ? needed : [])]) };
        const then = Array.isArray(needed)
          ? [present]
          : yield* this.#both(
              [present],
              yield* this.#all.of({ schema: needed, pointer }, this.#open),
              pointer,
              keyword,
            );
        yield* this.#narrow([absent, ...then], keyword);
      }
    }
  }
}
