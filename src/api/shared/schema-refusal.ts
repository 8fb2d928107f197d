/**
 * refusal: what a schema says against a value, as one sentence for the caller: the field, what was expected, what came.
 *
 * A schema's own message says what is expected; where it has none, `expected` says it. What came is looked up
 * in the value as it was sent, before any default or transform. Numbers and names are shown; free text is
 * only named by its kind and length.
 */
import type * as z from "zod";
import { Failure } from "../../core/failure.ts";
import { fieldPath } from "../../core/field-path.ts";

type Issue = z.core.$ZodIssue;
type RawIssue = z.core.$ZodRawIssue;

/** A string that is longer is no mistyped word, and is described by its length. */
const SHOWN_MAX_CHARS = 40;
/** Values of an enum that a message lists. */
const LISTED_MAX = 12;

/** The `request_invalid` for what a schema says first. `value`: all that was sent. */
export function refusal(issues: readonly Issue[], value: unknown): Failure {
  const { field, message } = complaint(issues, value);
  return new Failure("request_invalid", `${field || "body"}: ${message}`, { param: field || null });
}

/** What a schema says first: of which field ("" for the whole), and the sentence. */
export function complaint(issues: readonly Issue[], value: unknown): { field: string; message: string } {
  const issue = innermost(issues[0]!);
  if (issue.code === "unrecognized_keys") {
    const field = fieldPath([...issue.path, issue.keys[0]!]);
    return { field, message: "this field is unknown or not supported" };
  }
  // A union by a discriminator says what kinds it takes also of what is no object at all.
  const wanted =
    issue.code === "invalid_type" && issue.expected === "object" ? expected(issue as RawIssue) : issue.message;
  return { field: fieldPath(issue.path), message: `${wanted}, got ${came(issue, value)}` };
}

/** What a schema without a message of its own expects. */
export function expected(issue: RawIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${kinds[issue.expected as string] ?? issue.expected}`;
    case "too_big":
      return `expected ${issue.inclusive === false ? "less than" : "at most"} ${amount(issue, issue.maximum)}`;
    case "too_small":
      return `expected ${issue.inclusive === false ? "more than" : "at least"} ${amount(issue, issue.minimum)}`;
    case "invalid_value":
      return oneOf(issue.values as unknown[]);
    case "not_multiple_of":
      return `expected a multiple of ${issue.divisor}`;
    case "invalid_key":
      return nameExpected(issue.issues as Issue[]);
    case "invalid_union": {
      if (Array.isArray(issue.options)) return oneOf(issue.options);
      const wanted = ((issue.errors ?? []) as Issue[][]).map(([first]) => first?.message.replace(/^expected /, ""));
      return `expected ${[...new Set(wanted)].filter((one) => one !== undefined).join(" or ") || "another value"}`;
    }
    default:
      return "expected another value";
  }
}

const kinds: Record<string, string> = {
  number: "a number",
  int: "a whole number",
  string: "a string",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "an object",
  record: "an object",
  null: "null",
};

function amount({ origin }: { origin?: unknown }, n: unknown): string {
  if (origin === "string") return countOf(Number(n), "character");
  return origin === "array" ? countOf(Number(n), "item") : String(n);
}

function nameExpected([issue]: readonly Issue[]): string {
  if (issue?.code === "too_big" || issue?.code === "too_small")
    return issue.message.replace(/^expected/, "expected a name of");
  return issue?.message ?? "expected another name";
}

function oneOf(values: readonly unknown[]): string {
  const listed = values.slice(0, LISTED_MAX).map((value) => JSON.stringify(value));
  const more = values.length - listed.length;
  if (more > 0) listed.push(`${more} more`);
  return `expected ${listed.length > 1 ? "one of " : ""}${listed.join(", ")}`;
}

/** What stands at the field. */
function came(issue: Issue, whole: unknown): string {
  const value = issue.path.reduce<unknown>(
    (at, key) => (typeof at === "object" && at !== null && Object.hasOwn(at, key) ? Reflect.get(at, key) : undefined),
    whole,
  );
  if (issue.code === "custom" && issue.params?.came !== undefined) return String(issue.params.came);
  if (issue.code === "invalid_key") return described(String(issue.path.at(-1)), issue.issues[0] ?? issue);
  return described(value, issue);
}

function described(value: unknown, { code }: Pick<Issue, "code">): string {
  const isOfLength = code === "too_big" || code === "too_small";
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return isOfLength ? countOf(value.length, "item") : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value !== "string") return String(value);
  if (value === "") return "an empty string";
  // Values of an enum, ids and the numbers of a query are names, and a short one is shown. Any other
  // string may be a client's text.
  const isName = code === "invalid_value" || code === "invalid_format" || code === "invalid_union";
  const isWord = /^(true|false|null|-?[\d.e+-]+)$/i.test(value);
  if (value.length <= SHOWN_MAX_CHARS && (isName || isWord)) return JSON.stringify(value);
  return isOfLength || isName ? countOf(value.length, "character") : "a string";
}

const countOf = (n: number, unit: string): string => `${n} ${unit}${n === 1 ? "" : "s"}`;

/** For a failed union, the complaint of the branch that the value followed furthest is about what the caller meant. */
function innermost(issue: Issue): Issue {
  if (issue.code !== "invalid_union") return issue;
  // A branch that complains of the kind was not meant, where another takes it.
  const meant = issue.errors.filter((branch) => !branch.some(({ path }) => path.length === 1 && path[0] === "type"));
  const furthest = (branches: Issue[][]) => branches.flat().sort((a, b) => followed(b) - followed(a))[0];
  const wanted = furthest(meant);
  const inner = wanted && followed(wanted) >= 0 ? wanted : furthest(issue.errors);
  if (!inner || followed(inner) < 0) return issue;
  return innermost({ ...inner, path: [...issue.path, ...inner.path] });
}

/** How far: below 0 when not even the kind of value is right; later elements of a list count as further. */
function followed({ code, path }: Issue): number {
  if (path.length === 0) return ["too_big", "too_small", "custom"].includes(code) ? 1.5 : -1;
  const last = path.at(-1);
  return path.length + (typeof last === "number" ? last / (last + 1) / 2 : 0);
}

/** The refinement that bounds a number of things of a value, and says how many came. */
export const atMost =
  <T>(max: number, unit: string, count: (value: T) => number) =>
  (value: T, { addIssue }: z.core.$RefinementCtx<T>): void => {
    const given = count(value);
    if (given > max)
      addIssue({ code: "custom", message: `expected at most ${max} ${unit}`, params: { came: `${given} ${unit}` } });
  };
