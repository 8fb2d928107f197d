/**
 * The definitions of `gatedDeltaStep` and `gatedDeltaChunk`: the recurrence, token by
 * token. The chunked form must agree.
 */
import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

export const gatedDeltaStep =
  (memory: WebAssembly.Memory): Kernels["gatedDeltaStep"] =>
  (y, s, q, k, v, beta, logDecay, H, P, N, G) =>
    recur(memory, { y, s, q, k, v, beta, logDecay }, 0, 1, H, P, N, G);

export const gatedDeltaChunk =
  (memory: WebAssembly.Memory): Kernels["gatedDeltaChunk"] =>
  (y, s, q, k, v, stride, beta, logDecay, _scratch, T, H, P, N, G) =>
    recur(memory, { y, s, q, k, v, beta, logDecay }, stride, T, H, P, N, G);

type Places = Record<"y" | "s" | "q" | "k" | "v" | "beta" | "logDecay", number>;

/** The state is f64 between the tokens of one call. */
function recur(
  memory: WebAssembly.Memory,
  at: Places,
  stride: number,
  T: number,
  H: number,
  P: number,
  N: number,
  G: number,
): void {
  const betas = floats(memory, at.beta, T * H);
  const logs = floats(memory, at.logDecay, T * H);
  for (let h = 0; h < H; h++) {
    const group = Math.floor(h / (H / G));
    const held = floats(memory, at.s + 4 * h * P * N, P * N);
    const s = Float64Array.from(held);
    for (let t = 0; t < T; t++) {
      const q = floats(memory, at.q + 4 * (t * stride + group * N), N);
      const k = floats(memory, at.k + 4 * (t * stride + group * N), N);
      const v = floats(memory, at.v + 4 * (t * stride + h * P), P);
      const y = floats(memory, at.y + 4 * (t * H + h) * P, P);
      const decay = Math.exp(logs[t * H + h]!);
      for (let p = 0; p < P; p++) {
        const row = s.subarray(p * N, (p + 1) * N);
        let known = 0;
        for (let n = 0; n < N; n++) {
          row[n]! *= decay;
          known += row[n]! * k[n]!;
        }
        const delta = betas[t * H + h]! * (v[p]! - known);
        let sum = 0;
        for (let n = 0; n < N; n++) {
          row[n]! += delta * k[n]!;
          sum += row[n]! * q[n]!;
        }
        y[p] = sum;
      }
    }
    held.set(s);
  }
}
