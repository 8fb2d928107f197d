import { siluTimes } from "./silu";

/** One pass over rows of floats. Definition: src/kernels/reference/elementwise.ts. */

/** x (n) += y (n). */
export function add(x: usize, y: usize, n: usize): void {
  const whole = (n << 2) & ~15, bytes = n << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(x + i, f32x4.add(v128.load(x + i), v128.load(y + i)));
  for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) + load<f32>(y + i));
}

/** x (n) *= a. */
export function scale(x: usize, n: usize, a: f32): void {
  const whole = (n << 2) & ~15, bytes = n << 2;
  const factor = f32x4.splat(a);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factor));
  for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) * a);
}

/** Each row of y (T, n) += b (n). */
export function addBias(y: usize, yStride: usize, b: usize, T: i32, n: usize): void {
  for (let t = 0; t < T; t++, y += yStride << 2) add(y, b, n);
}

/** y (T, I) = silu(x[.., 0…I)) · x[.., upAt…upAt+I). */
export function swiglu(y: usize, x: usize, xStride: usize, upAt: usize, T: i32, I: usize): void {
  for (let t = 0; t < T; t++, x += xStride << 2, y += I << 2) siluTimes(y, x, x + (upAt << 2), I);
}
