import { KEYS } from "../attend";

/**
 * Dot products of 16-bit queries with 8-bit keys, and sums of 8-bit values with 16-bit weights, for one head or two.
 *
 * Past the last key or value the last is taken again: its scores are not used, its weight is zero.
 * For a few rows; many take panels.
 */

// @ts-ignore: decorator
@inline function mac(sum: v128, a: v128, b: v128): v128 {
  return i32x4.add(sum, i32x4.dot_i16x8_s(a, b));
}

/** sums4 of integers. */
// @ts-ignore: decorator
@inline function totals(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(i32x4.shuffle(a, b, 0, 4, 1, 5), i32x4.shuffle(a, b, 2, 6, 3, 7));
  const cd = i32x4.add(i32x4.shuffle(c, d, 0, 4, 1, 5), i32x4.shuffle(c, d, 2, 6, 3, 7));
  return i32x4.add(i32x4.shuffle(ab, cd, 0, 1, 4, 5), i32x4.shuffle(ab, cd, 2, 3, 6, 7));
}

/** sum + one column: query element i times that of four keys. */
function column(sum: v128, q: usize, i: usize, k0: usize, k1: usize, k2: usize, k3: usize): v128 {
  const x = <i32>load<i16>(q + (i << 1));
  const keys = i32x4(load<i8>(k0 + i), load<i8>(k1 + i), load<i8>(k2 + i), load<i8>(k3 + i));
  return i32x4.add(sum, i32x4.mul(i32x4.splat(x), keys));
}

/** Dot products of two heads with `count` keys, four at a time. */
export function dots2(to: usize, q: usize, keys: usize, row: usize, count: usize, P: usize): void {
  const whole = P & ~15, last = count - 1, r = q + (P << 1);
  for (let k: usize = 0; k < count; k += 4, to += 16) {
    const k0 = keys + k * row, k1 = keys + min(k + 1, last) * row, k2 = keys + min(k + 2, last) * row, k3 = keys + min(k + 3, last) * row;
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    for (let i: usize = 0; i < whole; i += 16) {
      let x = v128.load(q + (i << 1)), y = v128.load(r + (i << 1));
      let key = v128.load8x8_s(k0 + i); a0 = mac(a0, x, key); b0 = mac(b0, y, key);
      key = v128.load8x8_s(k1 + i); a1 = mac(a1, x, key); b1 = mac(b1, y, key);
      key = v128.load8x8_s(k2 + i); a2 = mac(a2, x, key); b2 = mac(b2, y, key);
      key = v128.load8x8_s(k3 + i); a3 = mac(a3, x, key); b3 = mac(b3, y, key);
      x = v128.load(q + (i << 1), 16); y = v128.load(r + (i << 1), 16);
      key = v128.load8x8_s(k0 + i, 8); a0 = mac(a0, x, key); b0 = mac(b0, y, key);
      key = v128.load8x8_s(k1 + i, 8); a1 = mac(a1, x, key); b1 = mac(b1, y, key);
      key = v128.load8x8_s(k2 + i, 8); a2 = mac(a2, x, key); b2 = mac(b2, y, key);
      key = v128.load8x8_s(k3 + i, 8); a3 = mac(a3, x, key); b3 = mac(b3, y, key);
    }
    let a = totals(a0, a1, a2, a3), b = totals(b0, b1, b2, b3);
    for (let i = whole; i < P; i++) {
      a = column(a, q, i, k0, k1, k2, k3);
      b = column(b, r, i, k0, k1, k2, k3);
    }
    v128.store(to, a);
    v128.store(to + (KEYS << 2), b);
  }
}

/** Dot products of one head with `count` keys, four at a time. */
export function dots1(to: usize, q: usize, keys: usize, row: usize, count: usize, P: usize): void {
  const whole = P & ~15, last = count - 1;
  for (let k: usize = 0; k < count; k += 4, to += 16) {
    const k0 = keys + k * row, k1 = keys + min(k + 1, last) * row, k2 = keys + min(k + 2, last) * row, k3 = keys + min(k + 3, last) * row;
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0;
    for (let i: usize = 0; i < whole; i += 16) {
      let x = v128.load(q + (i << 1));
      a0 = mac(a0, x, v128.load8x8_s(k0 + i));
      a1 = mac(a1, x, v128.load8x8_s(k1 + i));
      a2 = mac(a2, x, v128.load8x8_s(k2 + i));
      a3 = mac(a3, x, v128.load8x8_s(k3 + i));
      x = v128.load(q + (i << 1), 16);
      a0 = mac(a0, x, v128.load8x8_s(k0 + i, 8));
      a1 = mac(a1, x, v128.load8x8_s(k1 + i, 8));
      a2 = mac(a2, x, v128.load8x8_s(k2 + i, 8));
      a3 = mac(a3, x, v128.load8x8_s(k3 + i, 8));
    }
    let a = totals(a0, a1, a2, a3);
    for (let i = whole; i < P; i++) a = column(a, q, i, k0, k1, k2, k3);
    v128.store(to, a);
  }
}

/**
 * out (rows, P) += Σ_k weight_k · value_k, for one to four rows.
 *
 * Values of two keys are interleaved, so that one dot product takes both. The tests of `rows` cost less
 * than a function for each number.
 */
export function addWeighted(
  out: usize, rows: usize, weights: usize, scales: usize, values: usize, row: usize, count: usize, P: usize,
): void {
  const whole = P & ~7;
  for (let i: usize = 0; i < whole; i += 8) {
    let a0 = i32x4.splat(0), a1 = a0, a2 = a0, a3 = a0, b0 = a0, b1 = a0, b2 = a0, b3 = a0;
    let v = values + i, x = weights;
    for (let left = <i32>count; left > 0; left -= 2, v += 2 * row, x += 4) {
      const one = v128.load8x8_s(v), two = v128.load8x8_s(v + (left > 1 ? row : 0));
      const low = i16x8.shuffle(one, two, 0, 8, 1, 9, 2, 10, 3, 11), high = i16x8.shuffle(one, two, 4, 12, 5, 13, 6, 14, 7, 15);
      let w = v128.load32_splat(x); a0 = mac(a0, w, low); b0 = mac(b0, w, high);
      if (rows > 1) { w = v128.load32_splat(x, 2 * KEYS); a1 = mac(a1, w, low); b1 = mac(b1, w, high); }
      if (rows > 2) { w = v128.load32_splat(x, 4 * KEYS); a2 = mac(a2, w, low); b2 = mac(b2, w, high); }
      if (rows > 3) { w = v128.load32_splat(x, 6 * KEYS); a3 = mac(a3, w, low); b3 = mac(b3, w, high); }
    }
    const to = out + (i << 2);
    scaledInto(to, v128.load32_splat(scales), a0, b0);
    if (rows > 1) scaledInto(to + (P << 2), v128.load32_splat(scales, 4), a1, b1);
    if (rows > 2) scaledInto(to + (P << 3), v128.load32_splat(scales, 8), a2, b2);
    if (rows > 3) scaledInto(to + P * 12, v128.load32_splat(scales, 12), a3, b3);
  }
  for (let r: usize = 0; r < rows; r++, out += P << 2, weights += KEYS << 1, scales += 4) {
    for (let i = whole; i < P; i++) columnInto(out, i, weights, load<f32>(scales), values, row, count);
  }
}

/** Eight floats += scale · (a, b). */
// @ts-ignore: decorator
@inline function scaledInto(out: usize, scale: v128, a: v128, b: v128): void {
  v128.store(out, f32x4.add(v128.load(out), f32x4.mul(f32x4.convert_i32x4_s(a), scale)));
  v128.store(out, f32x4.add(v128.load(out, 16), f32x4.mul(f32x4.convert_i32x4_s(b), scale)), 16);
}

function columnInto(out: usize, i: usize, weights: usize, scale: f32, values: usize, row: usize, count: usize): void {
  let sum = 0;
  for (let k: usize = 0; k < count; k++) sum += <i32>load<i16>(weights + (k << 1)) * <i32>load<i8>(values + k * row + i);
  store<f32>(out + (i << 2), load<f32>(out + (i << 2)) + <f32>sum * scale);
}
