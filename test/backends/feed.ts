/** What the tests of backends do with a sequence; runs in Node and in workerd. */
import type { Sequence } from "../../src/backends/backend.ts";
import { encodeSequence } from "../../src/state/encode-sequence.ts";
import type { Precision } from "../../src/state/rounding.ts";

/** Logits (T, V) of ids fed `size` at a time. */
export async function feed(sequence: Sequence, ids: Uint32Array, size: number): Promise<Float32Array> {
  const parts: number[] = [];
  for (let at = 0; at < ids.length; at += size)
    for (const logit of await sequence.forward(ids.subarray(at, at + size), "all")) parts.push(logit);
  return Float32Array.from(parts);
}

/** Standard deviation. */
export const deviation = (values: Float32Array): number => {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / values.length);
};

const sampler = { generator: [1, 2, 3, 4], recent: [], reply: [] };
export const toBytes = (sequence: Sequence, fingerprint: string, precision?: Precision): Promise<Uint8Array> =>
  encodeSequence(sequence, { fingerprint, pending: [], sampler }, precision);
