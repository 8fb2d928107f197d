/**
 * Three projects: `node` (engine, tools), `workerd` (Worker and Durable Objects inside the runtime),
 * `server` (the real start script).
 */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { unstable_readConfig } from "wrangler";
import { ensureKernels } from "./scripts/build-wasm.ts";
import { ensurePage } from "./scripts/build-web.ts";
import { chromiumPath } from "./test/support/chromium.ts";
import { LongestFirst } from "./test/support/longest-first.ts";
import { ortWasm } from "./test/support/onnx-pack.ts";
import { temporaryFolder } from "./test/support/temporary-folder.ts";
import type { WorkerdSetup } from "./test/support/workerd-setup.ts";

// Tests start many processes of Node, and half of what a short one takes is compiling its
// modules: they are kept compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules/.cache/compiled");
process.env.TMPDIR = temporaryFolder();
await ensurePage();
if (!chromiumPath)
  console.log(
    "The tests of the chat page are skipped: no Chromium at /usr/bin/chromium or where the variable CHROMIUM says.",
  );
await ensureKernels();
/** What production leaves out of its bundle (durable-objects/platform/fault-points.ts). */
const withFaultPoints = { "globalThis.FAULT_POINTS": "true" };

/**
 * The variables of wrangler.toml as they stand there, and none of those that only machines have: secrets files
 * of this folder change no test.
 */
const variables = {
  ...unstable_readConfig({ config: "./wrangler.toml" }, { hideWarnings: true }).vars,
  MEMORY_BYTES: "",
  FAULTS: "",
  FAULT_HOOK: "",
};

/** Ends what hangs. A machine at ten times its load is slow and not hanging, so no test is judged by the clock. */
const HANGS_AFTER_MS = 300_000;
const patience = {
  testTimeout: HANGS_AFTER_MS,
  hookTimeout: HANGS_AFTER_MS,
  expect: {
    // What is waited for, usually a second.
    poll: { timeout: 240_000 },
    // A test that expects nothing, as one whose loop goes over an empty list, proves nothing.
    requireAssertions: true,
  },
};

export default defineConfig({
  test: {
    silent: "passed-only",
    // Two files at once also on two cores, where the runner by itself takes them one by one.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    sequence: { sequencer: LongestFirst },
    reporters: ["default", "./test/support/plain-reporter.ts"],
    projects: [
      {
        define: withFaultPoints,
        test: {
          name: "node",
          isolate: false,
          setupFiles: "./test/support/fresh-modules.ts",
          // What starts once in its module is a file's own as well.
          server: { deps: { inline: [/onnxruntime-web/] } },
          globalSetup: "./test/support/node-setup.ts",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**"],
          ...patience,
        },
      },
      {
        define: withFaultPoints,
        plugins: [
          cloudflareTest(({ inject }) => {
            const { packs, digestTokens, nodeDigest } = inject("workerd") as WorkerdSetup;
            return {
              main: "./src/index.ts",
              wrangler: { configPath: "./wrangler.toml" },
              miniflare: {
                // The oldest one that is supported, or one to come, to try all of it there.
                ...(process.env.COMPATIBILITY_DATE ? { compatibilityDate: process.env.COMPATIBILITY_DATE } : {}),
                bindings: {
                  ...variables,
                  API_KEYS: "",
                  SESSION_KEY: "",
                  PACK_PATH: "tiny",
                  FORECAST_PACK_PATH: "tiny-forecast",
                  // What Node computes, for workerd to compare.
                  DIGEST_TOKENS: digestTokens,
                  NODE_DIGEST: nodeDigest,
                },
                r2Buckets: ["TEST_PACKS"],
                // As a binding and not as an import: the plugin sends modules as lists of numbers.
                dataBlobBindings: { ORT_WASM: ortWasm },
                assets: { directory: packs, binding: "ASSETS" } as never,
              },
            };
          }),
        ],
        test: {
          name: "workerd",
          isolate: false,
          setupFiles: "./test/support/fresh-isolate.ts",
          include: ["test/workerd/**/*.test.ts"],
          globalSetup: "./test/support/workerd-setup.ts",
          ...patience,
        },
      },
      {
        test: {
          name: "server",
          include: ["test/server/**/*.e2e.ts"],
          globalSetup: "./test/support/server-setup.ts",
          ...patience,
          testTimeout: 2 * HANGS_AFTER_MS,
          hookTimeout: 2 * HANGS_AFTER_MS,
        },
      },
    ],
  },
});
