/** Runs bin/rivulet.js as a user would. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

export interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

const bin = join(import.meta.dirname, "../../bin/rivulet.js");

export function start(args: string[], nodeOptions: string[] = [], input: "ignore" | "pipe" = "ignore"): ChildProcess {
  return spawn(process.execPath, [...nodeOptions, bin, ...args], { stdio: [input, "pipe", "pipe"] });
}

export function outcome(child: ChildProcess): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve) => child.on("close", (exitCode) => resolve({ exitCode, ...texts })));
}

export const rivulet = (...args: string[]): Promise<Outcome> => outcome(start(args));
