/**
 * checkWindows: every layer whose window a cache policy states has attention, and its window
 * is not the architecture's own.
 */
import { Failure } from "../core/failure.ts";
import type { StateSpec } from "../layers/layer.ts";
import type { CachePolicy } from "./manifest.ts";
import { MANIFEST_FILE } from "./parse-manifest.ts";

/** Where a pack states them. */
export const WINDOWS_FIELD = `${MANIFEST_FILE}: cache.windows`;

/** Fails with `weights_invalid`. `where` names the field that states them. */
export function checkWindows({ windows }: CachePolicy, state: readonly StateSpec[], where: string): void {
  const caches = state.filter((spec) => spec.kind === "cache");
  for (const layer of Object.keys(windows ?? {})) {
    const cache = caches.find((spec) => String(spec.layer) === layer);
    const refuse = (message: string): never => {
      throw new Failure("weights_invalid", `${where}: ${message}`, { param: "windows" });
    };
    if (!cache)
      refuse(
        `expected layers with attention (${caches.map((spec) => spec.layer).join(", ") || "this model has none"}), got ${layer}`,
      );
    else if (cache.window !== undefined)
      refuse(`layer ${layer}: expected none, as the model itself has a window of ${cache.window} there`);
  }
}
