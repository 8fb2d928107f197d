/** How a tensor is stored in a pack, and how many bytes it takes there. Layouts: docs/notation.md. */
import { pad8, pad32, product } from "./sizes.ts";

export const dtypes = ["f32", "f16", "q8", "q4"] as const;
export type Dtype = (typeof dtypes)[number];

/** Bytes of a matrix (R, C) in kernel order. */
export function matrixBytes(dtype: Dtype, R: number, C: number): number {
  const groups = pad8(R) / 8;
  const blocks = pad32(C) / 32;
  if (dtype === "f32") return groups * C * 32;
  if (dtype === "f16") return groups * C * 16;
  if (dtype === "q8") return groups * blocks * (32 + 256);
  return groups * (64 + blocks * (16 + 128));
}

/** Bytes of a plain f32 vector or small array. */
export const vectorBytes = (shape: readonly number[]): number => 4 * product(shape);

/** Stride of quantised activations: int8 values, then f32 scales, then f32 scaled sums, each padded to 16 bytes. */
export function quantizedRowBytes(C: number): number {
  const floats = Math.ceil(pad32(C) / 32 / 4) * 16;
  return pad32(C) + 2 * floats;
}
