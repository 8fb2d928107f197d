/**
 * log lines: what the server logs as one line of JSON an event, as a person reads it in a terminal.
 *
 * Where the output is no terminal (a pipe, a file, a container) the lines stay JSON, one an
 * event, for whatever collects them.
 */
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { styleText } from "node:util";

type Entry = Record<string, string | number | undefined>;

const clock = (): string => new Date().toTimeString().slice(0, 8);

/** "1.24 s", "80 ms". */
const span = (ms: number): string => (ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${Math.round(ms)} ms`);

const request = ({ method, route, status, code, ms = 0 }: Entry): string =>
  [`${method} ${route}`, String(status), ...(code ? [code] : []), span(Number(ms))].join("  ");

function turn(entry: Entry): string {
  const number = (name: string): number => Number(entry[name] ?? 0);
  const perSecond = (tokens: number, ms: number): string => (ms > 0 ? ` (${Math.round((tokens * 1000) / ms)}/s)` : "");
  const prompt = number("promptTokens") - number("cachedTokens");
  const reply = number("completionTokens");
  return [
    `turn  ${entry.reason}`,
    `${prompt} tokens read${perSecond(prompt, number("prefill_ms"))}, ${number("cachedTokens")} reused`,
    `${reply} written${perSecond(reply, number("decode_ms"))}`,
  ].join("  ");
}

/** One line for a person. A line that is not one of ours comes back as it is. */
export function humanLine(line: string): string {
  let entry: Entry;
  try {
    entry = JSON.parse(line);
  } catch {
    return line;
  }
  const { event, level } = entry;
  if (typeof event !== "string") return line;
  const told = event === "request" ? request(entry) : event === "turn" ? turn(entry) : rest(entry);
  const text = `${clock()}  ${told}`.replace(/\p{Cc}/gu, "\u{fffd}");
  return level === "error" ? styleText("red", text) : level === "warn" ? styleText("yellow", text) : text;
}

const rest = ({ event, level: _, ...fields }: Entry): string =>
  [event, ...Object.entries(fields).map(([name, value]) => `${name}=${value}`)].join("  ");

/** Writes each line of a server's output for a person. */
export function printForPeople(output: Readable, write: (text: string) => void): void {
  createInterface({ input: output }).on("line", (line) => write(`${humanLine(line)}\n`));
}
