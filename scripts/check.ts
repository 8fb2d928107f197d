/**
 * npm test: builds, checks types and style, runs every test; what CI runs.
 *
 * Ends with one line, "N passed, N failed", whose counts come from the test runner; a failed step before it counts as one failure.
 */
import { spawnSync } from "node:child_process";

const run = (command: string, args: string[]): { ok: boolean; out: string } => {
  console.log(`> ${[command, ...args].join(" ")}`);
  const { status, stdout } = spawnSync(command, args, {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  process.stdout.write(stdout ?? "");
  return { ok: status === 0, out: stdout ?? "" };
};

const steps: [string, string[]][] = [
  ["node", ["scripts/build-wasm.ts"]],
  ["wrangler", ["types"]],
  ["node", ["scripts/build-web.ts"]],
  ["tsc", ["--noEmit"]],
  ["tsc", ["--noEmit", "--project", "web"]],
  ["biome", ["check", "."]],
];

let failed = 0;
for (const [command, args] of steps) if (!run(command, args).ok) failed++;
const tests = run("vitest", ["run"]);
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
