import { exp4 } from "./exp";
import { sum } from "./lanes";
import { madd } from "./matmul";

/**
 * One token of the gated delta rule, per head: s ← e^logDecay · s, then s ← s + β · (v − s · k) ⊗ k, and y ← s · q.
 *
 * A row of the state belongs to one value, so each row is read twice while it is in cache: once for s · k,
 * once for the update. Four rows share the loads of k and q. Definition:
 * src/kernels/reference/gated-delta.ts. Source: arXiv 2412.06464.
 */
export function gatedDeltaStep(
  y: usize, s: usize, q: usize, k: usize, v: usize, beta: usize, logDecay: usize, H: usize, P: usize, N: usize, G: usize,
): void {
  const row = N << 2, share = H / G;
  for (let h: usize = 0; h < H; h++, beta += 4, logDecay += 4) {
    const kg = k + (h / share) * row, qg = q + (h / share) * row;
    const decay = exp4(v128.load32_splat(logDecay)), b = load<f32>(beta);
    let p: usize = 0;
    for (; p + 4 <= P; p += 4, s += 4 * row, v += 16, y += 16) rows4(y, s, qg, kg, v, decay, b, row);
    for (; p < P; p++, s += row, v += 4, y += 4) row1(y, s, qg, kg, v, decay, b, row);
  }
}

function rows4(y: usize, s: usize, q: usize, k: usize, v: usize, decay: v128, beta: f32, row: usize): void {
  const whole = row & ~15;
  let r0 = f32x4.splat(0), r1 = f32x4.splat(0), r2 = f32x4.splat(0), r3 = f32x4.splat(0);
  for (let i: usize = 0, at = s; i < whole; i += 16, at += 16) {
    const ki = v128.load(k + i);
    r0 = madd(r0, v128.load(at), ki);
    r1 = madd(r1, v128.load(at + row), ki);
    r2 = madd(r2, v128.load(at + 2 * row), ki);
    r3 = madd(r3, v128.load(at + 3 * row), ki);
  }
  const d0 = delta(s, k, v, decay, beta, whole, row, r0), d1 = delta(s + row, k, v + 4, decay, beta, whole, row, r1);
  const d2 = delta(s + 2 * row, k, v + 8, decay, beta, whole, row, r2), d3 = delta(s + 3 * row, k, v + 12, decay, beta, whole, row, r3);
  const x0 = f32x4.splat(d0), x1 = f32x4.splat(d1), x2 = f32x4.splat(d2), x3 = f32x4.splat(d3);
  let y0 = f32x4.splat(0), y1 = f32x4.splat(0), y2 = f32x4.splat(0), y3 = f32x4.splat(0);
  for (let i: usize = 0, at = s; i < whole; i += 16, at += 16) {
    const ki = v128.load(k + i), qi = v128.load(q + i);
    y0 = madd(y0, next(at, decay, x0, ki), qi);
    y1 = madd(y1, next(at + row, decay, x1, ki), qi);
    y2 = madd(y2, next(at + 2 * row, decay, x2, ki), qi);
    y3 = madd(y3, next(at + 3 * row, decay, x3, ki), qi);
  }
  finish(y, s, q, k, decay, d0, whole, row, y0);
  finish(y + 4, s + row, q, k, decay, d1, whole, row, y1);
  finish(y + 8, s + 2 * row, q, k, decay, d2, whole, row, y2);
  finish(y + 12, s + 3 * row, q, k, decay, d3, whole, row, y3);
}

function row1(y: usize, s: usize, q: usize, k: usize, v: usize, decay: v128, beta: f32, row: usize): void {
  const whole = row & ~15;
  let r = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) r = madd(r, v128.load(s + i), v128.load(k + i));
  const d = delta(s, k, v, decay, beta, whole, row, r);
  const x = f32x4.splat(d);
  let acc = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) acc = madd(acc, next(s + i, decay, x, v128.load(k + i)), v128.load(q + i));
  finish(y, s, q, k, decay, d, whole, row, acc);
}

/** β · (v − decay · (s · k)) of one row, from the sum over its whole vectors. */
// @ts-ignore: decorator
@inline function delta(s: usize, k: usize, v: usize, decay: v128, beta: f32, whole: usize, row: usize, sums: v128): f32 {
  let total = sum(sums);
  for (let i = whole; i < row; i += 4) total += load<f32>(s + i) * load<f32>(k + i);
  return beta * (load<f32>(v) - f32x4.extract_lane(decay, 0) * total);
}

// @ts-ignore: decorator
@inline function next(s: usize, decay: v128, d: v128, k: v128): v128 {
  const value = madd(f32x4.mul(decay, v128.load(s)), d, k);
  v128.store(s, value);
  return value;
}

/** The last N % 4 states of a row, and its output. */
// @ts-ignore: decorator
@inline function finish(y: usize, s: usize, q: usize, k: usize, decay: v128, d: f32, from: usize, row: usize, acc: v128): void {
  let total = sum(acc);
  for (let i = from; i < row; i += 4) {
    const value = f32x4.extract_lane(decay, 0) * load<f32>(s + i) + d * load<f32>(k + i);
    store<f32>(s + i, value);
    total += value * load<f32>(q + i);
  }
  store<f32>(y, total);
}
