/**
 * What follows from a model and its cache policy alone, without weights or memory: shapes of states,
 * and how long a context may be.
 */
import type { FixedSpec } from "../../layers/layer.ts";
import type { Model } from "../../models/architecture.ts";
import type { CachePolicy } from "../../weights/manifest.ts";
import { ENDLESS } from "../backend.ts";
import type { StateShape } from "../check-state.ts";
import { cacheShapes, slotsMax } from "./cache.ts";
import { cacheLayout } from "./cache-layout.ts";

/** Names, types and shapes of a state of `position` tokens. */
export function describeState({ state }: Model, policy: CachePolicy, position: number): StateShape[] {
  const fixed = state.flatMap((spec) => (spec.kind === "fixed" ? [fixedShape(spec)] : []));
  const caches = state.flatMap((spec) => {
    if (spec.kind !== "cache") return [];
    const layout = cacheLayout(policy, spec);
    return cacheShapes(layout, spec, Math.min(position, slotsMax(layout)));
  });
  return [...fixed, ...caches];
}

const fixedShape = ({ name, shape, rounds }: FixedSpec): StateShape => ({
  name,
  dtype: "f32",
  shape,
  ...(rounds ? { rounds } : {}),
});

/** Bounded caches never run out of positions; full ones are held to what the checkpoint was made for. */
export const contextOf = ({ contextLength }: Model, { policy }: CachePolicy): number =>
  policy === "window" ? ENDLESS : contextLength;
