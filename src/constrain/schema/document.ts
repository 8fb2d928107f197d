/**
 * Document: a schema with its parts found once: every keyword's value has its type, references lead to their places,
 * and keywords that nobody knows are listed. What is not a JSON Schema is refused here, wherever it stands, so that
 * readers after it need not look.
 */
import { TextSet } from "../../core/text-keys.ts";
import type { JsonSchema, LeftOut } from "../constraint.ts";
import type { Budget } from "../language/budget.ts";
import { checkValue, isAnnotation, kindOf, MAX_DEPTH } from "./known-keywords.ts";
import { type Placed, refuse, shown, under } from "./place.ts";
import { isObject } from "./values.ts";

export type SchemaObject = { readonly [keyword: string]: unknown };

const A_SCHEMA = "expected a schema: an object or a boolean";

interface Resource {
  root: JsonSchema;
  pointer: string;
  anchors: Map<string, Placed>;
  dynamic: Map<string, Placed>;
}

const BASE = "schema:/root";

export class Document {
  readonly root: Placed;
  readonly budget: Budget;
  /** Keywords without a meaning that is known. */
  readonly unknown: LeftOut[] = [];
  /** Draft 7 and before: what stands beside `$ref` says nothing. */
  readonly refsStandAlone: boolean;
  /** Every `pattern` and key of `patternProperties`. */
  readonly patterns = new TextSet();
  /** Some schema asks which parts of a value others have looked at. */
  hasUnevaluated = false;
  readonly #resources = new Map<string, Resource>();
  /** By schema object: the URI that its references start from. */
  readonly #bases = new Map<unknown, string>();

  constructor(schema: JsonSchema, budget: Budget) {
    this.root = { schema, pointer: "" };
    this.budget = budget;
    const dialect = isObject(schema) && typeof schema.$schema === "string" ? schema.$schema : "";
    this.refsStandAlone = /draft-0[3-7]/.test(dialect);
    this.#addResource(BASE, this.root);
    this.#walk(this.root, BASE, 0);
  }

  /** The place that a reference in `from` leads to. */
  target(from: SchemaObject, ref: string, pointer: string): Placed {
    const base = this.#bases.get(from) ?? BASE;
    this.budget.spend(1 + ((base.length + ref.length) >> 3));
    const uri = this.#resolve(base, ref, pointer);
    const hash = uri.indexOf("#");
    const [address, fragment] = hash < 0 ? [uri, ""] : [uri.slice(0, hash), uri.slice(hash + 1)];
    const resource = this.#resources.get(address);
    if (!resource) return refuse(pointer, "expected a reference into this schema: #/$defs/…");
    if (fragment !== "" && !fragment.startsWith("/")) {
      const name = decoded(fragment, pointer);
      return resource.anchors.get(name) ?? refuse(pointer, "refers to nothing");
    }
    return this.#at(resource, fragment, pointer);
  }

  /** `$dynamicRef`: the outermost resource of `scope` that has the anchor, where the first target has one too. */
  dynamicTarget(from: SchemaObject, ref: string, pointer: string, scope: readonly SchemaObject[]): Placed {
    const first = this.target(from, ref, pointer);
    const name = ref.slice(ref.indexOf("#") + 1);
    if (!isObject(first.schema) || first.schema.$dynamicAnchor !== name) return first;
    for (const schema of scope) {
      const found = this.#resources.get(this.baseOf(schema))?.dynamic.get(name);
      if (found) return found;
    }
    return first;
  }

  /** `$recursiveRef`: the outermost resource of `scope` from which on all say `$recursiveAnchor`. */
  recursiveTarget(from: SchemaObject, scope: readonly SchemaObject[]): Placed {
    const own = this.#resources.get(this.baseOf(from))!;
    if (!isObject(own.root) || own.root.$recursiveAnchor !== true) return { schema: own.root, pointer: own.pointer };
    const uris = scope.map((schema) => this.baseOf(schema));
    for (const uri of uris) {
      const { root, pointer } = this.#resources.get(uri)!;
      if (isObject(root) && root.$recursiveAnchor === true) return { schema: root, pointer };
    }
    return { schema: own.root, pointer: own.pointer };
  }

  baseOf(schema: SchemaObject): string {
    return this.#bases.get(schema) ?? BASE;
  }

  #addResource(uri: string, { schema, pointer }: Placed): void {
    this.#resources.set(uri, { root: schema, pointer, anchors: new Map(), dynamic: new Map() });
  }

  #resolve(base: string, ref: string, pointer: string): string {
    if (ref.startsWith("#")) return base + ref;
    try {
      return new URL(ref, base).href.replace(/#$/, "");
    } catch {
      return refuse(pointer, "expected a reference");
    }
  }

  #at({ root, pointer: start }: Resource, fragment: string, place: string): Placed {
    let [value, pointer] = [root as unknown, start];
    for (const step of fragment.split("/").slice(1)) {
      const key = decoded(step, place).replaceAll("~1", "/").replaceAll("~0", "~");
      const inner = Array.isArray(value)
        ? value[Number(key)]
        : isObject(value) && Object.hasOwn(value, key)
          ? value[key]
          : undefined;
      if (inner === undefined) return refuse(place, "refers to nothing");
      value = inner;
      pointer = under(pointer, key);
    }
    if (typeof value !== "boolean" && !this.#bases.has(value)) {
      // A schema below a keyword that holds none: it is read as one from now on.
      this.#walk({ schema: value as JsonSchema, pointer }, BASE, 1);
    }
    return { schema: value as JsonSchema, pointer };
  }

  #walk({ schema, pointer }: Placed, base: string, depth: number): void {
    if (typeof schema === "boolean") return;
    if (!isObject(schema)) refuse(pointer, A_SCHEMA);
    if (depth > MAX_DEPTH) refuse(pointer, `nests deeper than ${MAX_DEPTH}`);
    if (this.#bases.has(schema)) return;
    this.budget.spend(2 + Object.keys(schema).length);
    let own = base;
    const isAlone = this.refsStandAlone && schema.$ref !== undefined;
    for (const keyword of ["$id", "id"] as const) {
      const id = schema[keyword];
      if (typeof id !== "string" || isAlone) continue;
      this.budget.spend((id.length + base.length) >> 3);
      if (id.startsWith("#")) {
        this.#resources.get(own)?.anchors.set(id.slice(1), { schema, pointer });
        continue;
      }
      try {
        own = new URL(id, base).href.replace(/#.*$/, "");
      } catch {
        continue;
      }
      if (pointer === "") this.#resources.set(own, this.#resources.get(BASE)!);
      else this.#addResource(own, { schema, pointer });
    }
    this.#bases.set(schema, own);
    for (const keyword of ["$anchor", "$dynamicAnchor"] as const) {
      const name = schema[keyword];
      if (typeof name !== "string") continue;
      this.#resources.get(own)?.anchors.set(name, { schema, pointer });
      if (keyword === "$dynamicAnchor") this.#resources.get(own)?.dynamic.set(name, { schema, pointer });
    }
    for (const keyword of Object.keys(schema)) {
      const at = under(pointer, keyword);
      const value = schema[keyword];
      const kind = kindOf(keyword);
      if (kind === undefined) {
        if (!isAnnotation(keyword)) {
          this.unknown.push({
            pointer: under(pointer, keyword.slice(0, 200)),
            keyword: keyword.slice(0, 200),
            checked: false,
          });
        }
        continue;
      }
      this.hasUnevaluated ||= keyword.startsWith("unevaluated");
      const inner = (step: string | number, of: unknown) =>
        this.#walk({ schema: of as JsonSchema, pointer: under(at, step) }, own, depth + 1);
      checkValue(kind, keyword, value, at, schema, this.budget);
      if (keyword === "pattern") this.patterns.add(value as string);
      if (keyword === "patternProperties") for (const source of Object.keys(value as object)) this.patterns.add(source);
      if (kind === "schema") this.#walk({ schema: value as JsonSchema, pointer: at }, own, depth + 1);
      else if (kind === "schemas" || (keyword === "items" && Array.isArray(value))) {
        for (const [i, item] of (value as unknown[]).entries()) inner(i, item);
      } else if (keyword === "items") this.#walk({ schema: value as JsonSchema, pointer: at }, own, depth + 1);
      else if (kind === "map") for (const [name, item] of Object.entries(value as object)) inner(name, item);
      else if (keyword === "dependencies") {
        for (const [name, item] of Object.entries(value as object)) if (!Array.isArray(item)) inner(name, item);
      }
    }
  }
}

function decoded(text: string, pointer: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return refuse(pointer, `expected a JSON pointer, got ${shown(text)}`);
  }
}
