/**
 * The long form of the determinism tests: one digest of ids and state in Node and in workerd, cold, warm
 * and beside other conversations.
 *
 *     node bench/determinism.ts [tokens]
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { commandLine } from "../scripts/command-line.ts";
import { machine, writeSection } from "./section.ts";

const { positionals } = commandLine({}, [0, 1]);
const tokens = positionals[0] ?? "1000";
const root = join(import.meta.dirname, "..");
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const tests = ["test/dialogue/determinism.test.ts", "test/workerd/durable-objects/turn/determinism.test.ts"];
execFileSync(process.execPath, [vitest, "run", ...tests], {
  cwd: root,
  env: { ...process.env, DIGEST_TOKENS: tokens },
  stdio: "inherit",
});
writeSection(
  "node bench/determinism.ts",
  `## Determinism

\`node bench/determinism.ts ${tokens}\`: a seeded generation of ${tokens} tokens (temperature 0.9, top-p, penalty) ends in one SHA-256 of ids and state: the default model
in Node cold, warm, beside two others and in a second engine; a tiny hybrid in Node and in workerd, there also cold, warm and beside three others. Passed. ${machine()}`,
);
