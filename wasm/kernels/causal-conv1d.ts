import { madd } from "./matmul";
import { siluTimes } from "./silu";

/**
 * y (T, C) = silu(b + Σ_k w[k] · x[t − K + 1 + k]), one filter of K taps per channel; inputs
 * before the first lie in `tail`.
 *
 * Taps are added oldest first. Of four taps, the usual number, each output is made at once and not in a pass for each
 * tap; a single token moves the tail on its way. Definition: src/kernels/reference/causal-conv1d.ts.
 */
export function causalConv1d(
  y: usize, x: usize, xStride: usize, tail: usize, w: usize, b: usize, T: i32, C: usize, K: i32,
): void {
  const row = C << 2, xRow = xStride << 2;
  const fused = K == 4 && (C & 3) == 0, alone = fused && T == 1;
  for (let t = 0; t < T; t++, y += row) {
    if (fused) {
      const p = input(x, xRow, tail, row, t - 3, K), q = input(x, xRow, tail, row, t - 2, K), r = input(x, xRow, tail, row, t - 1, K);
      if (alone) fourTaps(y, p, q, r, x, w, b, row, true);
      else fourTaps(y, p, q, r, x + <usize>t * xRow, w, b, row, false);
    } else {
      if (b) memory.copy(y, b, row);
      else memory.fill(y, 0, row);
      for (let k = 0; k < K; k++) addProduct(y, w + <usize>k * row, input(x, xRow, tail, row, t - K + 1 + k, K), C);
    }
    siluTimes(y, y, 0, C);
  }
  if (alone) return;
  // The newest K − 1 inputs; an old one only moves forward, so ascending copies are safe.
  for (let k = 0; k < K - 1; k++) {
    memory.copy(tail + <usize>k * row, input(x, xRow, tail, row, T - K + 1 + k, K), row);
  }
}

/**
 * y = b + the products of four inputs, the oldest first; where `shift` says so, p, q and r are the tail
 * and become the inputs after them.
 */
// @ts-ignore: decorator
@inline function fourTaps(y: usize, p: usize, q: usize, r: usize, x: usize, w: usize, b: usize, bytes: usize, shift: bool): void {
  const w1 = w + bytes, w2 = w1 + bytes, w3 = w2 + bytes;
  for (let i: usize = 0; i < bytes; i += 16) {
    const second = v128.load(q + i), third = v128.load(r + i), last = v128.load(x + i);
    let sum = b ? v128.load(b + i) : f32x4.splat(0);
    sum = madd(sum, v128.load(w + i), v128.load(p + i));
    sum = madd(sum, v128.load(w1 + i), second);
    sum = madd(sum, v128.load(w2 + i), third);
    v128.store(y + i, madd(sum, v128.load(w3 + i), last));
    if (shift) {
      v128.store(p + i, second);
      v128.store(q + i, third);
      v128.store(r + i, last);
    }
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
