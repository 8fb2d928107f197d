import { exp4, exp8, shortExp8 } from "./exp";
import { largest, sum } from "./lanes";
import { SCRATCH } from "./page";

/**
 * What both attentions share: rows of scores, one for each query against a block of 64 keys, and the
 * softmax that runs along the blocks.
 *
 * It keeps the largest score so far and the sum per row; when a block has a larger one,
 * the output so far is scaled down.
 */

/** Keys per block, and floats per row of scores. */
// @ts-ignore: decorator
@inline export const KEYS: usize = 64;
/** The most rows. */
// @ts-ignore: decorator
@inline export const ROWS: usize = 32;
// @ts-ignore: decorator
@inline export const SCORES: usize = SCRATCH;
/** Per row: largest score, then sum of exponentials. */
// @ts-ignore: decorator
@inline const LARGEST: usize = SCORES + ROWS * KEYS * 4;
// @ts-ignore: decorator
@inline const SUMS: usize = LARGEST + ROWS * 4;
/** Free for the kernel. */
// @ts-ignore: decorator
@inline export const REST: usize = SUMS + ROWS * 4;

/** Starts row r: its output (P) is zero. */
export function begin(out: usize, r: usize, P: usize): void {
  store<f32>(LARGEST + (r << 2), -Infinity);
  store<f32>(SUMS + (r << 2), 0);
  memory.fill(out, 0, P << 2);
}

/** Scores [from, to) of row r become −∞. */
// @ts-ignore: decorator
@inline export function unseen(r: usize, from: usize, to: usize): void {
  const row = SCORES + ((r * KEYS) << 2);
  for (let k = from; k < to; k++) store<f32>(row + (k << 2), -Infinity);
}

/**
 * Scores of row r become e^(score − largest); its output and sum so far follow.
 * `from` and `to` are multiples of eight; a score of −∞ adds an exact zero, so that wider bounds change no bit.
 * `Weight` is what they become: exact to the last places for f32, to 5e-6 where they are rounded to i16 next.
 */
export function exponentials<Weight>(out: usize, r: usize, P: usize, from: usize, to: usize): void {
  const row = SCORES + ((r * KEYS + from) << 2), bytes = (to - from) << 2;
  const before = load<f32>(LARGEST + (r << 2));
  let a = f32x4.splat(before), b = a;
  for (let k: usize = 0; k < bytes; k += 32) {
    a = f32x4.pmax(a, v128.load(row + k));
    b = f32x4.pmax(b, v128.load(row + k, 16));
  }
  const now = largest(f32x4.pmax(a, b)), shift = f32x4.splat(now);
  a = f32x4.splat(0);
  b = f32x4.splat(0);
  for (let k: usize = 0; k < bytes; k += 32) {
    const xa = f32x4.sub(v128.load(row + k), shift), xb = f32x4.sub(v128.load(row + k, 16), shift);
    if (isFloat<Weight>()) exp8(row + k, xa, xb);
    else shortExp8(row + k, xa, xb);
    a = f32x4.add(a, v128.load(row + k));
    b = f32x4.add(b, v128.load(row + k, 16));
  }
  const factor = f32x4.extract_lane(exp4(f32x4.splat(before - now)), 0);
  store<f32>(LARGEST + (r << 2), now);
  store<f32>(SUMS + (r << 2), load<f32>(SUMS + (r << 2)) * factor + sum(f32x4.add(a, b)));
  if (now != before) scaleRow(out, P, factor);
}

/** Divides the output of row r by its sum. */
export function finish(out: usize, r: usize, P: usize): void {
  scaleRow(out, P, <f32>1 / load<f32>(SUMS + (r << 2)));
}

function scaleRow(x: usize, n: usize, a: f32): void {
  const whole = (n << 2) & ~15, bytes = n << 2, factor = f32x4.splat(a);
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(x + i, f32x4.mul(v128.load(x + i), factor));
  for (; i < bytes; i += 4) store<f32>(x + i, load<f32>(x + i) * a);
}

/** Lane sums of four vectors side by side. */
// @ts-ignore: decorator
@inline export function sums4(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return f32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}
