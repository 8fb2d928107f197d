/**
 * npm test: builds, checks types and style, runs every test; what CI runs. `npm test -- src/constrain` runs the tests of one room only.
 *
 * Ends with one line, "N passed, N failed", whose counts come from the test runner; a failed step before it counts as one failure.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

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

/**
 * Folders of a room's tests. They stand where the sources stand, without `src`: in `test/` what runs in Node, in `test/workerd/` what needs
 * the runtime, in `test/server/` what needs a whole server. A file stands for its folder.
 */
function testsOf(path: string): string[] {
  const room = path.replace(/\/?[^/]*\.tsx?$|\/+$/, "").replace(/^(src|test)\//, "");
  const folders = [`test/${room}/`, `test/workerd/${room}/`, `test/server/${room}/`].filter(existsSync);
  if (room === "web") folders.push("test/server/page/");
  if (folders.length > 0) return folders;
  console.error(
    `${path} has no tests of its own: there is no test/${room}, test/workerd/${room} or test/server/${room}`,
  );
  process.exit(2);
}

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
