/** What follows from a model and its cache alone, without weights or memory: shapes of states, and how long a context may be. */
import type { CacheLayout } from "../../layers/layer.ts";
import type { Model } from "../../models/architecture.ts";
import type { StateShape } from "../check-state.ts";
import { cacheShapes, slotsMax } from "./cache.ts";

/** Names, types and shapes of a state of `position` tokens. */
export function describeState({ state }: Model, layout: CacheLayout, position: number): StateShape[] {
  const rows = Math.min(position, slotsMax(layout));
  const fixed = state.flatMap((spec) =>
    spec.kind === "fixed" ? [{ name: spec.name, dtype: "f32" as const, shape: spec.shape }] : [],
  );
  return [...fixed, ...state.flatMap((spec) => (spec.kind === "cache" ? cacheShapes(layout, spec, rows) : []))];
}

/** A bounded cache never runs out of positions; a full one is held to what the checkpoint was made for. */
export const contextOf = ({ contextLength }: Model, layout: CacheLayout): number =>
  slotsMax(layout) < 2 ** 30 ? 2 ** 31 - 1 : contextLength;
