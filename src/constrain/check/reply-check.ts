/** checkReply: whether a finished reply satisfies what its grammar was not held to. */

import type { Work } from "../../core/work.ts";
import type { HeldSchema, ReplyShape } from "../constraint.ts";
import { Matcher } from "../json/matcher.ts";
import { Budget, TooComplex } from "../language/budget.ts";
import { Unsupported } from "../language/unsupported.ts";
import { callsIn } from "../reply/announce.ts";
import { CallParser } from "../reply/call-parser.ts";
import { Document } from "../schema/document.ts";
import { Validator } from "./validator.ts";

interface ReplyCheck {
  /** Something was checked. */
  checked: boolean;
  /** The field of the request whose schema the reply does not satisfy. */
  unmet?: string;
}

const isLoose = ({ leftOut }: HeldSchema): boolean => leftOut.some(({ checked }) => checked);

/** Whether there is anything that only a finished reply can be checked against. */
export const isCheckedLater = (schemas: readonly HeldSchema[]): boolean => schemas.some(isLoose);

/** `schemas`: what the reply's constraint was made of. A text that was cut off, and is no JSON, is not checked. */
export function* checkReply(text: string, shape: ReplyShape, schemas: readonly HeldSchema[]): Work<ReplyCheck> {
  const loose = schemas.filter(isLoose);
  if (loose.length === 0) return { checked: false };
  const { content, calls } = read(text, shape);
  const values = calls.length > 0 ? calls : [{ tool: undefined, text: content }];
  let checked = false;
  for (const { tool, text } of values) {
    const held = loose.find((schema) => schema.tool === tool);
    const value = held && parsed(text);
    if (!held || value === undefined) continue;
    checked = true;
    if (!(yield* isValid(held, value))) return { checked, unmet: held.path };
  }
  return { checked };
}

/** What takes too long to check is not known to be valid. */
function* isValid({ schema }: HeldSchema, value: unknown): Work<boolean> {
  try {
    const document = new Document(schema, new Budget());
    const matcher = new Matcher(document.budget);
    for (const source of document.patterns) yield* prepared(matcher, source);
    return new Validator(document, matcher).isValid(value);
  } catch (thrown) {
    if (thrown instanceof TooComplex) return false;
    throw thrown;
  }
}

/** A pattern that nobody can hold to matters only where a value meets it. */
function* prepared(matcher: Matcher, source: string): Work<void> {
  try {
    yield* matcher.prepare(source);
  } catch (thrown) {
    if (!(thrown instanceof Unsupported)) throw thrown;
  }
}

function read(text: string, shape: ReplyShape): { content: string; calls: { tool: string; text: string }[] } {
  const place = callsIn(shape);
  if (!place) return { content: text, calls: [] };
  const parser = new CallParser(place);
  const calls: { tool: string; text: string }[] = [];
  let content = "";
  for (const piece of [...parser.push(text), ...parser.flush()]) {
    if (piece.type === "text") content += piece.text;
    else if (piece.type === "call") calls.push({ tool: piece.name, text: "" });
    else calls.at(-1)!.text += piece.text;
  }
  return { content, calls };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
