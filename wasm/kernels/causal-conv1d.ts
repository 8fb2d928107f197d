import { silu4 } from "./exp";
import { loadPart, storePart } from "./lanes";
import { madd } from "./matmul";

/**
 * y (T, C) = silu(b + Σ_k w[k] · x[t − K + 1 + k]), one filter of K taps per channel; inputs before the first lie in `tail`.
 *
 * Taps are added oldest first. Definition: src/kernels/reference/causal-conv1d.ts.
 */
export function causalConv1d(
  y: usize, x: usize, xStride: usize, tail: usize, w: usize, b: usize, T: i32, C: usize, K: i32,
): void {
  const row = C << 2, xRow = xStride << 2;
  const whole = row & ~15, rest = C & 3;
  for (let t = 0; t < T; t++, y += row) {
    for (let i: usize = 0; i < whole; i += 16) {
      let sum = b ? v128.load(b + i) : f32x4.splat(0);
      for (let k = 0, wk = w + i; k < K; k++, wk += row) {
        sum = madd(sum, v128.load(wk), v128.load(input(x, xRow, tail, row, t - K + 1 + k, K) + i));
      }
      v128.store(y + i, silu4(sum));
    }
    if (rest) {
      let sum = b ? loadPart(b + whole, rest) : f32x4.splat(0);
      for (let k = 0, wk = w + whole; k < K; k++, wk += row) {
        sum = madd(sum, loadPart(wk, rest), loadPart(input(x, xRow, tail, row, t - K + 1 + k, K) + whole, rest));
      }
      storePart(y + whole, silu4(sum), rest);
    }
  }
  // The newest K − 1 inputs; an old one only moves forward, so ascending copies are safe.
  for (let k = 0; k < K - 1; k++) {
    memory.copy(tail + <usize>k * row, input(x, xRow, tail, row, T - K + 1 + k, K), row);
  }
}

/** Input of token t, which may be before this call (t < 0). */
// @ts-ignore: decorator
@inline function input(x: usize, xRow: usize, tail: usize, row: usize, t: i32, K: i32): usize {
  return t < 0 ? tail + <usize>(t + K - 1) * row : x + <usize>t * xRow;
}
