/** Benches say what they take, and refuse what they do not. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { usageOf } from "../../bench/options.ts";

const root = join(import.meta.dirname, "../..");
const benches = globSync(["bench/*.ts", "bench/long-dialogue/*.ts"], { cwd: root })
  .filter((file) => file !== "bench/options.ts")
  .map((file) => ({ file, source: readFileSync(join(root, file), "utf8") }))
  .filter(({ source }) => /process\.argv|parseArgs|benchOptions/.test(source));

it("finds the benches that take something", () => expect(benches.length).toBeGreaterThan(30));

it.each(benches)("$file reads its options in the one way, and its usage names all of them", ({ source }) => {
  expect(source).not.toMatch(/process\.argv|parseArgs/);
  const [options] = /benchOptions\([\s\S]*?\)[;.]/.exec(source)!;
  const names = [...options.matchAll(/([\w-]+)"?: \{ type: /g)].map(([, name]) => name!);
  for (const name of names) expect(usageOf(source)).toContain(`--${name}`);
});

describe("a bench that is run", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ["bench/hops.ts", ...args], { cwd: root, encoding: "utf8" });

  it("prints its usage for --help, whatever else is asked for", () => {
    const { status, stdout } = run("--help", "--nonsense");
    expect(status).toBe(0);
    expect(stdout).toMatch(/^What a hop between stages costs/);
    expect(stdout).not.toContain("*");
  });

  it.each([
    [["a", "b", "--nonsense"], "hops.ts: Unknown option '--nonsense'; --help says what it takes\n"],
    [["a"], "hops.ts: expected 2 to 4 arguments, got 1; --help says what it takes\n"],
  ])("refuses %j with one line", (args, line) => {
    const { status, stderr } = run(...args);
    expect({ status, stderr }).toEqual({ status: 2, stderr: line });
  });
});
