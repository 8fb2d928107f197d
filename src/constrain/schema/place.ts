/** Places in a schema, as JSON pointers, and what is wrong there. */
import { Failure, type FailureCode } from "../../core/failure.ts";
import type { JsonSchema } from "../constraint.ts";
import { TooComplex } from "../language/budget.ts";
import { Unsupported } from "../language/unsupported.ts";

/** A schema and its JSON pointer in the schema that came with the request. */
export interface Placed {
  schema: JsonSchema;
  pointer: string;
}

/** Something at a place of the schema cannot be taken. Whoever knows the request's field makes a Failure of it. */
export class Refusal extends Error {
  readonly pointer: string;
  readonly code: FailureCode;

  constructor(pointer: string, message: string, code: FailureCode = "request_invalid") {
    super(message);
    this.pointer = pointer;
    this.code = code;
  }
}

export const refuse = (pointer: string, message: string): never => {
  throw new Refusal(pointer, message);
};

/** What was thrown, with a place: TooComplex and Unsupported know of none. */
export function placed(thrown: unknown, pointer: string): unknown {
  // Expressions nest as deep as a pattern does: what overflows the stack is as little of
  // use as what overflows the budget.
  if (thrown instanceof RangeError) return new Refusal(pointer, "nests too deep to prepare", "schema_too_complex");
  if (thrown instanceof TooComplex) return new Refusal(pointer, thrown.message, "schema_too_complex");
  return thrown instanceof Unsupported ? new Refusal(pointer, thrown.message) : thrown;
}

export const under = (pointer: string, ...steps: readonly (string | number)[]): string =>
  steps.reduce<string>((at, step) => `${at}/${`${step}`.replaceAll("~", "~0").replaceAll("/", "~1")}`, pointer);

const LISTS = new Set(["allOf", "anyOf", "oneOf", "prefixItems", "items", "dependencies"]);
const SHOWN_CHARACTERS = 80;

/** A pointer as the rest of a field's name: `.properties.x.anyOf[1]`. */
export function dotted(pointer: string): string {
  const steps = pointer.split("/").slice(1);
  const names = steps.map((step, i) => {
    if (/^\d+$/.test(step) && LISTS.has(steps[i - 1]!)) return `[${step}]`;
    return `.${shown(step.replaceAll("~1", "/").replaceAll("~0", "~"))}`;
  });
  return names.join("").slice(0, 600);
}

/** The Failure that names the field of the request, `root` being where the schema stands in it. */
export function failureAt(root: string, thrown: unknown): unknown {
  const found = placed(thrown, "");
  if (!(found instanceof Refusal)) return found;
  const { pointer, code, message } = found;
  const param = root + dotted(pointer);
  const where = code === "schema_too_complex" ? ` (at #${pointer.slice(0, 600)})` : "";
  return new Failure(code, `${param}: ${message}${where}`, { param, cause: found });
}

/** A name as a part of a message. */
export const shown = (name: string): string => JSON.stringify(name.slice(0, SHOWN_CHARACTERS)).slice(1, -1);
