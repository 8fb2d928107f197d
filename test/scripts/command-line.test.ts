/** Benches, and the programs of scripts/ and test/, say what they take, and refuse what they do not. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { usageOf } from "../../scripts/command-line.ts";

const root = join(import.meta.dirname, "../..");
/** `start` is a command of `rivulet`. */
const others = ["scripts/command-line.ts", "scripts/start.ts", "scripts/prepare-start.ts"];
const folders = ["bench", "bench/long-dialogue", "scripts", "test/{fixtures,hostile,kill,load,long-prefix}"];
const programs = globSync(
  folders.map((folder) => `${folder}/*.ts`),
  { cwd: root },
)
  .filter((file) => !others.includes(file))
  .map((file) => ({ file, source: readFileSync(join(root, file), "utf8") }))
  .filter(({ source }) => /process\.argv|parseArgs|commandLine/.test(source));

it("finds the programs that take something", () => expect(programs.length).toBeGreaterThan(45));

it.each(programs)("$file reads its options in the one way, and its usage names all of them", ({ source }) => {
  expect(source).not.toMatch(/process\.argv|parseArgs/);
  const [options] = /commandLine\([\s\S]*?\)[;.]/.exec(source)!;
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
