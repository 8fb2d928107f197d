import { TINY, largestMagnitude, magnitude, rounded } from "./eight-bit";
import { loadPart } from "./lanes";

/**
 * Writes new keys and values into a ring cache whose first `sinks` slots are never overwritten.
 *
 * Definition: src/kernels/reference/cache.ts.
 */
export function cacheF32(
  keys: usize, values: usize, k: usize, v: usize, vStride: usize, T: i32, S: i32, H: usize, P: usize, sinks: i32, ring: i32,
): void {
  const row = (H * P) << 2;
  for (let t = 0; t < T; t++, k += row, v += vStride << 2) {
    const at = <usize>slotOf(S + t, sinks, ring) * row;
    memory.copy(keys + at, k, row);
    memory.copy(values + at, v, row);
  }
}

/** The same in 8 bits with one scale per position and head: max / 127. */
export function cacheI8(
  keys: usize, keyScales: usize, values: usize, valueScales: usize, k: usize, v: usize, vStride: usize,
  T: i32, S: i32, H: usize, P: usize, sinks: i32, ring: i32,
): void {
  for (let t = 0; t < T; t++, k += (H * P) << 2, v += vStride << 2) {
    const slot = <usize>slotOf(S + t, sinks, ring);
    for (let h: usize = 0; h < H; h++) {
      const head = slot * H + h;
      eightBits(keys + head * P, keyScales + (head << 2), k + ((h * P) << 2), P);
      eightBits(values + head * P, valueScales + (head << 2), v + ((h * P) << 2), P);
    }
  }
}

/** Slot of position j. */
// @ts-ignore: decorator
@inline export function slotOf(j: i32, sinks: i32, ring: i32): i32 {
  return j < sinks ? j : sinks + (j - sinks) % ring;
}

function eightBits(to: usize, scaleAt: usize, x: usize, P: usize): void {
  const whole = P & ~3, rest = P & 3;
  let most = i32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 4) most = magnitude(most, v128.load(x + (i << 2)));
  if (rest) most = magnitude(most, loadPart(x + (whole << 2), rest));
  const max = largestMagnitude(most);
  const scale: f32 = max < TINY ? 0 : max / 127;
  const inverse = f32x4.splat(max < TINY ? 0 : <f32>1 / scale);
  for (let i: usize = 0; i < whole; i += 4) v128.store32_lane(to + i, narrow(v128.load(x + (i << 2)), inverse), 0);
  if (rest) {
    let bytes = i32x4.extract_lane(narrow(loadPart(x + (whole << 2), rest), inverse), 0);
    for (let i = whole; i < P; i++, bytes >>= 8) store<u8>(to + i, bytes);
  }
  store<f32>(scaleAt, scale);
}

/** Four floats as four int8 in lane 0. */
// @ts-ignore: decorator
@inline function narrow(x: v128, inverse: v128): v128 {
  const words = i16x8.narrow_i32x4_s(rounded(x, inverse), i32x4.splat(0));
  return i8x16.narrow_i16x8_s(words, words);
}
