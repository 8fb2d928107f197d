/** chooseCache: a pack's cache policy, from the command line, else the config's `rivulet_cache`, else every position. */
import { ConfigReader } from "../../core/config-reader.ts";
import type { Dtype } from "../../core/dtype.ts";
import { check } from "../../core/failure.ts";
import { type CachePolicy, WINDOW_MAX } from "../../weights/manifest.ts";

interface CacheOptions {
  /** Stated alone it holds for every layer, also for those to which the config gives a window of their own. */
  window?: number;
  /** Windows of single layers, by index. */
  windows?: Record<string, number>;
  sinks?: number;
  dtype?: CachePolicy["dtype"];
}

/** Where a policy's windows of single layers come from, for messages about them. */
export const STATED_WINDOWS = "--windows, or rivulet_cache.windows in config.json";

/** A pack's policy as a config states it; nothing where every position is kept. */
export function statedCache({ policy, window, sinks, windows }: CachePolicy): Record<string, unknown> {
  return policy === "full" ? {} : { rivulet_cache: { window, sinks, ...(windows ? { windows } : {}) } };
}

/** Fails with `weights_invalid` (the config) or `request_invalid` (the options). */
export function chooseCache(config: Record<string, unknown>, dtype: Dtype, options: CacheOptions): CachePolicy {
  const stated = new ConfigReader(config).object("rivulet_cache");
  const cacheDtype = options.dtype ?? (dtype === "f32" || dtype === "f16" ? "f32" : "int8");
  const asked = ["window", "windows"].some((field) => stated.has(field));
  const window = options.window ?? (asked ? stated.int("window", undefined, 1, WINDOW_MAX) : undefined);
  if (window === undefined) {
    check(options.windows === undefined, "request_invalid", () => "--windows: only with --window", "windows");
    return { policy: "full", sinks: 0, dtype: cacheDtype };
  }
  const windows = options.windows ?? (options.window === undefined ? stated.intsByName("windows", 1, WINDOW_MAX) : {});
  return {
    policy: "window",
    sinks: options.sinks ?? stated.int("sinks", 0, 0),
    window,
    ...(Object.keys(windows).length > 0 ? { windows } : {}),
    dtype: cacheDtype,
  };
}
