/** The definition of attend*: softmax over the positions that a token sees, then the mean of their values. */
import type { Kernels } from "../kernels.ts";
import { slotOf } from "./cache.ts";
import { softmaxOf } from "./softmax.ts";
import { floats, signedBytes } from "./view.ts";

export const attendF32 =
  (memory: WebAssembly.Memory): Kernels["attendF32"] =>
  (out, q, qSink, keys, values, T, S, Hq, Hkv, P, scale, sinks, window, ring) => {
    const vectors = (at: number) => (slot: number, h: number) => floats(memory, at + 4 * (slot * Hkv + h) * P, P);
    attend(memory, out, q, qSink, vectors(keys), vectors(values), T, S, Hq, Hkv, P, scale, sinks, window, ring);
  };

export const attendI8 =
  (memory: WebAssembly.Memory): Kernels["attendI8"] =>
  (out, q, qSink, keys, keyScales, values, valueScales, T, S, Hq, Hkv, P, scale, sinks, window, ring) => {
    const vectors = (at: number, scales: number) => (slot: number, h: number) => {
      const head = slot * Hkv + h;
      const unit = floats(memory, scales + 4 * head, 1)[0]!;
      return Float64Array.from(signedBytes(memory, at + head * P, P), (value) => value * unit);
    };
    const key = vectors(keys, keyScales);
    const value = vectors(values, valueScales);
    attend(memory, out, q, qSink, key, value, T, S, Hq, Hkv, P, scale, sinks, window, ring);
  };

/** The vector of a slot and head. */
type Vectors = (slot: number, h: number) => Float32Array | Float64Array;

function attend(
  memory: WebAssembly.Memory,
  out: number,
  q: number,
  qSink: number,
  key: Vectors,
  value: Vectors,
  T: number,
  S: number,
  Hq: number,
  Hkv: number,
  P: number,
  scale: number,
  sinks: number,
  window: number,
  ring: number,
): void {
  for (let t = 0; t < T; t++) {
    const seen = visible(S + t, sinks, window);
    for (let h = 0; h < Hq; h++) {
      const shared = Math.floor(h / (Hq / Hkv));
      const at = 4 * (t * Hq + h) * P;
      const query = floats(memory, q + at, P);
      const sinkQuery = floats(memory, qSink + at, P);
      const scores = seen.map((j) => scale * dot(j < sinks ? sinkQuery : query, key(slotOf(j, sinks, ring), shared)));
      const weights = softmaxOf(Float64Array.from(scores));
      const mean = new Float64Array(P);
      seen.forEach((j, i) => {
        const v = value(slotOf(j, sinks, ring), shared);
        for (let p = 0; p < P; p++) mean[p]! += weights[i]! * v[p]!;
      });
      floats(memory, out + at, P).set(mean);
    }
  }
}

/** Positions that position p sees. */
function visible(p: number, sinks: number, window: number): number[] {
  const seen: number[] = [];
  for (let j = 0; j <= p; j++) if (j < sinks || j > p - window) seen.push(j);
  return seen;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
