/**
 * transformerCacheBytes: what each token would add to the cache of a transformer of the same
 * depth, to compare a state with.
 */
import type { Model } from "./architecture.ts";

const BYTES_PER_VALUE = 2; // f16
/** Queries to a key where the model itself has no attention to take it from. */
const QUERIES_PER_KEY = 4;

/**
 * Keys and values, f16, in every block that keeps something of the past: 2 · blocks · key heads · head width · 2 bytes.
 * The key heads and their width are those of the model's own attention.
 */
export function transformerCacheBytes({ blocks, state, D }: Pick<Model, "blocks" | "state" | "D">): number {
  const depth = blocks.filter(({ layers }) => layers.some((layer) => layer.state.length > 0)).length;
  const caches = state.filter((spec) => spec.kind === "cache");
  const width = caches.length > 0 ? Math.max(...caches.map((spec) => spec.heads * spec.width)) : D / QUERIES_PER_KEY;
  return 2 * depth * width * BYTES_PER_VALUE;
}
