import { rounderBits } from "../constants";
import { block1, block2, block4 } from "./blocks";
import { TILE, clear, finish } from "./dots";

/**
 * Tiles of `matQ4`: Σ_b sx_b · (s_b · dot_b) · d for one, two or four tokens and eight rows each
 * at several places of the matrix.
 *
 * A matrix that comes from memory is read from several places at once, a block of each in turn, `step` bytes apart in
 * the matrix and `yStep` in a row of y: one stream of loads waits for memory where several overlap. Each row keeps its
 * order of sums, so its bits. The places are written out and are no loop, because Zen 5 foresees loads by the
 * instruction that makes them, and cannot where one instruction goes round all places. `head` is the first row group:
 * d, m, then the blocks. For many tokens, which read the weights rarely: panels.ts.
 */

/** Works at one place, and in lanes of 16 bits at four; in wide ones two places are pair1.ts. */
export function tile1<Lane>(y: usize, x: usize, scales: usize, head: usize, blocks: usize, places: i32, step: usize, yStep: usize): void {
  const mask = i8x16.splat(15), zero = rounderBits(), none = i32x4.splat(0);
  for (let p = 0; p < places; p++) clear(TILE + (<usize>p << 5));
  for (let b = blocks, w = head + 64, n = x + scales; b > 0; b--, w += 144, x += 32, n += 4) {
    block1<Lane>(TILE, w, x, n, mask, zero, none);
    if (sizeof<Lane>() == 2 && places > 1) {
      block1<Lane>(TILE + 32, w + step, x, n, mask, zero, none);
      block1<Lane>(TILE + 64, w + 2 * step, x, n, mask, zero, none);
      block1<Lane>(TILE + 96, w + 3 * step, x, n, mask, zero, none);
    }
  }
  for (let p = places, totals = TILE; p > 0; p--, totals += 32, y += yStep, head += step) finish(y, totals, head);
}

/** Works at one place or at two. */
export function tile2<Lane>(
  y: usize, yRow: usize, x0: usize, xRow: usize, scales: usize, head: usize, blocks: usize, places: i32, step: usize, yStep: usize,
): void {
  const mask = i8x16.splat(15), zero = rounderBits();
  for (let p = 0; p < 2 * places; p++) clear(TILE + (<usize>p << 5));
  let x1 = x0 + xRow, n0 = x0 + scales, n1 = x1 + scales;
  for (let b = blocks, w = head + 64; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4) {
    block2<Lane>(TILE, w, x0, x1, n0, n1, mask, zero);
    if (places > 1) block2<Lane>(TILE + 64, w + step, x0, x1, n0, n1, mask, zero);
  }
  for (let p = places, totals = TILE; p > 0; p--, totals += 64, y += yStep, head += step) {
    finish(y, totals, head);
    finish(y + yRow, totals + 32, head);
  }
}

/**
 * `fourth`: where the last token lies after the first. With 2 there are three, and the third
 * one comes twice. At one place.
 */
export function tile4(y: usize, yRow: usize, x0: usize, xRow: usize, fourth: usize, scales: usize, head: usize, blocks: usize): void {
  const mask = i8x16.splat(15), zero = rounderBits();
  for (let t = 0; t < 4; t++) clear(TILE + (<usize>t << 5));
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x0 + fourth * xRow;
  let n0 = x0 + scales, n1 = x1 + scales, n2 = x2 + scales, n3 = x3 + scales;
  for (let b = blocks, w = head + 64; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4, x2 += 32, n2 += 4, x3 += 32, n3 += 4) {
    block4(TILE, w, x0, x1, x2, x3, n0, n1, n2, n3, mask, zero);
  }
  for (let t: usize = 0; t <= fourth; t++) finish(y + t * yRow, TILE + (t << 5), head);
}
