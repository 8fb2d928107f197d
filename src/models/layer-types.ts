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

/** Refuses a config in which some attention layer sees a sliding window only. */
export function everyLayerSeesAll(json: ConfigReader): void {
  if (json.has("layer_types")) layerTypes(json, ["full_attention"]);
  check(
    !json.boolean("use_sliding_window", false) || json.isNull("sliding_window"),
    "weights_invalid",
    () => "config.json: use_sliding_window: expected false, got true",
    "use_sliding_window",
  );
}
