import type { Kernels } from "../kernels.ts";
import { silu } from "./functions.ts";
import { floats, span } from "./view.ts";

/** The definition of `causalConv1d`: a filter of K taps per channel over the tail and the new inputs, then silu. */
export const causalConv1d =
  (memory: WebAssembly.Memory): Kernels["causalConv1d"] =>
  (y, x, xStride, tail, w, b, T, C, K) => {
    const inputs = floats(memory, x, span(T, xStride, C));
    const past = floats(memory, tail, (K - 1) * C);
    const taps = floats(memory, w, K * C);
    const bias = b ? floats(memory, b, C) : undefined;
    const out = floats(memory, y, T * C);
    /** Input of channel c at token t; t < 0 lies before this call. */
    const at = (t: number, c: number): number => (t < 0 ? past[(t + K - 1) * C + c]! : inputs[t * xStride + c]!);
    for (let t = 0; t < T; t++) {
      for (let c = 0; c < C; c++) {
        let sum = bias ? bias[c]! : 0;
        for (let k = 0; k < K; k++) sum += taps[k * C + c]! * at(t - K + 1 + k, c);
        out[t * C + c] = silu(sum);
      }
    }
    past.set(Float32Array.from(past, (_, i) => at(T - K + 1 + Math.floor(i / C), i % C)));
  };
