import { exp4, exp8 } from "./exp";
import { largest, sum } from "./lanes";
import { SCRATCH } from "./page";

/**
 * What both attentions share: a block of scores, four query heads by 64 keys, and the softmax that runs along the blocks.
 *
 * Query heads that share a key head are taken up to four at a time, so each key and value is read once for them. The softmax keeps the
 * largest score so far and the sum per head; when a block has a larger one, the output so far is scaled down.
 */

/** Keys per block, and floats per row of scores. */
// @ts-ignore: decorator
@inline export const KEYS: usize = 64;
// @ts-ignore: decorator
@inline export const SCORES: usize = SCRATCH;
/** Per head of the four: largest score, then sum of exponentials. */
// @ts-ignore: decorator
@inline const LARGEST: usize = SCORES + 4 * KEYS * 4;
// @ts-ignore: decorator
@inline const SUMS: usize = LARGEST + 16;
/** Free for the kernel. */
// @ts-ignore: decorator
@inline export const REST: usize = SUMS + 16;

/** Starts `rows` heads: outputs (rows, P) are zero. */
export function begin(out: usize, rows: usize, P: usize): void {
  v128.store(LARGEST, f32x4.splat(-Infinity));
  v128.store(SUMS, f32x4.splat(0));
  memory.fill(out, 0, (rows * P) << 2);
}

/** Scores of `count` keys become e^(score − largest), zero up to the next multiple of eight; outputs and sums so far follow. */
export function exponentials(out: usize, rows: usize, P: usize, count: usize): void {
  const used = count << 2, bytes = ((count + 7) & ~7) << 2;
  for (let r: usize = 0, row = SCORES; r < rows; r++, row += KEYS << 2, out += P << 2) {
    for (let k = used; k < bytes; k += 4) store<f32>(row + k, -Infinity);
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
      exp8(row + k, f32x4.sub(v128.load(row + k), shift), f32x4.sub(v128.load(row + k, 16), shift));
      a = f32x4.add(a, v128.load(row + k));
      b = f32x4.add(b, v128.load(row + k, 16));
    }
    const factor = f32x4.extract_lane(exp4(f32x4.splat(before - now)), 0);
    store<f32>(LARGEST + (r << 2), now);
    store<f32>(SUMS + (r << 2), load<f32>(SUMS + (r << 2)) * factor + sum(f32x4.add(a, b)));
    if (now != before) scaleRow(out, P, factor);
  }
}

/** Divides the outputs by the sums. */
export function finish(out: usize, rows: usize, P: usize): void {
  for (let r: usize = 0; r < rows; r++, out += P << 2) scaleRow(out, P, <f32>1 / load<f32>(SUMS + (r << 2)));
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
