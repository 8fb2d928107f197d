import { KEYS, REST, ROWS, SCORES } from "../attend";
import { storeDigits } from "../digits";
import { TINY, largestMagnitude, magnitude, rounded } from "../eight-bit";
import { loadPart } from "../lanes";

/**
 * Rows of queries and of weights, rounded to 14 bits: as i16 for few rows, as two digits of 7 bits for panels.
 * A query q becomes q + 8192 there, which is not negative; the panel's product takes it off again.
 */

/** The widest head that panels have room for. */
// @ts-ignore: decorator
@inline export const PANEL_WIDTH: usize = 128;
/** Scales of the weights, and of the queries, per row. */
// @ts-ignore: decorator
@inline export const WEIGHT_SCALES: usize = REST;
// @ts-ignore: decorator
@inline export const QUERY_SCALES: usize = WEIGHT_SCALES + ROWS * 4;
/** Scales of the block's keys, and of its values. */
// @ts-ignore: decorator
@inline export const KEY_SCALES: usize = QUERY_SCALES + ROWS * 4;
// @ts-ignore: decorator
@inline export const VALUE_SCALES: usize = KEY_SCALES + KEYS * 4;
/** Weights: (rows, 64) of i16, or of high digits and then low ones. */
// @ts-ignore: decorator
@inline export const WEIGHTS: usize = VALUE_SCALES + KEYS * 4 * 2; // the offsets of a panel lie between
/** Queries: (4, P) of i16, or (rows, P) of high digits and then low ones. */
// @ts-ignore: decorator
@inline export const QUERIES: usize = WEIGHTS + ROWS * KEYS * 2;
/** Behind the queries of panels. */
// @ts-ignore: decorator
@inline export const PANELS: usize = QUERIES + ROWS * PANEL_WIDTH * 2;

/** Inverse of the scale that takes `max` to `most`, or 0. */
// @ts-ignore: decorator
@inline function inverseOf(max: f32, most: f32): f32 {
  return max < TINY ? 0 : most / max;
}

/**
 * Notes the scale of query q (P), row r, which takes in the attention's own, and returns the inverse of the query's.
 */
function queryScale(q: usize, r: usize, P: usize, scale: f32): v128 {
  const whole = P & ~3, rest = P & 3;
  let most = i32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 4) most = magnitude(most, v128.load(q + (i << 2)));
  if (rest) most = magnitude(most, loadPart(q + (whole << 2), rest));
  const max = largestMagnitude(most);
  store<f32>(QUERY_SCALES + (r << 2), max * scale / 8191);
  return f32x4.splat(inverseOf(max, 8191));
}

/** Query q (P) as row r of i16. */
export function sixteens(q: usize, r: usize, P: usize, scale: f32): void {
  const whole = P & ~3, inverse = queryScale(q, r, P, scale), to = QUERIES + ((r * P) << 1);
  for (let i: usize = 0; i < whole; i += 4) {
    const words = rounded(v128.load(q + (i << 2)), inverse);
    v128.store64_lane(to + (i << 1), i16x8.narrow_i32x4_s(words, words), 0);
  }
  for (let i = whole; i < P; i++) store<i16>(to + (i << 1), <i16>nearest<f32>(load<f32>(q + (i << 2)) * f32x4.extract_lane(inverse, 0)));
}

/** The same as digits; P is a multiple of 16. */
export function digits(q: usize, r: usize, P: usize, scale: f32): void {
  const inverse = queryScale(q, r, P, scale), to = QUERIES + ((r * P) << 1);
  const middle = i16x8.splat(8192);
  for (let i: usize = 0; i < P; i += 8, q += 32) {
    const words = i16x8.narrow_i32x4_s(rounded(v128.load(q), inverse), rounded(v128.load(q, 16), inverse));
    storeDigits(to + i, P, i16x8.add(words, middle));
  }
}

/** Exponentials of row r times the scales of the values, rounded; `from` and `to` are multiples of eight. */
export function weights(r: usize, from: usize, to: usize, panels: bool): void {
  const row = SCORES + ((r * KEYS) << 2);
  let most = i32x4.splat(0);
  for (let k = from << 2; k < to << 2; k += 16) {
    const w = f32x4.mul(v128.load(row + k), v128.load(VALUE_SCALES + k));
    v128.store(row + k, w);
    most = magnitude(most, w);
  }
  const max = largestMagnitude(most), inverse = f32x4.splat(inverseOf(max, 16383)), at = WEIGHTS + ((r * KEYS) << 1);
  store<f32>(WEIGHT_SCALES + (r << 2), max / 16383);
  for (let k = from; k < to; k += 8) {
    const a = rounded(v128.load(row + (k << 2)), inverse), b = rounded(v128.load(row + (k << 2), 16), inverse);
    const words = i16x8.narrow_i32x4_s(a, b);
    if (panels) storeDigits(at + k, KEYS, words);
    else v128.store(at + (k << 1), words);
  }
}

/** Row n of a (T, Hq, P) tensor, from its first head of this key head on; `token` is its bytes per token. */
// @ts-ignore: decorator
@inline export function rowAt(base: usize, n: usize, share: usize, token: usize, P: usize): usize {
  return base + (n / share) * token + (((n % share) * P) << 2);
}
