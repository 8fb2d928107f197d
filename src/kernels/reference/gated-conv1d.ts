import type { Kernels } from "../kernels.ts";
import { floats, span } from "./view.ts";

/** The definition of `gatedConv1d`: rows hold p, q and r; a filter of K taps per channel over p ⊙ r, then ⊙ q. */
export const gatedConv1d =
  (memory: WebAssembly.Memory): Kernels["gatedConv1d"] =>
  (y, x, xStride, tail, w, b, T, C, K) => {
    const inputs = floats(memory, x, span(T, xStride, 3 * C));
    const past = floats(memory, tail, (K - 1) * C);
    const taps = floats(memory, w, K * C);
    const bias = b ? floats(memory, b, C) : undefined;
    const out = floats(memory, y, T * C);
    const part = (t: number, index: number, c: number): number => inputs[t * xStride + index * C + c]!;
    /** Product of channel c at token t; t < 0 lies before this call. */
    const at = (t: number, c: number): number => (t < 0 ? past[(t + K - 1) * C + c]! : part(t, 0, c) * part(t, 2, c));
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) {
        let sum = bias ? bias[c]! : 0;
        for (let k = 0; k < K; k++) sum += taps[k * C + c]! * at(t - K + 1 + k, c);
        out[t * C + c] = sum * part(t, 1, c);
      }
    }
    past.set(Float32Array.from(past, (_, i) => at(T - K + 1 + Math.floor(i / C), i % C)));
  };
