import { softplus4 } from "./exp";
import { loadPart, storePart } from "./lanes";

/**
 * dt (T, H) = clamp(softplus(raw + bias), lo, hi); logDecay (T, H) = dt · A. Definition:
 * src/kernels/reference/mamba-dt.ts.
 */
export function mambaDt(
  dt: usize, logDecay: usize, raw: usize, rawStride: usize, bias: usize, A: usize, T: i32, H: usize, lo: f32, hi: f32,
): void {
  const row = H << 2, whole = row & ~15, rest = H & 3;
  for (let t = 0; t < T; t++, raw += rawStride << 2, dt += row, logDecay += row) {
    for (let i: usize = 0; i < whole; i += 16) {
      const d = clamped(f32x4.add(v128.load(raw + i), v128.load(bias + i)), lo, hi);
      v128.store(dt + i, d);
      v128.store(logDecay + i, f32x4.mul(d, v128.load(A + i)));
    }
    if (rest) {
      const d = clamped(f32x4.add(loadPart(raw + whole, rest), loadPart(bias + whole, rest)), lo, hi);
      storePart(dt + whole, d, rest);
      storePart(logDecay + whole, f32x4.mul(d, loadPart(A + whole, rest)), rest);
    }
  }
}

// @ts-ignore: decorator
@inline function clamped(x: v128, lo: f32, hi: f32): v128 {
  return f32x4.min(f32x4.max(softplus4(x), f32x4.splat(lo)), f32x4.splat(hi));
}
