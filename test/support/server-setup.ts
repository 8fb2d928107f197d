/**
 * Builds the Workers that the tests of a whole server start, before the first of them: the one that is deployed and the one with fault points. Two
 * files run at once, and one must not replace a build under the other's eyes.
 */
import { ensureKernels } from "../../scripts/build-wasm.ts";
import { ensureBundle } from "../../scripts/serve-bundle.ts";

export default async function (): Promise<void> {
  await ensureKernels();
  ensureBundle();
  ensureBundle({ faultPoints: true });
}
