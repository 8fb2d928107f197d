/** chooseCache: a pack's cache policy, from the command line, else the config's `rivulet_cache`, else every position. */
import { ConfigReader } from "../../core/config-reader.ts";
import type { Dtype } from "../../core/dtype.ts";
import type { CachePolicy } from "../../weights/manifest.ts";

export interface CacheOptions {
  window?: number;
  sinks?: number;
  dtype?: CachePolicy["dtype"];
}

export function chooseCache(config: Record<string, unknown>, dtype: Dtype, options: CacheOptions): CachePolicy {
  const stated = new ConfigReader(config).object("rivulet_cache");
  const cacheDtype = options.dtype ?? (dtype === "f32" || dtype === "f16" ? "f32" : "int8");
  const window = options.window ?? (stated.has("window") ? stated.int("window") : undefined);
  if (window === undefined) return { policy: "full", sinks: 0, dtype: cacheDtype };
  return { policy: "window", sinks: options.sinks ?? stated.int("sinks", 0, 0), window, dtype: cacheDtype };
}
