#!/usr/bin/env node
// Starts the command line: compiled in an installed package; in a checkout as TypeScript, with the kernels built,
// under a Node that runs it.
// Plain JavaScript: an older Node reads this file.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** First version that runs .ts files without a flag. */
const NEEDED = [22, 18];
/** Commands that compute. */
const withKernels = new Set(["score", "generate", "bench"]);

const [major, minor] = process.versions.node.split(".").map(Number);
const newEnough = major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
const compiled = new URL("../dist/npm/cli/main.js", import.meta.url);
const inCheckout = existsSync(new URL("../src/cli/main.ts", import.meta.url));
if (!inCheckout) await runCompiled();
else if (newEnough) await run();
else runUnderNewerNode();

async function runCompiled() {
  if (major < NEEDED[0]) {
    console.error(`rivulet: expected Node ${NEEDED[0]} or newer, got ${process.versions.node}`);
    process.exit(1);
  }
  const { main } = await import(compiled.href);
  await main(process.argv.slice(2));
}

async function run() {
  const { emitWarning } = process;
  process.emitWarning = (warning, ...rest) => {
    const type = typeof rest[0] === "object" ? rest[0]?.type : rest[0];
    if (type !== "ExperimentalWarning") emitWarning.call(process, warning, ...rest);
  };
  const args = process.argv.slice(2);
  if (withKernels.has(args[0]) && !args.includes("--help") && !args.includes("-h")) await buildKernels();
  const { main } = await import("../src/cli/main.ts");
  await main(args);
}

async function buildKernels() {
  const { ensureKernels } = await import("../scripts/build-wasm.ts");
  await ensureKernels();
}

function runUnderNewerNode() {
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `rivulet: expected Node ${NEEDED.join(".")} or newer, got ${process.versions.node}; npm ci installs one`,
    );
    process.exit(1);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
