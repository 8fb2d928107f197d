/**
 * Builds what the tests of a whole server start, before the first of them: the Worker that is deployed, the one with
 * fault points, and packs. Two files run at once, and one must not replace a build under the other's eyes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureKernels } from "../../scripts/build-wasm.ts";
import { ensureBundle } from "../../scripts/serve-bundle.ts";
import { makeServedPacks } from "./served-pack.ts";

export default async function (): Promise<() => void> {
  await ensureKernels();
  ensureBundle();
  ensureBundle({ faultPoints: true });
  const packs = mkdtempSync(join(tmpdir(), "rivulet-packs-"));
  await makeServedPacks(packs);
  return () => rmSync(packs, { recursive: true, force: true });
}
