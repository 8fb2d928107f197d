import { one } from "./constants";
import { exp4 } from "./exp";
import { loadPart, storePart } from "./lanes";

/** Activations of MLPs other than SwiGLU. Definition: src/kernels/reference/activations.ts. */

/** x (n) ← max(x, 0)². */
export function relu2(x: usize, n: usize): void {
  const whole = (n << 2) & ~15, rest = n & 3;
  for (let i: usize = 0; i < whole; i += 16) v128.store(x + i, square4(v128.load(x + i)));
  if (rest) storePart(x + whole, square4(loadPart(x + whole, rest)), rest);
}

/** y (T, I) = gelu(x[.., 0…I)) · x[.., upAt…upAt+I). */
export function geglu(y: usize, x: usize, xStride: usize, upAt: usize, T: i32, I: usize): void {
  const whole = (I << 2) & ~15, rest = I & 3;
  for (let t = 0; t < T; t++, x += xStride << 2, y += I << 2) {
    const up = x + (upAt << 2);
    for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, f32x4.mul(gelu4(v128.load(x + i)), v128.load(up + i)));
    if (rest) storePart(y + whole, f32x4.mul(gelu4(loadPart(x + whole, rest)), loadPart(up + whole, rest)), rest);
  }
}

/** As geglu by the tanh form: gelu(x) ≈ x · sigmoid(2 √(2/π) (x + 0.044715 x³)). Source: arXiv 1606.08415. */
export function gegluTanh(y: usize, x: usize, xStride: usize, upAt: usize, T: i32, I: usize): void {
  const whole = (I << 2) & ~15, rest = I & 3;
  for (let t = 0; t < T; t++, x += xStride << 2, y += I << 2) {
    const up = x + (upAt << 2);
    for (let i: usize = 0; i < whole; i += 16) v128.store(y + i, f32x4.mul(geluTanh4(v128.load(x + i)), v128.load(up + i)));
    if (rest) storePart(y + whole, f32x4.mul(geluTanh4(loadPart(x + whole, rest)), loadPart(up + whole, rest)), rest);
  }
}

/** y (T, n) = factor · sigmoid(gate) · x; x 0 stands for ones. */
export function sigmoidTimes(y: usize, gate: usize, gateStride: usize, x: usize, T: i32, n: usize, factor: f32): void {
  const row = n << 2, whole = row & ~15, rest = n & 3, by = f32x4.splat(factor);
  for (let t = 0; t < T; t++, gate += gateStride << 2, y += row) {
    for (let i: usize = 0; i < whole; i += 16) {
      const g = f32x4.div(by, f32x4.add(one(), exp4(f32x4.neg(v128.load(gate + i)))));
      v128.store(y + i, x ? f32x4.mul(g, v128.load(x + i)) : g);
    }
    if (rest) {
      const g = f32x4.div(by, f32x4.add(one(), exp4(f32x4.neg(loadPart(gate + whole, rest)))));
      storePart(y + whole, x ? f32x4.mul(g, loadPart(x + whole, rest)) : g, rest);
    }
    if (x) x += row;
  }
}

// @ts-ignore: decorator
@inline function geluTanh4(x: v128): v128 {
  const cubic = f32x4.add(f32x4.mul(f32x4.mul(x, x), f32x4.splat(0.044715)), one());
  const doubled = f32x4.mul(f32x4.mul(x, cubic), f32x4.splat(1.5957691216));
  return f32x4.div(x, f32x4.add(one(), exp4(f32x4.neg(doubled))));
}

// @ts-ignore: decorator
@inline function square4(x: v128): v128 {
  const positive = f32x4.max(x, f32x4.splat(0));
  return f32x4.mul(positive, positive);
}

/**
 * x · Φ(x), with Φ(−|x|) = erfc(|x| / √2) / 2 and the complement on the other side, so nothing cancels.
 *
 * erfc(a) = (c1 u + … + c5 u⁵) e^(−a²), u = 1 / (1 + 0.3275911 a): absolute error 1.5e-7. Source:
 * Abramowitz and Stegun, 7.1.26.
 */
// @ts-ignore: decorator
@inline function gelu4(x: v128): v128 {
  const a = f32x4.mul(f32x4.abs(x), f32x4.splat(0.70710678));
  const u = f32x4.div(f32x4.splat(1), f32x4.add(f32x4.mul(a, f32x4.splat(0.3275911)), f32x4.splat(1)));
  let p = f32x4.add(f32x4.mul(u, f32x4.splat(1.061405429)), f32x4.splat(-1.453152027));
  p = f32x4.add(f32x4.mul(u, p), f32x4.splat(1.421413741));
  p = f32x4.add(f32x4.mul(u, p), f32x4.splat(-0.284496736));
  p = f32x4.add(f32x4.mul(u, p), f32x4.splat(0.254829592));
  p = f32x4.mul(f32x4.mul(u, p), exp4(f32x4.neg(f32x4.mul(a, a))));
  const tail = f32x4.mul(p, f32x4.splat(0.5));
  const phi = v128.bitselect(tail, f32x4.sub(f32x4.splat(1), tail), f32x4.lt(x, f32x4.splat(0)));
  return f32x4.mul(x, phi);
}
