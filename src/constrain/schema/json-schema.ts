/** Schemas: JSON Schemas as alternatives without references, `allOf`, `anyOf` or `oneOf`. Schemas inside stay as they came, so that recursion ends. */

import type { JsonSchema } from "../constraint.ts";
import type { Budget } from "../language/budget.ts";

import { isDisjoint } from "./disjoint.ts";

import { type Flat, isObject, keywords, type Placed, refuse } from "./keywords.ts";
import { merge } from "./merge.ts";

const MAX_ALTERNATIVES = 256;

export class Schemas {
  readonly #root: Placed;
  readonly #budget: Budget;
  /** By schema: its alternatives. One schema may be referred to from many places. */
  readonly #known = new Map<unknown, Flat[]>();

  constructor(root: Placed, budget: Budget) {
    this.#root = root;
    this.#budget = budget;
  }

  /** No alternatives: no value fits. */
  flatten(placed: Placed, open: readonly unknown[] = []): Flat[] {
    this.#budget.spend(1 + open.length);
    const found = this.#known.get(placed.schema) ?? this.#flatten(placed, open);
    this.#known.set(placed.schema, found);
    return found;
  }

  #flatten({ schema, path }: Placed, open: readonly unknown[]): Flat[] {
    if (schema === true) return [{ path }];
    if (schema === false) return [];
    if (!isObject(schema)) return refuse(path, "expected a schema: an object or a boolean");
    if (open.includes(schema)) return refuse(path, "refers to itself without a value in between");
    const inside = [...open, schema];
    let found: Flat[] = [keywords(schema, path, this.#budget)];
    this.#budget.spend(Object.keys(schema).length);
    const saysNothing = (flat: Flat) => Object.keys(flat).length === 1;
    const merged = (a: Flat, b: Flat) => (a === b || saysNothing(a) ? b : merge(a, b, this.#budget)) ?? [];
    const narrow = (by: Flat[]) => {
      found = [...new Set(found.flatMap((flat) => by.flatMap((other) => merged(flat, other))))];
      if (found.length > MAX_ALTERNATIVES) refuse(path, `has more than ${MAX_ALTERNATIVES} alternatives`);
    };
    if (schema.$ref !== undefined) narrow(this.flatten(this.#target(schema.$ref, `${path}.$ref`), inside));
    // The same alternatives again say nothing new.
    const all = new Set(list(schema, "allOf", path).map((part) => this.flatten(part, inside)));
    for (const part of all) narrow(part);
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const parts = list(schema, keyword, path);
      if (parts.length === 0) continue;
      const branches = parts.map((part) => this.flatten(part, inside));
      if (keyword === "oneOf") {
        const base = found;
        const exact = branches.map((branch) => branch.flatMap((a) => base.flatMap((b) => merged(b, a))));
        const isExclusive = exact.every((branch, i) =>
          exact
            .slice(i + 1)
            .every((other) =>
              branch.every((a) => other.every((b) => isDisjoint(a, b, (placed) => this.flatten(placed), this.#budget))),
            ),
        );
        if (!isExclusive)
          refuse(`${path}.oneOf`, "is supported where types or constants tell its branches apart; use anyOf");
      }
      narrow([...new Set(branches.flat())]);
    }
    return found;
  }

  /** Local references only. */
  #target(ref: unknown, path: string): Placed {
    if (typeof ref !== "string" || !/^#(\/|$)/.test(ref))
      return refuse(path, "expected a reference into this schema: #/$defs/…");
    let { schema, path: at } = this.#root;
    for (const step of ref.slice(1).split("/").slice(1)) {
      const key = pointerStep(step, path);
      const inner = Array.isArray(schema)
        ? schema[Number(key)]
        : isObject(schema) && Object.hasOwn(schema, key)
          ? schema[key]
          : undefined;
      if (inner === undefined) return refuse(path, "refers to nothing");
      schema = inner as JsonSchema;
      at = `${at}.${key}`;
    }
    return { schema, path: at };
  }
}

function pointerStep(step: string, path: string): string {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return refuse(path, "expected a JSON pointer");
  }
}

function list(schema: object, keyword: string, path: string): Placed[] {
  const parts = (schema as Record<string, unknown>)[keyword];
  if (parts === undefined) return [];
  const at = `${path}.${keyword}`;
  if (!Array.isArray(parts) || parts.length === 0) return refuse(at, "expected a list of schemas");
  return parts.map((part, i) => ({ schema: part, path: `${at}[${i}]` }));
}
