/** The options of `rivulet start`, and the text that explains them. */
import { settingsOf } from "../src/core/settings.ts";
import { installed } from "./package-root.ts";

export const startOptions = {
  port: { type: "string", value: "<n>", does: "the port (default: the variable PORT, else 8787; 0 takes a free one)" },
  host: {
    type: "string",
    value: "<address>",
    does: "the address to listen on (default: 127.0.0.1, which only this machine reaches)",
  },
  "persist-to": {
    type: "string",
    value: "<folder>",
    does: "where conversations, the session key and the process file lie (default: .rivulet)",
  },
  pack: {
    type: "string",
    multiple: true,
    value: "<folder>",
    does: "a model to serve (default: rivulet-150m); given again, one more; name=folder gives it another name",
  },
  forecaster: {
    type: "string",
    value: "<folder>",
    does: "the forecaster of /v1/streams (default: rivulet-forecast, where it is there)",
  },
  "no-restart": {
    type: "boolean",
    value: "",
    does: "end when the server ends; without it one that died is started again",
  },
  memory: {
    type: "string",
    value: "<bytes>",
    does: "memory for models and conversations, also as 900M or 4G (default: a quarter of this machine's, or of its container's)",
  },
  workers: {
    type: "string",
    value: "<n>",
    does: "processes that compute, each with conversations of its own (default: processors - 1, as far as memory goes)",
  },
  help: { type: "boolean", short: "h", value: "", does: "this" },
} as const;

/** `900M` → 900,000,000; undefined for what is no size. */
export function sizeOf(text: string): number | undefined {
  const [, digits, unit = ""] = /^(\d{1,15})([KMG]?)B?$/i.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * 1000 ** " KMG".indexOf(unit.toUpperCase() || " ");
}

/**
 * Bytes for models and conversations where nobody says: a quarter of the machine's memory, or of
 * what a container may take of it.
 */
export const usualMemory = (machine: number, allowed: number | undefined): number =>
  Math.floor(Math.min(machine, allowed || machine) / 4);

export function startHelp(): string {
  const lines = (entries: [string, string][]) =>
    entries.map(([name, does]) => `  ${name.padEnd(24)}${does}`).join("\n");
  const options = Object.entries(startOptions).map(([name, { value, does }]): [string, string] => [
    `--${name} ${value}`,
    does,
  ]);
  return `Usage: ${installed ? "rivulet start" : "npm start --"} [options]

Serves a model on this machine until Ctrl-C, and prints a command to try.

Options:
${lines(options)}

Environment:
${lines(settingsOf("start").map(([name, { does, counts }]) => [name, counts ? `${does} (default: ${counts.usual})` : does]))}
`;
}
