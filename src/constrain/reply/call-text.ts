/**
 * call-text: calls of tools as text, whoever wrote them.
 *
 * Clients that are given a call's arguments as a value send a value back, and spaces and spellings of
 * numbers are lost on the way. What a model wrote and what such a client sends back have one form here, so
 * that a history is known again.
 */
import { CALL_CLOSE, CALL_OPEN } from "./reply-grammar.ts";

/** JSON with the spaces that models write. */
export function writtenJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(writtenJson).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(([key, field]) => `${JSON.stringify(key)}: ${writtenJson(field)}`);
  return `{${fields.join(", ")}}`;
}

/** The text with its calls in their one form. What is no whole call stays as it is. */
export function withPlainCalls(text: string): string {
  let plain = "";
  for (let at = 0; ; ) {
    const open = text.indexOf(CALL_OPEN, at);
    const close = open < 0 ? -1 : text.indexOf(CALL_CLOSE, open);
    if (close < 0) return plain + text.slice(at);
    const begin = open + CALL_OPEN.length;
    plain += `${text.slice(at, begin)}${plainCall(text.slice(begin, close))}${CALL_CLOSE}`;
    at = close + CALL_CLOSE.length;
  }
}

function plainCall(written: string): string {
  try {
    return `\n${writtenJson(JSON.parse(written))}\n`;
  } catch {
    return written;
  }
}
