/**
 * npm test: builds, checks types and style, runs every test; what CI runs. `npm test -- src/constrain`
 * runs the tests of one room only.
 *
 * Ends with one line, "N passed, N failed", whose counts come from the test runner; a failed step
 * before it counts as one failure.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { commandLine } from "./command-line.ts";

type Step = [command: string, args: string[]];
interface Ran {
  ok: boolean;
  out: string;
}
/** What a run of the test runner counted, on a line of its own. */
const COUNTS = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m;

function run([command, args]: Step, stderr: "pipe" | "inherit", heard: (text: string) => void): Promise<Ran> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", stderr] });
  let out = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      heard(text);
    });
  return new Promise((resolve) => {
    child.on("error", ({ message }) => resolve({ ok: false, out: `${out}${message}\n` }));
    child.on("close", (status) => resolve({ ok: status === 0, out }));
  });
}

/** Several run at once, so what one prints comes in one piece, when it is done. */
async function inOnePiece(step: Step): Promise<boolean> {
  const { ok, out } = await run(step, "pipe", () => {});
  process.stdout.write(`> ${step.flat().join(" ")}\n${out}${ok ? "" : "failed\n"}`);
  return ok;
}

/**
 * What tests print goes on line by line as it comes, so that a long run shows how far it is; what they counted
 * is told at the end, in one sum.
 */
async function asItComes(step: Step): Promise<Ran> {
  console.log(`> ${step.flat().join(" ")}`);
  let rest = "";
  const ran = await run(step, "inherit", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) if (!COUNTS.test(line)) console.log(line);
  });
  if (rest !== "") console.log(rest);
  return ran;
}

/**
 * Folders of a room's tests. They stand where the sources stand, without `src`: in `test/` what runs in Node, in
 * `test/workerd/` what needs the runtime, in `test/server/` what needs a whole server. A file stands for its folder.
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

const build: Step[] = [
  ["node", ["scripts/build-wasm.ts"]],
  ["wrangler", ["types"]],
  ["node", ["scripts/build-web.ts"]],
];
const checks: Step[] = [
  ["tsc", ["--noEmit"]],
  ["tsc", ["--noEmit", "--project", "web"]],
  ["biome", ["check", "."]],
];
/**
 * Tests of whole servers wait about as long as they compute. So others run beside them, and each of the two has half of
 * the machine, or two files at once.
 */
const halves = [["server"], ["node", "workerd"]].map((projects) => [
  ...projects.flatMap((name) => ["--project", name]),
  `--maxWorkers=${Math.max(2, Math.floor(availableParallelism() / 2))}`,
]);

const filters = commandLine({}, [0, Infinity]).positionals.flatMap(testsOf);
const isWhole = filters.length === 0;
const built = await Promise.all(build.map(inOnePiece));
const checked = Promise.all((isWhole ? checks : []).map(inOnePiece));
const tests = await Promise.all(
  (isWhole ? halves : [filters]).map((which) => asItComes(["vitest", ["run", "--configLoader", "native", ...which]])),
);

let [passed, failed, skipped] = [0, 0, 0];
for (const ok of [...built, ...(await checked)]) if (!ok) failed++;
for (const { ok, out } of tests) {
  const counts = COUNTS.exec(out);
  if (!counts) console.error("the test runner printed no counts");
  if (!counts || (!ok && counts[2] === "0")) failed++;
  passed += Number(counts?.[1] ?? 0);
  failed += Number(counts?.[2] ?? 0);
  skipped += Number(counts?.[3] ?? 0);
}
console.log(`\n${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
