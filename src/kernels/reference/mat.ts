/** The definition of mat*: y (T, pad8(R)) = x (T, C) · Wᵀ, missing rows zero. */

import { type Dtype, matrixBytes, quantizedRowBytes } from "../../core/dtype.ts";
import { pad8, pad32 } from "../../core/sizes.ts";
import type { Kernels } from "../kernels.ts";
import { unpackMatrix } from "../layout.ts";
import { bytes, floats, signedBytes, span } from "./view.ts";

export const matF32 = (memory: WebAssembly.Memory) => matFloat(memory, "f32");
export const matF16 = (memory: WebAssembly.Memory) => matFloat(memory, "f16");
export const matQ8 = (memory: WebAssembly.Memory) => matQuantized(memory, "q8");
export const matQ4 = (memory: WebAssembly.Memory) => matQuantized(memory, "q4");

function matFloat(memory: WebAssembly.Memory, dtype: Dtype): Kernels["matF32"] {
  return (y, x, xStride, w, T, R, C) => {
    const rows = floats(memory, x, span(T, xStride, C));
    multiply(memory, y, dtype, w, T, R, C, (t, c) => rows[t * xStride + c]!);
  };
}

function matQuantized(memory: WebAssembly.Memory, dtype: Dtype): Kernels["matQ4"] {
  return (y, xq, w, T, R, C) => {
    const rows = Array.from({ length: T }, (_, t) => dequantize(memory, xq + t * quantizedRowBytes(C), C));
    multiply(memory, y, dtype, w, T, R, C, (t, c) => rows[t]![c]!);
  };
}

function multiply(
  memory: WebAssembly.Memory,
  y: number,
  dtype: Dtype,
  w: number,
  T: number,
  R: number,
  C: number,
  x: (t: number, c: number) => number,
): void {
  const weights = unpackMatrix(dtype, bytes(memory, w, matrixBytes(dtype, R, C)), R, C);
  const out = floats(memory, y, T * pad8(R)).fill(0);
  for (let t = 0; t < T; t++) {
    for (let r = 0; r < R; r++) {
      let sum = 0;
      for (let c = 0; c < C; c++) sum += weights[r * C + c]! * x(t, c);
      out[t * pad8(R) + r] = sum;
    }
  }
}

/** One row of quantised activations: value = q · scale of its block. */
function dequantize(memory: WebAssembly.Memory, row: number, C: number): Float64Array {
  const q = signedBytes(memory, row, C);
  const scales = floats(memory, row + pad32(C), pad32(C) / 32);
  return Float64Array.from(q, (value, c) => value * scales[c >>> 5]!);
}
