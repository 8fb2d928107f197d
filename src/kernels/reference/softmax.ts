import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

/** The definition of `softmax`. */
export const softmax =
  (memory: WebAssembly.Memory): Kernels["softmax"] =>
  (x, n) => {
    const values = floats(memory, x, n);
    values.set(softmaxOf(Float64Array.from(values)));
  };

/** e^(x − max) / Σ: the shift keeps the largest exponential at 1. */
export function softmaxOf(x: Float64Array): Float64Array {
  const max = x.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const exponentials = x.map((v) => Math.exp(v - max));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((e) => e / sum);
}
