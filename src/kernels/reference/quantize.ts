import { quantizedRowBytes } from "../../core/dtype.ts";
import { pad32 } from "../../core/sizes.ts";
import type { Kernels } from "../kernels.ts";
import { roundHalfEven } from "./functions.ts";
import { floats, signedBytes } from "./view.ts";

/** Below this a block counts as zero: the inverse of its scale could overflow in f32. */
const TINY = 2 ** -100;

/**
 * The definition of `quantize`, bit for bit: the scale, its inverse, each product and the scaled sum are rounded to
 * f32, so that an implementation can be compared exactly.
 */
export const quantize =
  (memory: WebAssembly.Memory): Kernels["quantize"] =>
  (xq, x, xStride, T, C) => {
    const blocks = pad32(C) / 32;
    for (let t = 0; t < T; t++) {
      const row = xq + t * quantizedRowBytes(C);
      const input = floats(memory, x + 4 * t * xStride, C);
      const q = signedBytes(memory, row, pad32(C)).fill(0);
      const scales = floats(memory, row + pad32(C), blocks);
      const sums = floats(memory, row + pad32(C) + Math.ceil(blocks / 4) * 16, blocks);
      for (let b = 0; b < blocks; b++) {
        const block = input.subarray(32 * b, 32 * b + 32);
        scales[b] = eightBits(q.subarray(32 * b, 32 * b + block.length), block);
        const sum = q.subarray(32 * b, 32 * b + 32).reduce((a, value) => a + value, 0);
        sums[b] = scales[b]! * sum;
      }
    }
  };

/** q = x / scale to the nearest integer, half to even; returns the scale, max|x| / 127. Caches use it as well. */
export function eightBits(q: Int8Array, x: Float32Array): number {
  const largest = x.reduce((a, value) => Math.max(a, Math.abs(value)), 0);
  if (largest < TINY) {
    q.fill(0);
    return 0;
  }
  const scale = Math.fround(largest / 127);
  const inverse = Math.fround(1 / scale);
  x.forEach((value, i) => {
    q[i] = roundHalfEven(Math.fround(value * inverse));
  });
  return scale;
}
