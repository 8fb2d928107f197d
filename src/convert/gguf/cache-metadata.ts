/**
 * A pack's cache policy as metadata of a GGUF file, and back.
 *
 * llama.cpp has one window for all layers that slide (`<architecture>.attention.sliding_window`, and a pattern of which
 * do), without sinks, and reads it for architectures that were trained so. This policy has sinks and windows of several
 * sizes, so it has keys of its own, which llama.cpp leaves alone.
 */
import type { GgufValue } from "../../models/architecture.ts";
import type { CachePolicy } from "../../weights/manifest.ts";
import { statedCache } from "../checkpoint/cache-choice.ts";

const WINDOW = "rivulet.cache.window";
const SINKS = "rivulet.cache.sinks";
/** By layer, as other lists of layers are: 0 where a layer has the window of all. */
const WINDOWS = "rivulet.cache.windows";

export function cacheMetadata({ policy, window, sinks, windows = {} }: CachePolicy): [string, GgufValue][] {
  if (policy === "full") return [];
  const last = Math.max(-1, ...Object.keys(windows).map(Number));
  const list = Array.from({ length: last + 1 }, (_, layer) => windows[layer] ?? 0);
  return [
    [WINDOW, { u32: window! }],
    [SINKS, { u32: sinks }],
    ...(list.length > 0 ? [[WINDOWS, { i32s: list }] as [string, GgufValue]] : []),
  ];
}

/** What a config would state, from a file that was exported from a pack with a window. */
export function cacheIn(meta: ReadonlyMap<string, unknown>): Record<string, unknown> {
  const list = meta.get(WINDOWS);
  const windows = list instanceof Int32Array ? [...list.entries()].filter(([, window]) => window !== 0) : [];
  return statedCache({
    window: meta.get(WINDOW),
    sinks: meta.get(SINKS) ?? 0,
    windows: windows.length > 0 ? Object.fromEntries(windows) : undefined,
  });
}
