import { rounderBits } from "../constants";
import { SCRATCH } from "../page";
import { block1, block2, block4 } from "./blocks";
import { clear, finish } from "./dots";

/**
 * Tiles of `matQ4`: Σ_b sx_b · (s_b · dot_b) · d for one, two or four tokens and eight rows each at several places of the matrix.
 *
 * A matrix that comes from memory is read from `places` places at once, a block of each in turn, `step` bytes apart in the matrix and
 * `yStep` in a row of y: one stream of loads waits for memory where several overlap. Each row keeps its order of sums, so its bits.
 * `head` is the first row group: d, m, then the blocks. For many tokens, which read the weights rarely: panels.ts.
 */

/** Where the fourth of three tokens goes: between what offset-panels.ts and panels.ts use. */
// @ts-ignore: decorator
@inline const SPARE: usize = SCRATCH + 20448;

export function tile1<Lane>(y: usize, x: usize, scales: usize, head: usize, blocks: usize, places: i32, step: usize, yStep: usize): void {
  const mask = i8x16.splat(15), zero = rounderBits(), none = i32x4.splat(0);
  for (let p = places, to = y; p > 0; p--, to += yStep) clear(to);
  for (let b = blocks, w = head + 64, n = x + scales; b > 0; b--, w += 144, x += 32, n += 4) {
    for (let p = places, to = y, at = w; p > 0; p--, to += yStep, at += step) block1<Lane>(to, at, x, n, mask, zero, none);
  }
  for (let p = places; p > 0; p--, y += yStep, head += step) finish(y, head);
}

export function tile2<Lane>(
  y: usize, yRow: usize, x0: usize, xRow: usize, scales: usize, head: usize, blocks: usize, places: i32, step: usize, yStep: usize,
): void {
  const mask = i8x16.splat(15), zero = rounderBits();
  for (let p = places, to = y; p > 0; p--, to += yStep) {
    clear(to);
    clear(to + yRow);
  }
  let x1 = x0 + xRow, n0 = x0 + scales, n1 = x1 + scales;
  for (let b = blocks, w = head + 64; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4) {
    for (let p = places, to = y, at = w; p > 0; p--, to += yStep, at += step) block2<Lane>(to, to + yRow, at, x0, x1, n0, n1, mask, zero);
  }
  for (let p = places; p > 0; p--, y += yStep, head += step) {
    finish(y, head);
    finish(y + yRow, head);
  }
}

/** `fourth`: where the last token lies after the first. With 2 there are three, and the third one comes twice. */
export function tile4(
  y: usize, yRow: usize, x0: usize, xRow: usize, fourth: usize, scales: usize, head: usize, blocks: usize,
  places: i32, step: usize, yStep: usize,
): void {
  const mask = i8x16.splat(15), zero = rounderBits();
  for (let p = places, to = y; p > 0; p--, to += yStep) {
    clear(to);
    clear(to + yRow);
    clear(to + 2 * yRow);
    clear(fourth == 3 ? to + 3 * yRow : SPARE);
  }
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x0 + fourth * xRow;
  let n0 = x0 + scales, n1 = x1 + scales, n2 = x2 + scales, n3 = x3 + scales;
  for (let b = blocks, w = head + 64; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4, x2 += 32, n2 += 4, x3 += 32, n3 += 4) {
    for (let p = places, to = y, at = w; p > 0; p--, to += yStep, at += step) {
      const last = fourth == 3 ? to + 3 * yRow : SPARE;
      block4(to, to + yRow, to + 2 * yRow, last, at, x0, x1, x2, x3, n0, n1, n2, n3, mask, zero);
    }
  }
  for (let p = places; p > 0; p--, y += yStep, head += step) {
    finish(y, head);
    finish(y + yRow, head);
    finish(y + 2 * yRow, head);
    if (fourth == 3) finish(y + 3 * yRow, head);
  }
}
