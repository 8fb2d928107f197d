import { digitsOf } from "../digits";
import { largestMagnitude, magnitude, rounded } from "../eight-bit";
import { loadPart } from "../lanes";
import { SCRATCH } from "../page";
import { MOST_TOKENS } from "./dots";

/**
 * The offsets of 4-bit weights: m · Σ_b t_b · sum_b, a 32nd of the multiplications of `matQ4`.
 *
 * They are in integers too. Scaled sums of a token are rounded to 14 bits of its largest, once per call: an error of
 * 2^-14 beside the 2^-8 of the activations themselves. With many blocks the limit is lower than 8191, so that 32-bit
 * totals, also those of offset-panels.ts, are exact.
 */

/**
 * Per token a record: f32 scale, i32 128 · Σ, then the rounded sums as i16 or as high digits of 7 bits and
 * then low ones, padded to fours.
 */
// @ts-ignore: decorator
@inline export const SUMS: usize = SCRATCH;
// @ts-ignore: decorator
@inline const SUMS_BYTES: usize = 14 * 1024;
// @ts-ignore: decorator
@inline export const OFFSET_PANEL: usize = SUMS + SUMS_BYTES;

// @ts-ignore: decorator
@inline export function recordBytes(blocks: usize): usize {
  return 8 + (((blocks + 3) & ~3) << 1);
}

/** Tokens whose records fit, a multiple of four, and no more than `TOTALS` has room for. */
// @ts-ignore: decorator
@inline export function tokensAtOnce(blocks: usize): usize {
  return min<usize>(MOST_TOKENS, max<usize>(4, (SUMS_BYTES / recordBytes(blocks)) & ~3));
}

export function roundSums(sums: usize, xRow: usize, T: i32, blocks: usize, digits: bool): void {
  const padded = (blocks + 3) & ~3, from = padded << 2; // the sums follow the scales, which are padded
  const limit = <f32>min<usize>(8191, 0x3fffffff / 255 / blocks);
  for (let t = 0, to = SUMS; t < T; t++, sums += xRow, to += recordBytes(blocks)) {
    const row = sums + from;
    let most = i32x4.splat(0), total = most;
    for (let b: usize = 0; b < blocks; b += 4) most = magnitude(most, four(row, b, blocks));
    const largest = largestMagnitude(most);
    const inverse = f32x4.splat(largest > 0 ? limit / largest : 0);
    for (let b: usize = 0; b < blocks; b += 4) {
      const words = rounded(four(row, b, blocks), inverse);
      total = i32x4.add(total, words);
      const pairs = i16x8.narrow_i32x4_s(words, words);
      if (digits) {
        const bytes = digitsOf(i16x8.add(pairs, i16x8.splat(8192)));
        v128.store32_lane(to + b, bytes, 0, 8);
        v128.store32_lane(to + b + padded, bytes, 2, 8);
      } else v128.store64_lane(to + (b << 1), pairs, 0, 8);
    }
    store<f32>(to, largest / limit);
    store<i32>(to, (i32x4.extract_lane(total, 0) + i32x4.extract_lane(total, 1) + i32x4.extract_lane(total, 2) + i32x4.extract_lane(total, 3)) << 7, 4);
  }
}

/** Sums b … b + 3; zero behind the last. */
// @ts-ignore: decorator
@inline function four(row: usize, b: usize, blocks: usize): v128 {
  return blocks - b < 4 ? loadPart(row + (b << 2), blocks - b) : v128.load(row + (b << 2));
}

/**
 * Offsets t of two blocks, interleaved as 16-bit pairs; `high` for rows 4…7. The last block may
 * stand alone, beside a sum of zero.
 */
// @ts-ignore: decorator
@inline function pairs(w: usize, left: i32): v128 {
  return i8x16.shuffle(
    v128.load64_zero(w), v128.load64_zero(w + (left > 1 ? 144 : 0)), 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23,
  );
}

// @ts-ignore: decorator
@inline function mac(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** y += m · scale · total, for eight rows of one token. */
// @ts-ignore: decorator
@inline function finish(y: usize, head: usize, record: usize, p: v128, q: v128): void {
  const scale = v128.load32_splat(record);
  v128.store(y, f32x4.add(v128.load(y), f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(p), scale), v128.load(head, 32))));
  v128.store(y, f32x4.add(v128.load(y, 16), f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(q), scale), v128.load(head, 48))), 16);
}

export function addOffsets1(y: usize, record: usize, head: usize, blocks: usize): void {
  let p = i32x4.splat(0), q = i32x4.splat(0);
  let w = head + 72, n = record;
  for (let left = <i32>blocks; left > 0; left -= 2, w += 288, n += 4) {
    const both = pairs(w, left);
    const c = v128.load32_splat(n, 8);
    p = mac(p, c, i16x8.extend_low_i8x16_u(both));
    q = mac(q, c, i16x8.extend_high_i8x16_u(both));
  }
  finish(y, head, record, p, q);
}

/** Four tokens, the last one `fourth` after the first; where that is the third again, its sum is added once. */
export function addOffsets4(y: usize, yRow: usize, record: usize, row: usize, fourth: usize, head: usize, blocks: usize): void {
  let p0 = i32x4.splat(0), p1 = i32x4.splat(0), p2 = i32x4.splat(0), p3 = i32x4.splat(0);
  let q0 = i32x4.splat(0), q1 = i32x4.splat(0), q2 = i32x4.splat(0), q3 = i32x4.splat(0);
  let w = head + 72, n0 = record, n1 = n0 + row, n2 = n1 + row, n3 = record + fourth * row;
  for (let left = <i32>blocks; left > 0; left -= 2, w += 288, n0 += 4, n1 += 4, n2 += 4, n3 += 4) {
    const both = pairs(w, left);
    const low = i16x8.extend_low_i8x16_u(both), high = i16x8.extend_high_i8x16_u(both);
    let c = v128.load32_splat(n0, 8); p0 = mac(p0, c, low); q0 = mac(q0, c, high);
    c = v128.load32_splat(n1, 8); p1 = mac(p1, c, low); q1 = mac(q1, c, high);
    c = v128.load32_splat(n2, 8); p2 = mac(p2, c, low); q2 = mac(q2, c, high);
    c = v128.load32_splat(n3, 8); p3 = mac(p3, c, low); q3 = mac(q3, c, high);
  }
  finish(y, head, record, p0, q0);
  finish(y + yRow, head, record + row, p1, q1);
  finish(y + 2 * yRow, head, record + 2 * row, p2, q2);
  if (fourth == 3) finish(y + 3 * yRow, head, record + 3 * row, p3, q3);
}
