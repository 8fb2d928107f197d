import { loadPart, storePart } from "./lanes";
import { madd } from "./matmul";

/**
 * Rows of x hold three parts p, q, r of C values each: y (T, C) = q ⊙ (b + Σ_k w[k] · u[t − K + 1 + k]) with u = p ⊙ r.
 *
 * Products before the first token lie in `tail`. Taps are added oldest first; a product is formed anew
 * for each tap, as K is 3 or so.
 * Definition: src/kernels/reference/gated-conv1d.ts.
 */
export function gatedConv1d(
  y: usize, x: usize, xStride: usize, tail: usize, w: usize, b: usize, T: i32, C: usize, K: i32,
): void {
  const row = C << 2, xRow = xStride << 2;
  const whole = row & ~15, rest = C & 3;
  for (let t = 0; t < T; t++, y += row) {
    const q = x + <usize>t * xRow + row;
    for (let i: usize = 0; i < whole; i += 16) {
      let sum = b ? v128.load(b + i) : f32x4.splat(0);
      for (let k = 0, wk = w + i; k < K; k++, wk += row) {
        const at = t - K + 1 + k;
        const p = x + <usize>at * xRow + i;
        const u = at < 0 ? v128.load(tail + <usize>(at + K - 1) * row + i) : f32x4.mul(v128.load(p), v128.load(p + 2 * row));
        sum = madd(sum, v128.load(wk), u);
      }
      v128.store(y + i, f32x4.mul(sum, v128.load(q + i)));
    }
    if (rest) {
      let sum = b ? loadPart(b + whole, rest) : f32x4.splat(0);
      for (let k = 0, wk = w + whole; k < K; k++, wk += row) {
        const at = t - K + 1 + k;
        sum = madd(sum, loadPart(wk, rest), at < 0 ? loadPart(tail + <usize>(at + K - 1) * row + whole, rest) : part(x + <usize>at * xRow + whole, row, rest));
      }
      storePart(y + whole, f32x4.mul(sum, loadPart(q + whole, rest)), rest);
    }
  }
  // The newest K − 1 products; an old one only moves forward, so ascending copies are safe.
  for (let k = 0; k < K - 1; k++) {
    const at = T - K + 1 + k;
    const to = tail + <usize>k * row;
    if (at < 0) {
      memory.copy(to, tail + <usize>(at + K - 1) * row, row);
      continue;
    }
    const p = x + <usize>at * xRow;
    for (let i: usize = 0; i < whole; i += 16) v128.store(to + i, f32x4.mul(v128.load(p + i), v128.load(p + i + 2 * row)));
    if (rest) storePart(to + whole, part(p + whole, row, rest), rest);
  }
}

/** The last products of a row. */
// @ts-ignore: decorator
@inline function part(p: usize, row: usize, rest: usize): v128 {
  return f32x4.mul(loadPart(p, rest), loadPart(p + 2 * row, rest));
}
