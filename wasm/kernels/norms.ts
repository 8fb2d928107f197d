import { loadPart, storePart, sum } from "./lanes";
import { siluTimes } from "./silu";

/**
 * Root-mean-square norms. Definition: src/kernels/reference/norms.ts.
 */
export function rmsNorm(y: usize, x: usize, w: usize, T: i32, D: usize, eps: f32): void {
  for (let t = 0; t < T; t++, x += D << 2, y += D << 2) normalise(y, x, w, D, eps);
}

/** x · silu(z) goes to y first and is normalised there, run by run. */
export function gatedRmsNorm(
  y: usize, x: usize, xStride: usize, z: usize, zStride: usize, w: usize, T: i32, D: usize, width: usize, eps: f32,
): void {
  for (let t = 0; t < T; t++, x += xStride << 2, z += zStride << 2, y += D << 2) {
    siluTimes(y, z, x, D);
    for (let at: usize = 0; at < D << 2; at += width << 2) normalise(y + at, y + at, w + at, width, eps);
  }
}

/** Each head of x (T, H, N) ← factor · head / sqrt(Σ head² + eps). */
export function l2Norm(x: usize, xStride: usize, T: i32, H: usize, N: usize, eps: f32, factor: f32): void {
  const bytes = N << 2, whole = bytes & ~15;
  for (let t = 0; t < T; t++, x += xStride << 2) {
    for (let head = x, end = x + H * bytes; head < end; head += bytes) {
      const by = factor / sqrt<f32>(sumOfSquares(head, N) + eps);
      for (let i: usize = 0; i < whole; i += 16) v128.store(head + i, f32x4.mul(v128.load(head + i), f32x4.splat(by)));
      for (let i = whole; i < bytes; i += 4) store<f32>(head + i, load<f32>(head + i) * by);
    }
  }
}

// @ts-ignore: decorator
@inline function sumOfSquares(x: usize, n: usize): f32 {
  const whole = (n << 2) & ~15, rest = n & 3;
  let squares = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) {
    const v = v128.load(x + i);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  if (rest) {
    const v = loadPart(x + whole, rest);
    squares = f32x4.add(squares, f32x4.mul(v, v));
  }
  return sum(squares);
}

/** y (D) = x / sqrt(mean(x²) + eps) · w. */
function normalise(y: usize, x: usize, w: usize, D: usize, eps: f32): void {
  const whole = (D << 2) & ~15, rest = D & 3;
  const factor = f32x4.splat(<f32>1 / sqrt<f32>(sumOfSquares(x, D) / <f32>D + eps));
  for (let i: usize = 0; i < whole; i += 16) {
    v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(w + i)));
  }
  if (rest) storePart(y + whole, f32x4.mul(f32x4.mul(loadPart(x + whole, rest), factor), loadPart(w + whole, rest)), rest);
}
