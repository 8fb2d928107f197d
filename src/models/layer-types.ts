/** layerTypes: what stands at each depth, from config.json's list. */
import type { ConfigReader } from "../core/config-reader.ts";
import { check } from "../core/failure.ts";

/** transformers 5 → the names that checkpoints were published with. */
const renamed: Readonly<Record<string, string>> = { linear_attention: "mamba", full_attention: "attention" };

/** Reads `layer_types`, or `layers_block_type` where that stands; `depth` times `fallback` where neither does. */
export function layerTypes<const T extends string>(
  json: ConfigReader,
  types: readonly T[],
  depth?: number,
  fallback?: T,
): T[] {
  const field = json.has("layers_block_type") ? "layers_block_type" : "layer_types";
  const spelled = Object.keys(renamed).filter((name) => (types as readonly string[]).includes(renamed[name]!));
  const known: readonly string[] = [...types, ...spelled];
  const found = json.listOf(field, known, fallback && Array.from({ length: depth ?? 0 }, () => fallback));
  check(
    depth === undefined || found.length === depth,
    "weights_invalid",
    () => `config.json: ${field}: expected ${depth} entries, got ${found.length}`,
    field,
  );
  return found.map((name) => (spelled.includes(name) ? renamed[name] : name) as T);
}

/**
 * By layer: the window of layers that slide, from `layer_types`. Where the config has no list, the layers that `slides`
 * names (from this layer on, or those it holds for) do when `use_sliding_window` is set.
 */
export function slidingWindows(
  json: ConfigReader,
  defaultDepth: number,
  slides: number | ((layer: number) => boolean),
): { window?: number }[] {
  const depth = json.depth(defaultDepth);
  const on = json.boolean("use_sliding_window", false) && json.has("sliding_window");
  const from = typeof slides === "number" ? json.int("max_window_layers", slides, 0) : 0;
  const types = json.has("layer_types")
    ? layerTypes(json, ["full_attention", "sliding_attention"], depth)
    : Array.from({ length: depth }, (_, layer) =>
        on && (typeof slides === "number" ? layer >= from : slides(layer)) ? "sliding_attention" : "full_attention",
      );
  return types.map((type) => (type === "sliding_attention" ? { window: json.int("sliding_window", 4096) } : {}));
}
