/**
 * Compiles wasm/kernels/ to wasm/build/kernels.wasm, only when a source is newer than the result.
 *
 * `node scripts/build-wasm.ts` prints one line and fails on a compile error; `ensureKernels` is the same for a program.
 *
 * asconfig.json asks for optimization level 1 on purpose. From level 2 on the optimizer moves each accumulation into
 * one long expression, and V8 then spills what the source had kept in registers: matQ4 falls from 40 to 26 G
 * multiply-adds/s for one token, from 60 to 52 for four (39 at level 3).
 */
import { readdirSync, renameSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { commandLine } from "./command-line.ts";
import { installed, kernelsPath, root } from "./package-root.ts";

const config = join(root, "wasm/asconfig.json");

const modifiedMs = (path: string): number =>
  statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;

function isCurrent(): boolean {
  const folder = join(root, "wasm/kernels");
  const sources = [
    config,
    folder,
    ...readdirSync(folder, { encoding: "utf8", recursive: true }).map((name) => join(folder, name)),
  ];
  return modifiedMs(kernelsPath) > Math.max(...sources.map(modifiedMs));
}

/** Path of an up-to-date kernels.wasm; throws with the compiler's messages. */
export async function ensureKernels(): Promise<{ path: string; built: boolean }> {
  if (installed || isCurrent()) return { path: kernelsPath, built: false };
  // Loaded only now: the compiler is a development dependency.
  // Its own types would replace the global console.
  const { default: asc } = await import("assemblyscript/asc" as string);
  // Several processes may build at once (test workers do), so each writes its own file and the last rename stands.
  const own = kernelsPath.replace(".wasm", `.${process.pid}.wasm`);
  const { error, stderr } = await asc.main(["--config", config, "--outFile", own]);
  if (error) throw new Error(`wasm/kernels does not compile\n${stderr.toString()}`, { cause: error });
  renameSync(own, kernelsPath);
  return { path: kernelsPath, built: true };
}

if (import.meta.main) {
  commandLine({});
  try {
    const { path, built } = await ensureKernels();
    console.log(`${relative(process.cwd(), path)}: ${statSync(path).size} bytes, ${built ? "built" : "up to date"}`);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : thrown}\n`);
    process.exitCode = 1;
  }
}
