/** The definitions of the root-mean-square norms. */
import type { Kernels } from "../kernels.ts";
import { silu } from "./functions.ts";
import { floats, span } from "./view.ts";

export const rmsNorm =
  (memory: WebAssembly.Memory): Kernels["rmsNorm"] =>
  (y, x, w, T, D, eps) => {
    const weight = floats(memory, w, D);
    for (let t = 0; t < T; t++) {
      const input = Float64Array.from(floats(memory, x + 4 * t * D, D));
      floats(memory, y + 4 * t * D, D).set(normalised(input, eps).map((v, i) => v * weight[i]!));
    }
  };

export const gatedRmsNorm =
  (memory: WebAssembly.Memory): Kernels["gatedRmsNorm"] =>
  (y, x, xStride, z, zStride, w, T, D, width, eps) => {
    const inputs = floats(memory, x, span(T, xStride, D));
    const gates = floats(memory, z, span(T, zStride, D));
    const weight = floats(memory, w, D);
    for (let t = 0; t < T; t++) {
      const gated = Float64Array.from(
        { length: D },
        (_, i) => inputs[t * xStride + i]! * silu(gates[t * zStride + i]!),
      );
      const out = floats(memory, y + 4 * t * D, D);
      for (let from = 0; from < D; from += width) {
        normalised(gated.subarray(from, from + width), eps).forEach((v, i) => {
          out[from + i] = v * weight[from + i]!;
        });
      }
    }
  };

export const l2Norm =
  (memory: WebAssembly.Memory): Kernels["l2Norm"] =>
  (x, xStride, T, H, N, eps, factor) => {
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < H; h++) {
        const head = floats(memory, x + 4 * (t * xStride + h * N), N);
        const squares = head.reduce((sum, v) => sum + v * v, 0);
        const by = Math.fround(factor) / Math.sqrt(squares + eps);
        for (let n = 0; n < N; n++) head[n]! *= by;
      }
    }
  };

/** x / sqrt(mean(x²) + eps). */
function normalised(x: Float64Array, eps: number): Float64Array {
  const mean = x.reduce((sum, v) => sum + v * v, 0) / x.length;
  return x.map((v) => v / Math.sqrt(mean + eps));
}
