import { exp4 } from "./exp";
import { sum } from "./lanes";
import { madd } from "./matmul";

/**
 * One token of Mamba-2, per head: s ← e^logDecay · s + (dt · x) ⊗ B, then y ← s · C + skip · x.
 *
 * Bound by memory, not by arithmetic (8 · H · P · N bytes): the state is read and written in the order of its bytes,
 * which processors foresee, and four rows that are then in the cache share the loads of C.
 * Definition: src/kernels/reference/ssm-step.ts. Source: Mamba-2, arXiv 2405.21060.
 */
export function ssmStep(
  y: usize, s: usize, x: usize, B: usize, C: usize, dt: usize, logDecay: usize, skip: usize,
  H: usize, P: usize, N: usize, G: usize,
): void {
  const row = N << 2, share = H / G;
  for (let h: usize = 0; h < H; h++, dt += 4, logDecay += 4, skip += 4) {
    const Bg = B + (h / share) * row, Cg = C + (h / share) * row;
    const decay = exp4(v128.load32_splat(logDecay));
    const d = load<f32>(dt), through = load<f32>(skip);
    let p: usize = 0;
    for (; p + 4 <= P; p += 4, s += 4 * row, x += 16, y += 16) rows4(y, s, x, Bg, Cg, decay, d, through, row);
    for (; p < P; p++, s += row, x += 4, y += 4) row1(y, s, x, Bg, Cg, decay, d, through, row);
  }
}

/** One vector of a row, alone. */
// @ts-ignore: decorator
@inline function next(s: usize, decay: v128, dx: v128, b: v128): v128 {
  const v = madd(f32x4.mul(decay, v128.load(s)), dx, b);
  v128.store(s, v);
  return v;
}

/** s ← decay · s + dx ⊗ B, one row after another. */
// @ts-ignore: decorator
@inline function update(s: usize, B: usize, decay: v128, dx: v128, whole: usize): void {
  let i: usize = 0;
  for (; i + 64 <= whole; i += 64) {
    const at = s + i, b = B + i;
    v128.store(at, madd(f32x4.mul(decay, v128.load(at)), dx, v128.load(b)));
    v128.store(at, madd(f32x4.mul(decay, v128.load(at, 16)), dx, v128.load(b, 16)), 16);
    v128.store(at, madd(f32x4.mul(decay, v128.load(at, 32)), dx, v128.load(b, 32)), 32);
    v128.store(at, madd(f32x4.mul(decay, v128.load(at, 48)), dx, v128.load(b, 48)), 48);
  }
  for (; i < whole; i += 16) v128.store(s + i, madd(f32x4.mul(decay, v128.load(s + i)), dx, v128.load(B + i)));
}

function rows4(
  y: usize, s: usize, x: usize, B: usize, C: usize, decay: v128, d: f32, through: f32, row: usize,
): void {
  const whole = row & ~15;
  let y0 = f32x4.splat(0), y1 = f32x4.splat(0), y2 = f32x4.splat(0), y3 = f32x4.splat(0);
  for (let r: usize = 0; r < 4; r++) update(s + r * row, B, decay, f32x4.splat(d * load<f32>(x + (r << 2))), whole);
  for (let i: usize = 0, at = s; i < whole; i += 16, at += 16) {
    const c = v128.load(C + i);
    y0 = madd(y0, v128.load(at), c);
    y1 = madd(y1, v128.load(at + row), c);
    y2 = madd(y2, v128.load(at + 2 * row), c);
    y3 = madd(y3, v128.load(at + 3 * row), c);
  }
  finish(y, s, x, B, C, decay, d, through, whole, row, y0);
  finish(y + 4, s + row, x + 4, B, C, decay, d, through, whole, row, y1);
  finish(y + 8, s + 2 * row, x + 8, B, C, decay, d, through, whole, row, y2);
  finish(y + 12, s + 3 * row, x + 12, B, C, decay, d, through, whole, row, y3);
}

function row1(
  y: usize, s: usize, x: usize, B: usize, C: usize, decay: v128, d: f32, through: f32, row: usize,
): void {
  const whole = row & ~15;
  const dx = f32x4.splat(d * load<f32>(x));
  let acc = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) acc = madd(acc, next(s + i, decay, dx, v128.load(B + i)), v128.load(C + i));
  finish(y, s, x, B, C, decay, d, through, whole, row, acc);
}

/** The last N % 4 states of a row, and its output. */
// @ts-ignore: decorator
@inline function finish(
  y: usize, s: usize, x: usize, B: usize, C: usize, decay: v128, d: f32, through: f32, from: usize, row: usize, acc: v128,
): void {
  let total = sum(acc);
  for (let i = from; i < row; i += 4) {
    const v = f32x4.extract_lane(decay, 0) * load<f32>(s + i) + d * load<f32>(x) * load<f32>(B + i);
    store<f32>(s + i, v);
    total += v * load<f32>(C + i);
  }
  store<f32>(y, total + through * load<f32>(x));
}
