/**
 * cacheLayout: what one attention layer keeps of the past; the one place that decides it.
 *
 * A window that the architecture states belongs to the model and stands as it is, without sinks. Every
 * other layer follows the pack's policy: a window of its own where the policy names the layer, else the
 * common one, else every position.
 */

import type { CacheLayout, CacheSpec } from "../../layers/layer.ts";
import type { CachePolicy } from "../../weights/manifest.ts";

/** More positions than the kernels can count: a cache with this window keeps them all. */
const UNBOUNDED = 2 ** 30;

export function cacheLayout(policy: CachePolicy, spec: Pick<CacheSpec, "layer" | "window">): CacheLayout {
  const { dtype } = policy;
  if (spec.window !== undefined) return { dtype, sinks: 0, window: spec.window };
  if (policy.policy === "full") return { dtype, sinks: 0, window: UNBOUNDED };
  return { dtype, sinks: policy.sinks, window: policy.windows?.[spec.layer] ?? policy.window! };
}
