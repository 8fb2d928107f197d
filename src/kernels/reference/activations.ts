/** The definitions of the activations of MLPs other than SwiGLU. */
import type { Kernels } from "../kernels.ts";
import { floats } from "./view.ts";

export const relu2 =
  (memory: WebAssembly.Memory): Kernels["relu2"] =>
  (x, n) => {
    const values = floats(memory, x, n);
    for (let i = 0; i < n; i++) values[i] = Math.max(values[i]!, 0) ** 2;
  };

export const geglu = (memory: WebAssembly.Memory): Kernels["geglu"] => gated(memory, gelu);

export const gegluTanh = (memory: WebAssembly.Memory): Kernels["gegluTanh"] => gated(memory, geluTanh);

const gated =
  (memory: WebAssembly.Memory, activation: (x: number) => number): Kernels["geglu"] =>
  (y, x, xStride, upAt, T, I) => {
    for (let t = 0; t < T; t++) {
      const gate = floats(memory, x + 4 * t * xStride, I);
      const up = floats(memory, x + 4 * (t * xStride + upAt), I);
      const out = floats(memory, y + 4 * t * I, I);
      for (let i = 0; i < I; i++) out[i] = activation(gate[i]!) * up[i]!;
    }
  };

/** Source: arXiv 1606.08415. */
const geluTanh = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));

/** 2/√π · e^(−x²) · Σ 2ⁿ x^(2n+1) / (2n+1)!!: no term cancels another. Beyond 6 it is ±1 in f64. */
function erf(x: number): number {
  if (Math.abs(x) > 6) return Math.sign(x);
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-20 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}
