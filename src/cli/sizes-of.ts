/** Sizes of a model's parts and of its conversations, for `info`. */
import { slotBytes, slotsMax } from "../backends/wasm/cache.ts";
import { cacheLayout } from "../backends/wasm/cache-layout.ts";
import { product } from "../core/sizes.ts";
import type { Model } from "../models/architecture.ts";
import type { CachePolicy, TensorEntry } from "../weights/manifest.ts";

/** Bytes of tensors by what they belong to: embedding, head, final norm, and the blocks by kind of part. */
export function bytesByPart(
  model: Model,
  tensors: readonly Pick<TensorEntry, "name" | "bytes">[],
): Record<string, number> {
  const parts: Record<string, number> = {};
  for (const { name, bytes } of tensors) {
    const part = partOf(model, name);
    parts[part] = (parts[part] ?? 0) + bytes;
  }
  return parts;
}

function partOf({ names, head }: Model, tensor: string): string {
  if (tensor === names.embedding) return head ? "embedding" : "embedding and head";
  if (tensor === names.head) return "head";
  if (tensor === names.norm) return "norms";
  // model.layers.3.mamba.in_proj.weight → mamba
  const part = /\.\d+\.([a-z0-9_]+)\./i.exec(tensor)?.[1] ?? "other";
  return /norm/.test(part) ? "norms" : part;
}

/** Bytes of one conversation's tensors as saved: the constant part, and the cache. */
export function stateCost({ state, contextLength }: Model, policy: CachePolicy) {
  const most = policy.policy === "full" ? contextLength : Number.MAX_SAFE_INTEGER;
  let fixedBytes = 0;
  let bytesPerToken = 0;
  let cacheMaxBytes = 0;
  for (const spec of state) {
    if (spec.kind === "fixed") fixedBytes += 4 * product(spec.shape);
    else {
      const layout = cacheLayout(policy, spec);
      bytesPerToken += slotBytes(layout, spec);
      cacheMaxBytes += slotBytes(layout, spec) * Math.min(slotsMax(layout), most);
    }
  }
  return { fixedBytes, bytesPerToken, maxBytes: fixedBytes + cacheMaxBytes };
}
