/** Runs the command line without a process of its own, which takes most of a second. */
import { vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Outcome } from "./run.ts";

export type { Outcome };

export async function inProcess(args: string[]): Promise<Outcome> {
  const texts = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      texts[name] += text;
      return true;
    }),
  );
  try {
    await main(args);
    return { exitCode: Number(process.exitCode ?? 0), ...texts };
  } finally {
    process.exitCode = undefined;
    for (const spy of spies) spy.mockRestore();
  }
}
