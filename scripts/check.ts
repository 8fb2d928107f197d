/**
 * npm test: builds, checks types and style, runs every test; what CI runs. `npm test -- src/constrain` runs the tests of one room only.
 *
 * Ends with one line, "N passed, N failed", whose counts come from the test runner; a failed step before it counts as one failure.
 */
import { spawn } from "node:child_process";

/** What the command prints goes on as it comes, so that a long run shows how far it is. */
function run(command: string, args: string[]): Promise<{ ok: boolean; out: string }> {
  console.log(`> ${[command, ...args].join(" ")}`);
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  let out = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    process.stdout.write(text);
  });
  return new Promise((resolve) => {
    child.on("error", () => resolve({ ok: false, out }));
    child.on("close", (status) => resolve({ ok: status === 0, out }));
  });
}

/** Tests stand in `test/` as their sources do in `src/`; those of the objects are in `test/workerd/` and `test/server/`. */
const testsOf = (room: string): string[] => {
  const path = room.replace(/\/+$/, "");
  if (path.startsWith("durable-objects")) return ["test/workerd/", "test/server/"];
  return [`${path.replace(/^src(?=\/)/, "test")}${/\.ts$/.test(path) ? "" : "/"}`];
};

const build: [string, string[]][] = [
  ["node", ["scripts/build-wasm.ts"]],
  ["wrangler", ["types"]],
  ["node", ["scripts/build-web.ts"]],
];
const checks: [string, string[]][] = [
  ["tsc", ["--noEmit"]],
  ["tsc", ["--noEmit", "--project", "web"]],
  ["biome", ["check", "."]],
];

const filters = process.argv.slice(2).flatMap(testsOf);
let failed = 0;
for (const [command, args] of filters.length > 0 ? build : [...build, ...checks])
  if (!(await run(command, args)).ok) failed++;
const tests = await run("vitest", ["run", ...filters]);
const counts = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m.exec(tests.out);
if (!counts) {
  console.error("the test runner printed no counts");
  failed++;
} else if (!tests.ok && counts[2] === "0") failed++;
const passed = Number(counts?.[1] ?? 0);
const skipped = Number(counts?.[3] ?? 0);
failed += Number(counts?.[2] ?? 0);
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
