import { KEYS, SCORES, REST, begin, exponentials, finish } from "./attend";
import { addWeighted, dots1, dots2 } from "./attend-i8-tiles";
import { slotOf } from "./cache";
import { TINY, largestMagnitude, magnitude, rounded } from "./eight-bit";
import { loadPart } from "./lanes";

/**
 * Grouped-query attention over an 8-bit ring cache, in integers: queries and weights of values are rounded to 16 bits
 * (one scale per head, and per head and block of 64 keys), so that a key or value is widened by one instruction and dot products are exact.
 * The rounding is 1/256 of the cache's own. P ≤ 512, so that 32-bit sums cannot overflow.
 *
 * Definition: src/kernels/reference/attend.ts.
 */
export function attendI8(
  out: usize, q: usize, qSink: usize, keys: usize, keyScales: usize, values: usize, valueScales: usize,
  T: i32, S: i32, Hq: usize, Hkv: usize, P: usize, scale: f32, sinks: i32, window: i32, ring: i32,
): void {
  const share = Hq / Hkv, row = Hkv * P, after = <usize>sinks;
  for (let t = 0; t < T; t++) {
    const position = S + t;
    const sunk = <usize>min(sinks, position + 1);
    const first = max(sinks, position - window + 1);
    const start = <usize>slotOf(first, sinks, ring);
    const seen = <usize>max(position + 1 - first, 0);
    const run = min(seen, <usize>(sinks + ring) - start);
    for (let h: usize = 0; h < Hkv; h++) {
      const k = keys + h * P, v = values + h * P, ks = keyScales + (h << 2), vs = valueScales + (h << 2);
      for (let r: usize = 0; r < share; r += 4) {
        const rows = min<usize>(4, share - r);
        begin(out, rows, P);
        if (sunk) {
          sixteenBits(qSink, rows, P, scale);
          blocks(out, rows, k, ks, v, vs, row, Hkv, P, 0, sunk);
        }
        sixteenBits(q, rows, P, scale);
        blocks(out, rows, k, ks, v, vs, row, Hkv, P, start, run);
        blocks(out, rows, k, ks, v, vs, row, Hkv, P, after, seen - run);
        finish(out, rows, P);
        out += rows * P << 2; q += rows * P << 2; qSink += rows * P << 2;
      }
    }
  }
}

/** Weights of values, four heads by 64 keys of i16; scales of weights and queries; scales of 64 keys or values; queries, four heads of i16. */
// @ts-ignore: decorator
@inline const WEIGHTS: usize = REST;
// @ts-ignore: decorator
@inline const WEIGHT_SCALES: usize = WEIGHTS + 4 * KEYS * 2;
// @ts-ignore: decorator
@inline const QUERY_SCALES: usize = WEIGHT_SCALES + 16;
// @ts-ignore: decorator
@inline const SCALES: usize = QUERY_SCALES + 16;
// @ts-ignore: decorator
@inline const QUERIES: usize = SCALES + 4 * KEYS + 16;

/** `count` slots from `start` on. */
function blocks(
  out: usize, rows: usize, keys: usize, keyScales: usize, values: usize, valueScales: usize,
  row: usize, Hkv: usize, P: usize, start: usize, count: usize,
): void {
  const scaleRow = Hkv << 2;
  for (let slot = start, end = start + count; slot < end; slot += KEYS) {
    const n = min(end - slot, KEYS);
    const k = keys + slot * row, v = values + slot * row;
    gatherScales(keyScales + slot * scaleRow, scaleRow, n);
    let r: usize = 0;
    for (; r + 2 <= rows; r += 2) dots2(SCORES + ((r * KEYS) << 2), QUERIES + ((r * P) << 1), QUERY_SCALES + (r << 2), k, row, SCALES, n, P);
    if (r < rows) dots1(SCORES + ((r * KEYS) << 2), QUERIES + ((r * P) << 1), QUERY_SCALES + (r << 2), k, row, SCALES, n, P);
    exponentials(out, rows, P, n);
    gatherScales(valueScales + slot * scaleRow, scaleRow, n);
    for (r = 0; r < rows; r++) weights(r, n);
    addWeighted(out, rows, WEIGHTS, WEIGHT_SCALES, v, row, n, P);
  }
}

/** Inverse of the scale that takes `max` to 32767, or 0. */
// @ts-ignore: decorator
@inline function toSixteen(max: f32): f32 {
  return max < TINY ? 0 : <f32>32767 / max;
}

/** Queries (rows, P) as i16; their scale takes in the attention's own. */
function sixteenBits(q: usize, rows: usize, P: usize, scale: f32): void {
  const whole = P & ~3, rest = P & 3;
  for (let r: usize = 0, to = QUERIES; r < rows; r++, q += P << 2, to += P << 1) {
    let most = i32x4.splat(0);
    for (let i: usize = 0; i < whole; i += 4) most = magnitude(most, v128.load(q + (i << 2)));
    if (rest) most = magnitude(most, loadPart(q + (whole << 2), rest));
    const max = largestMagnitude(most), inverse = f32x4.splat(toSixteen(max));
    store<f32>(QUERY_SCALES + (r << 2), max * scale / 32767);
    for (let i: usize = 0; i < whole; i += 4) {
      const words = rounded(v128.load(q + (i << 2)), inverse);
      v128.store64_lane(to + (i << 1), i16x8.narrow_i32x4_s(words, words), 0);
    }
    for (let i = whole; i < P; i++) store<i16>(to + (i << 1), <i16>nearest<f32>(load<f32>(q + (i << 2)) * f32x4.extract_lane(inverse, 0)));
  }
}

/** Scales of n slots of one head side by side; zero up to the next multiple of four. */
function gatherScales(from: usize, row: usize, n: usize): void {
  v128.store(SCALES + ((n & ~3) << 2), f32x4.splat(0));
  for (let to = SCALES, end = SCALES + (n << 2); to < end; to += 4, from += row) store<f32>(to, load<f32>(from));
}

/** Exponentials of head r times the scales of the values, as i16; zero up to the next multiple of four. */
function weights(r: usize, n: usize): void {
  const row = SCORES + ((r * KEYS) << 2), to = WEIGHTS + ((r * KEYS) << 1);
  let most = i32x4.splat(0);
  for (let k: usize = 0; k < n << 2; k += 16) {
    const w = f32x4.mul(v128.load(row + k), v128.load(SCALES + k));
    v128.store(row + k, w);
    most = magnitude(most, w);
  }
  const max = largestMagnitude(most), inverse = f32x4.splat(toSixteen(max));
  store<f32>(WEIGHT_SCALES + (r << 2), max / 32767);
  for (let k: usize = 0; k < n; k += 4) {
    const words = rounded(v128.load(row + (k << 2)), inverse);
    v128.store64_lane(to + (k << 1), i16x8.narrow_i32x4_s(words, words), 0);
  }
}
