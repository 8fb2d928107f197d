import { madd } from "./matmul";
import { siluTimes } from "./silu";

/**
 * y (T, C) = silu(b + Σ_k w[k] · x[t − K + 1 + k]), one filter of K taps per channel; inputs before the first lie in `tail`.
 *
 * Taps are added oldest first. Definition: src/kernels/reference/causal-conv1d.ts.
 */
export function causalConv1d(
  y: usize, x: usize, xStride: usize, tail: usize, w: usize, b: usize, T: i32, C: usize, K: i32,
): void {
  const row = C << 2, xRow = xStride << 2;
  for (let t = 0; t < T; t++, y += row) {
    if (b) memory.copy(y, b, row);
    else memory.fill(y, 0, row);
    for (let k = 0; k < K; k++) addProduct(y, w + <usize>k * row, input(x, xRow, tail, row, t - K + 1 + k, K), C);
    siluTimes(y, y, 0, C);
  }
  // The newest K − 1 inputs; an old one only moves forward, so ascending copies are safe.
  for (let k = 0; k < K - 1; k++) {
    memory.copy(tail + <usize>k * row, input(x, xRow, tail, row, T - K + 1 + k, K), row);
  }
}

/** y (n) += w ⊙ x. */
function addProduct(y: usize, w: usize, x: usize, n: usize): void {
  const whole = (n << 2) & ~15, bytes = n << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(y + i, madd(v128.load(y + i), v128.load(w + i), v128.load(x + i)));
  for (; i < bytes; i += 4) store<f32>(y + i, load<f32>(y + i) + load<f32>(w + i) * load<f32>(x + i));
}

/** Input of token t, which may be before this call (t < 0). */
// @ts-ignore: decorator
@inline function input(x: usize, xRow: usize, tail: usize, row: usize, t: i32, K: i32): usize {
  return t < 0 ? tail + <usize>(t + K - 1) * row : x + <usize>t * xRow;
}
