/**
 * ignored: what a request says without effect, noted while it is parsed and named to its caller in
 * the header `x-rivulet-ignored`.
 *
 * A schema declares what it takes and does not use with `withoutEffect` and `tolerant`; nothing else knows the list.
 * docs/api.md has the same table, and a test compares them.
 */
import * as z from "zod";
import "./openapi.ts";
import { check } from "../../core/failure.ts";

export const IGNORED_HEADER = "x-rivulet-ignored";
/** Names in one header; a caller who sends more is told how many were left out. */
const NAMES_MAX = 32;
const NAME_MAX_CHARS = 80;

/**
 * Names of what was without effect in one request: fields by their path, without the numbers
 * of lists where they say nothing.
 */
export class Ignored {
  readonly #names = new Set<string>();

  add(name: string): void {
    // Keys come from callers: a header takes visible ASCII only, and commas part the names.
    this.#names.add(name.slice(0, NAME_MAX_CHARS).replaceAll(/[^!-+\--~]/g, "?"));
  }

  get names(): string[] {
    return [...this.#names];
  }

  /** Undefined where everything had its effect. */
  header(): string | undefined {
    const names = this.names;
    if (names.length === 0) return undefined;
    const left = names.length - NAMES_MAX;
    return [...names.slice(0, NAMES_MAX), ...(left > 0 ? [`(${left} more)`] : [])].join(", ");
  }
}

/** Whose request is being parsed. Parsing is synchronous, so no two requests meet here. */
let current: Ignored | undefined;

/** What schemas note while `work` runs goes to `into`. */
export function noting<T>(into: Ignored | undefined, work: () => T): T {
  const before = current;
  current = into;
  try {
    return work();
  } finally {
    current = before;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

type WithoutEffect<Words extends Record<string, string>> = {
  [Name in keyof Words]: z.ZodOptional<z.ZodNullable<z.ZodType<unknown>>>;
};

/** Every field that an endpoint takes and does not use, with why; the table of docs/api.md. */
export const withoutEffectTable = new Map<string, string>();

/** A name may be without effect at two endpoints for two reasons. */
function enter(name: string, why: string): void {
  const before = withoutEffectTable.get(name);
  if (before?.includes(why)) return;
  withoutEffectTable.set(name, before === undefined ? why : `${before}; ${why}`);
}

/**
 * Fields of a request that are taken, whatever they hold, and change nothing. `words`: why, by name. `where`: what they
 * are part of, if not of the request itself.
 */
export function withoutEffect<Words extends Record<string, string>>(words: Words, where = ""): WithoutEffect<Words> {
  const fields = Object.entries(words).map(([field, why]) => {
    const name = `${where}${field}`;
    enter(name, why);
    const schema = z.unknown().transform((value) => {
      noteValue(name, value);
      return value;
    });
    return [field, schema.nullish().openapi({ description: `Without effect: ${why}.` })];
  });
  return Object.fromEntries(fields) as WithoutEffect<Words>;
}

/** The same for a field that must have a form, because replies repeat it. */
export function repeatedOnly<T extends z.ZodType>(name: string, why: string, schema: T) {
  enter(name, why);
  return schema
    .transform((value) => {
      noteValue(name, value);
      return value;
    })
    .openapi({ description: `Without effect, and repeated in the reply: ${why}.` });
}

/**
 * An object that another server or a later client may have written, such as a message of a history: keys that are not
 * known here are left out and noted as `where.key`.
 */
export function tolerant<Shape extends z.ZodRawShape>(where: string, shape: Shape) {
  const known = new Set(Object.keys(shape));
  return z.looseObject(shape).transform((value) => {
    const kept: Record<string, unknown> = {};
    for (const [key, field] of Object.entries(value)) {
      if (known.has(key)) kept[key] = field;
      else noteValue(`${where}.${key}`, field);
    }
    return kept as z.output<z.ZodObject<Shape, z.core.$strip>>;
  });
}

/** Known, and no part of what is said: what our own replies have beside their text. Not noted. */
export const silent = z.unknown().optional();

/**
 * A part or an item of a kind that says nothing here, such as another model's thoughts: left
 * out, and noted as `where:kind`.
 */
export const leftOut = (where: string, kinds: readonly [string, ...string[]]) =>
  z.looseObject({ type: z.enum(kinds) }).transform(({ type }) => {
    note(`${where}:${type}`);
    return { type: "left_out" as const };
  });

/** Notes what a transform leaves out. */
export const note = (name: string): void => current?.add(name);

/** An empty value is as good as none: replies that a client sends back have several. */
const noteValue = (name: string, value: unknown): void => {
  const isEmpty = value == null || value === "" || (Array.isArray(value) && value.length === 0);
  if (!isEmpty) note(name);
};

/** It asks for nothing, whatever its name means. */
const isNothing = (value: unknown): boolean =>
  value === null || value === "" || (Array.isArray(value) ? value.length === 0 : isObject(value) && isEmpty(value));
const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

/**
 * A request body whose nulls are as if they were absent: at its top, and at any depth in `histories`, which have no
 * null that means something. A null, or something empty, under a name that is not known is noted.
 */
export function nullsAbsent<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  histories: readonly string[] = [],
) {
  const known = new Set(Object.keys(schema.shape));
  return z.preprocess((body) => {
    if (!isObject(body)) return body;
    const kept: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(unnested(body))) {
      if (!known.has(key) && isNothing(value)) note(key);
      else if (value !== null) kept[key] = histories.includes(key) ? withoutNulls(value) : value;
    }
    return kept;
  }, schema);
}

/**
 * `extra_body` is an argument of OpenAI's client for Python, which writes what it holds into the body. Where it came as
 * a field, its fields are as if they stood beside it: each has its effect, or is refused by its name. Fails with
 * `request_invalid` where one is there twice.
 */
function unnested(body: Record<string, unknown>): Record<string, unknown> {
  const { extra_body: nested, ...rest } = body;
  if (!isObject(nested)) return body;
  for (const key of Object.keys(nested)) {
    const field = `extra_body.${key.slice(0, NAME_MAX_CHARS)}`;
    check(!Object.hasOwn(rest, key), "request_invalid", () => `${field}: expected once, got it in the body too`, field);
  }
  return { ...rest, ...nested };
}

/** The depth is bounded by the parser of bodies. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isObject(value)) return value;
  const kept = Object.entries(value).filter(([, field]) => field !== null);
  return Object.fromEntries(kept.map(([key, field]) => [key, withoutNulls(field)]));
}
