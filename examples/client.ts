/**
 * The server that the examples talk to, and how their tables are printed. In a project of your own: import {
 * Rivulet } from "rivulet/client".
 */
import { Rivulet, Unreachable } from "../src/client/index.ts";

export const rivulet = new Rivulet({
  url: process.env.RIVULET_URL ?? "http://127.0.0.1:8787",
  ...(process.env.RIVULET_API_KEY ? { apiKey: process.env.RIVULET_API_KEY } : {}),
});

/** Columns of text; the first to the left, the others to the right. */
export function table(head: string[], rows: (string | number)[][]): string {
  const cells = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]!.length)));
  return cells
    .map((row) => row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join("  "))
    .join("\n");
}

export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
/** One line, cut where a table would become unreadable. */
export const short = (text: string, max = 60): string => {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length > max ? `${line.slice(0, max - 1)}…` : line;
};

/** Runs an example; a server that is away is a sentence, not a stack. */
export async function run(main: () => Promise<void>): Promise<void> {
  try {
    await main();
  } catch (thrown) {
    if (thrown instanceof Unreachable) console.error(`${thrown.message}; start one with npm start`);
    else console.error((thrown as Error).message);
    process.exitCode = 1;
  }
}
