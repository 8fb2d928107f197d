/** The definitions of the kernels that pass once over rows. */
import type { Kernels } from "../kernels.ts";
import { silu } from "./functions.ts";
import { floats } from "./view.ts";

export const add =
  (memory: WebAssembly.Memory): Kernels["add"] =>
  (x, y, n) => {
    const target = floats(memory, x, n);
    const addend = floats(memory, y, n);
    for (let i = 0; i < n; i++) target[i]! += addend[i]!;
  };

export const scale =
  (memory: WebAssembly.Memory): Kernels["scale"] =>
  (x, n, a) => {
    const target = floats(memory, x, n);
    for (let i = 0; i < n; i++) target[i]! *= Math.fround(a);
  };

export const addBias =
  (memory: WebAssembly.Memory): Kernels["addBias"] =>
  (y, yStride, b, T, n) => {
    for (let t = 0; t < T; t++) add(memory)(y + 4 * t * yStride, b, n);
  };

export const swiglu =
  (memory: WebAssembly.Memory): Kernels["swiglu"] =>
  (y, x, xStride, upAt, T, I) => {
    for (let t = 0; t < T; t++) {
      const gate = floats(memory, x + 4 * t * xStride, I);
      const up = floats(memory, x + 4 * (t * xStride + upAt), I);
      const out = floats(memory, y + 4 * t * I, I);
      for (let i = 0; i < I; i++) out[i] = silu(gate[i]!) * up[i]!;
    }
  };

export const sigmoidTimes =
  (memory: WebAssembly.Memory): Kernels["sigmoidTimes"] =>
  (y, gate, gateStride, x, T, n, factor) => {
    for (let t = 0; t < T; t++) {
      const gates = floats(memory, gate + 4 * t * gateStride, n);
      const values = x ? floats(memory, x + 4 * t * n, n) : undefined;
      const out = floats(memory, y + 4 * t * n, n);
      for (let i = 0; i < n; i++)
        out[i] = (Math.fround(factor) / (1 + Math.exp(-gates[i]!))) * (values ? values[i]! : 1);
    }
  };
