import { KEYS, SCORES } from "../attend";
import { PANELS, QUERIES, VALUE_SCALES, WEIGHTS, WEIGHT_SCALES } from "./rows";
import { mac } from "../digits";

/**
 * Attention of many rows over one block: keys or values are laid out once as a panel that all rows multiply.
 *
 * A panel is (K/4, columns, 4): the four bytes that one lane of a byte dot product sums lie side by side. Keys: K is P,
 * columns are 64 keys. Values: K is 64 keys, columns are P.
 */

/** 8192 · the sum of each key, which the queries' offset has added. */
// @ts-ignore: decorator
@inline const OFFSETS: usize = VALUE_SCALES + KEYS * 4;

/** Keys [from, count) of a block; past the last the last is taken again. P is a multiple of 16. */
export function keyPanel(keys: usize, row: usize, from: usize, count: usize, P: usize): void {
  const last = count - 1, ones = i8x16.splat(1), panelRow = KEYS << 2;
  for (let k = from; k < count; k += 4) {
    const k0 = keys + k * row, k1 = keys + min(k + 1, last) * row, k2 = keys + min(k + 2, last) * row, k3 = keys + min(k + 3, last) * row;
    let total = i32x4.splat(0), to = PANELS + (k << 2);
    for (let i: usize = 0; i < P; i += 16, to += panelRow << 2) {
      const a = v128.load(k0 + i), b = v128.load(k1 + i), c = v128.load(k2 + i), d = v128.load(k3 + i);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), AB = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), CD = i32x4.shuffle(c, d, 2, 6, 3, 7);
      let p = i64x2.shuffle(ab, cd, 0, 2); v128.store(to, p); total = mac(total, p, ones);
      p = i64x2.shuffle(ab, cd, 1, 3); v128.store(to + panelRow, p); total = mac(total, p, ones);
      p = i64x2.shuffle(AB, CD, 0, 2); v128.store(to + 2 * panelRow, p); total = mac(total, p, ones);
      p = i64x2.shuffle(AB, CD, 1, 3); v128.store(to + 3 * panelRow, p); total = mac(total, p, ones);
    }
    v128.store(OFFSETS + (k << 2), i32x4.shl(total, 13));
  }
}

/** Values [from, count) of a block; past the last the last is taken again, and meets a weight of zero. */
export function valuePanel(values: usize, row: usize, from: usize, count: usize, P: usize): void {
  const last = count - 1, panelRow = P << 2;
  for (let k = from, panel = PANELS; k < count; k += 4, panel += panelRow) {
    const k0 = values + k * row, k1 = values + min(k + 1, last) * row, k2 = values + min(k + 2, last) * row, k3 = values + min(k + 3, last) * row;
    for (let i: usize = 0, to = panel; i < P; i += 16, to += 64) {
      const a = v128.load(k0 + i), b = v128.load(k1 + i), c = v128.load(k2 + i), d = v128.load(k3 + i);
      const ab = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const cd = i8x16.shuffle(c, d, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const AB = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const CD = i8x16.shuffle(c, d, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      v128.store(to, i16x8.shuffle(ab, cd, 0, 8, 1, 9, 2, 10, 3, 11));
      v128.store(to, i16x8.shuffle(ab, cd, 4, 12, 5, 13, 6, 14, 7, 15), 16);
      v128.store(to, i16x8.shuffle(AB, CD, 0, 8, 1, 9, 2, 10, 3, 11), 32);
      v128.store(to, i16x8.shuffle(AB, CD, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    }
  }
}

/** Integer scores of all rows against keys [from, to); both are multiples of eight. */
export function panelScores(rows: usize, from: usize, to: usize, P: usize): void {
  for (let k = from; k < to; k += 8) {
    const a = v128.load(OFFSETS + (k << 2)), b = v128.load(OFFSETS + (k << 2), 16);
    for (let r: usize = 0; r < rows; r += 2) {
      product(SCORES + ((r * KEYS + k) << 2), QUERIES + ((r * P) << 1), P << 1, P, P, PANELS + (k << 2), KEYS << 2, a, b);
    }
  }
}

/** Integer sums of weighted values for all rows, in place of the scores; `columns` from i on. */
export function panelSums(rows: usize, i: usize, columns: usize, from: usize, to: usize, P: usize): void {
  const zero = i32x4.splat(0);
  for (let c: usize = 0; c < columns; c += 8) {
    for (let r: usize = 0; r < rows; r += 2) {
      product(SCORES + ((r * KEYS + c) << 2), WEIGHTS + ((r * KEYS) << 1) + from, KEYS << 1, KEYS, to - from, PANELS + ((i + c) << 2), P << 2, zero, zero);
    }
  }
}

/**
 * Eight columns of two rows: Σ (128 · high + low) · panel − offset. K is a multiple of eight.
 * Rows are `apart` bytes apart and their low digits `low` after the high ones. An odd last row is followed by
 * one whose results nobody reads.
 */
// @ts-ignore: decorator
@inline function product(
  to: usize, digits: usize, apart: usize, low: usize, K: usize, panel: usize, panelRow: usize, offsetA: v128, offsetB: v128,
): void {
  let h0a = i32x4.splat(0), h0b = h0a, l0a = h0a, l0b = h0a, h1a = h0a, h1b = h0a, l1a = h0a, l1b = h0a;
  let h0 = digits, l0 = digits + low, h1 = digits + apart, l1 = h1 + low;
  for (const end = digits + K; h0 < end; h0 += 8, l0 += 8, h1 += 8, l1 += 8) {
    let a = v128.load(panel), b = v128.load(panel, 16);
    let x = v128.load32_splat(h0); h0a = mac(h0a, a, x); h0b = mac(h0b, b, x);
    x = v128.load32_splat(l0); l0a = mac(l0a, a, x); l0b = mac(l0b, b, x);
    x = v128.load32_splat(h1); h1a = mac(h1a, a, x); h1b = mac(h1b, b, x);
    x = v128.load32_splat(l1); l1a = mac(l1a, a, x); l1b = mac(l1b, b, x);
    panel += panelRow;
    a = v128.load(panel); b = v128.load(panel, 16);
    x = v128.load32_splat(h0, 4); h0a = mac(h0a, a, x); h0b = mac(h0b, b, x);
    x = v128.load32_splat(l0, 4); l0a = mac(l0a, a, x); l0b = mac(l0b, b, x);
    x = v128.load32_splat(h1, 4); h1a = mac(h1a, a, x); h1b = mac(h1b, b, x);
    x = v128.load32_splat(l1, 4); l1a = mac(l1a, a, x); l1b = mac(l1b, b, x);
    panel += panelRow;
  }
  v128.store(to, i32x4.sub(i32x4.add(i32x4.shl(h0a, 7), l0a), offsetA));
  v128.store(to, i32x4.sub(i32x4.add(i32x4.shl(h0b, 7), l0b), offsetB), 16);
  v128.store(to + (KEYS << 2), i32x4.sub(i32x4.add(i32x4.shl(h1a, 7), l1a), offsetA));
  v128.store(to + (KEYS << 2), i32x4.sub(i32x4.add(i32x4.shl(h1b, 7), l1b), offsetB), 16);
}

/** out (columns) += row r of the sums · its scale; nothing where the row has seen nothing. */
export function addPanel(out: usize, r: usize, columns: usize): void {
  const scale = load<f32>(WEIGHT_SCALES + (r << 2)), factor = f32x4.splat(scale);
  if (scale < 0) return;
  for (let c: usize = 0, row = SCORES + ((r * KEYS) << 2); c < columns << 2; c += 16) {
    v128.store(out + c, f32x4.add(v128.load(out + c), f32x4.mul(f32x4.convert_i32x4_s(v128.load(row + c)), factor)));
  }
}
