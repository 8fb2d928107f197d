/**
 * Golden: the digest of one forward pass, by which a machine shows that it computes what others do.
 *
 * Whoever converts a pack writes the digest of its logits into the manifest, and `/readyz` compares.
 * Kernels give the same bits everywhere (docs/decisions/exact-bits.md), so that anything else is a fault
 * of kernel, processor or weights.
 */
import { check } from "../core/failure.ts";
import { sha256 } from "../core/sha256.ts";
import type { Manifest } from "../weights/manifest.ts";
import type { Backend } from "./backend.ts";

export type Golden = NonNullable<Manifest["golden"]>;

/**
 * Which bits the kernels give. Whoever changes an order of sums or a rounding counts it up: packs of before are then
 * held to nothing, as they have digests of other bits.
 */
export const NUMERICS = 1;

const TOKENS = 8;

/** Few ids, out of all of the vocabulary. */
export const goldenIds = (vocab: number): number[] =>
  Array.from({ length: TOKENS }, (_, i) => (1 + i * (Math.floor(vocab / TOKENS) + 1)) % vocab);

/**
 * SHA-256 of the logits (V) after the last of `ids`, as little-endian float32. Fails with
 * `weights_invalid` when one is not finite.
 */
export async function goldenDigest(backend: Backend, ids: readonly number[], owner?: string): Promise<string> {
  const sequence = await backend.open(undefined, owner);
  try {
    const logits = await sequence.forward(Uint32Array.from(ids), "last");
    check(logits.every(Number.isFinite), "weights_invalid", () => "a forward pass gave a result that is not finite");
    return sha256(new Uint8Array(logits.buffer, logits.byteOffset, logits.byteLength));
  } finally {
    sequence.release();
  }
}

export async function goldenOf(backend: Backend): Promise<Golden> {
  const ids = goldenIds(backend.vocab);
  return { numerics: NUMERICS, ids, sha256: await goldenDigest(backend, ids) };
}
