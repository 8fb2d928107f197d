/**
 * Every example runs to its end against a running server, on a tiny pack; what the default model
 * says to them is in their READMEs.
 */
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { root } from "../../scripts/package-root.ts";
import { servedPack } from "../support/served-pack.ts";
import { type Started, start } from "../support/start-server.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-examples-"));
let server: Started;
beforeAll(async () => {
  server = await start([
    "--port",
    "0",
    "--persist-to",
    join(work, "objects"),
    "--pack",
    await servedPack("tiny-long", work),
  ]);
  expect(server.url, server.output()).not.toBe("");
});
afterAll(async () => {
  server.supervisor.kill("SIGTERM");
  await server.ended;
  rmSync(work, { recursive: true, force: true });
});

function example(name: string, args: string[], stopAt?: RegExp): Promise<{ code: number | null; out: string }> {
  const env = { ...process.env, RIVULET_URL: server.url };
  const child = spawn(process.execPath, [join(root, "examples/run.ts"), name, ...args], {
    cwd: root,
    env,
    detached: true,
  });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => {
      out += chunk;
      if (stopAt?.test(out)) process.kill(-child.pid!, "SIGTERM");
    });
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out })));
}

it("long-document reads once, and every question reuses what was read", async () => {
  const args = ["--questions", "3", "--without", "1", "--chars", "3000", "--max-tokens", "4"];
  const { code, out } = await example("long-document", args);
  expect(code, out).toBe(0);
  const rows = [...out.matchAll(/^.+\? +(\d+) +(\d+) +[\d.]+ s /gm)].map(([, ...numbers]) => numbers.map(Number));
  expect(rows).toHaveLength(3);
  for (const [computed, reused] of rows) {
    expect(computed).toBeLessThan(200);
    expect(reused).toBeGreaterThan(3000);
  }
  expect(out).toMatch(/^with the state \(3\) +[\d.]+ s +[\d.]+\nwithout it \(1\) +[\d.]+ s +[\d.]+$/m);
});

it("patient-records extracts JSON that the schema holds, and proves that the records are gone", async () => {
  const { code, out } = await example("patient-records", ["--records", "2"]);
  expect(code, out).toBe(0);
  // What a tiny model writes into a text may hold line breaks of its own kind, which a dot does not match.
  const rows = [...out.matchAll(/^record \d+ +(\{.*?\}) +\d of 3 +yes$/gms)];
  expect(rows, out).toHaveLength(2);
  for (const [, json] of rows) expect(Object.keys(JSON.parse(json!))).toEqual(["age", "drug", "allergic"]);
});

it("log-watch gives a verdict for each piece, and the state does not grow with the log", async () => {
  const { code, out } = await example("log-watch", ["--pieces", "3"]);
  expect(code, out).toBe(0);
  const reused = [...out.matchAll(/^(?:ALARM|quiet) {2}.*\d+ computed, (\d+) reused, \d+ bytes\)$/gm)].map((row) =>
    Number(row[1]),
  );
  expect(reused).toHaveLength(3);
  expect(reused).toEqual(reused.toSorted((a, b) => a - b));
  expect(reused[1]).toBeGreaterThan(100);
});

it("log-watch follows a file that grows", async () => {
  const log = join(work, "machine.log");
  writeFileSync(log, "12:00:00 pump on\n12:00:01 pump off\n12:00:02 cut in the mid");
  const { out } = await example("log-watch", ["--file", log, "--lines", "2"], /pump off/);
  expect(out).toMatch(/^(?:ALARM|quiet) {2}12:00:01 pump off/m);
  expect(out).not.toContain("cut in");
});

it("forecast tells what was expected of each value, and what comes", async () => {
  const { code, out } = await example("forecast", ["--days", "4", "--hours", "3"]);
  expect(code, out).toBe(0);
  const rows = [...out.matchAll(/^\d\d:00 +(-?[\d.]+) +(-?[\d.]+) +(-?[\d.]+) +-?[\d.]+/gm)];
  expect(rows, out).toHaveLength(3);
  for (const [, ...numbers] of rows) expect(numbers.map(Number)).toEqual(numbers.map(Number).toSorted((a, b) => a - b));
  expect(out).toMatch(/^forecaster +[\d.]+ +[\d.]+$/m);
  expect(out).toMatch(/^Of 72 hours \d+ came/m);
});

it("agents keep their memory in a conversation, whatever their instructions", async () => {
  const { code, out } = await example("agents", ["--max-tokens", "200"]);
  expect(code, out).toBe(0);
  expect(out).toMatch(/^asked +calls +computed +reused +answer$/m);
  expect([...out.matchAll(/^(?:My name|Where is|What is).*$/gm)]).toHaveLength(3);
});

it("branching computes each branch's own words only", async () => {
  const { code, out } = await example("branching", ["--max-tokens", "4"]);
  expect(code, out).toBe(0);
  const rows = [...out.matchAll(/^It is \w+\. What shall I do\? +(\d+) +(\d+) /gm)];
  expect(rows).toHaveLength(3);
  for (const [, computed, reused] of rows) expect(Number(reused)).toBeGreaterThan(Number(computed));
  expect(out).toContain("The trunk still has 2 turns.");
});

it("a server that is away, and an example that is none, are one line", async () => {
  const { code, out } = await example("nothing", []);
  expect([code, out]).toEqual([
    2,
    expect.stringMatching(/^expected the name of an example \(agents, .+\), got nothing\n$/),
  ]);
});

it("every example has a README that says how to run it, and names only what is there", () => {
  const folders = globSync("examples/*/README.md", { cwd: root });
  expect(folders.length).toBe(globSync("examples/*/", { cwd: root }).length);
  for (const path of folders) {
    const text = readFileSync(join(root, path), "utf8");
    for (const [, name] of text.matchAll(/npm run -s example (\S+)/g))
      expect(existsSync(join(root, "examples", name!, "main.ts")), `${path}: ${name}`).toBe(true);
    for (const [, link] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      expect(existsSync(join(root, path, "..", link!)), `${path}: ${link}`).toBe(true);
  }
});
