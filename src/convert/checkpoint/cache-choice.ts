/**
 * chooseCache: a pack's cache policy, from the command line, else the config's `rivulet_cache`, else every position.
 */
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

const FIELD = "rivulet_cache";

/** Where a policy's windows of single layers come from, for messages about them. */
export const STATED_WINDOWS = `--windows, or ${FIELD}.windows in config.json`;

/** What a file says of a policy; `chooseCache` checks it. */
type Stated = Partial<Record<"window" | "sinks" | "windows", unknown>>;

/** The field of config.json that states a policy, whatever it was read from; none where every position is kept. */
export const statedCache = ({ window, sinks, windows }: Stated): Record<string, unknown> =>
  window === undefined ? {} : { [FIELD]: { window, sinks, ...(windows ? { windows } : {}) } };

/** Fails with `weights_invalid` (the config) or `request_invalid` (the options). */
export function chooseCache(config: Record<string, unknown>, dtype: Dtype, options: CacheOptions): CachePolicy {
  const stated = new ConfigReader(config).object(FIELD);
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
