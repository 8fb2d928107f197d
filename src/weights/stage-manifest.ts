/**
 * stageManifest: one stage of a divided pack, described as a pack of its own. Its shards lie one after
 * another from where its memory begins.
 */
import type { Manifest } from "./manifest.ts";

export function stageManifest({ stages, ...manifest }: Manifest, k: number): Manifest {
  const { tensors, shards } = stages![k]!;
  return {
    ...manifest,
    tensors: manifest.tensors.slice(...tensors).map((tensor) => ({ ...tensor, shard: tensor.shard - shards[0] })),
    shards: manifest.shards.slice(...shards),
  };
}
