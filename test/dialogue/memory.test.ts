/** The platform gives an isolate 128 MB for everything, and does not enforce it locally: so this does. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll, expect, it } from "vitest";

const LIMIT_BYTES = 128e6;
const folder = mkdtempSync(join(tmpdir(), "rivulet-memory-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Measured {
  positions: number[];
  stateBytes: number;
  webAssembly: number;
  javascript: number;
}

it("as many live conversations of over 1,000 tokens as there are memory slots fit into one isolate with the default pack", {
  timeout: 600_000,
}, () => {
  // Bundled as a Worker is: Node keeps the whole text of each module, comments too.
  const script = join(folder, "isolate-memory.mjs");
  buildSync({
    entryPoints: [join(import.meta.dirname, "isolate-memory.ts")],
    outfile: script,
    define: { "import.meta.dirname": JSON.stringify(import.meta.dirname) },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  const { stdout, stderr } = spawnSync(process.execPath, ["--expose-gc", "--no-warnings", script], {
    encoding: "utf8",
  });
  expect(stderr).toBe("");
  const { positions, stateBytes, webAssembly, javascript } = JSON.parse(stdout) as Measured;
  expect(positions.length).toBeGreaterThan(1);
  expect(Math.min(...positions)).toBeGreaterThan(1000);
  expect(stateBytes).toBeGreaterThan(1_000_000);
  expect(javascript).toBeGreaterThan(stateBytes); // the measure sees what is held
  expect(webAssembly + javascript + statSync(script).size).toBeLessThan(LIMIT_BYTES);
});
