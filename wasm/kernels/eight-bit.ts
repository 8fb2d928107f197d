import { rounder, rounderBits, unsigned } from "./constants";

/** Rounding of f32 to signed 8 bits with one scale, shared by activations and caches. */

/** Below this a block counts as zero: the inverse of its scale could overflow. 2^-100. */
// @ts-ignore: decorator
@inline export const TINY: f32 = 7.888609052210118e-31;

/** Lanes of |x| against the largest so far. Bits of non-negative floats order like integers, NaN above all. */
// @ts-ignore: decorator
@inline export function magnitude(most: v128, x: v128): v128 {
  return i32x4.max_s(most, v128.and(x, unsigned()));
}

// @ts-ignore: decorator
@inline export function largestMagnitude(most: v128): f32 {
  const pairs = i32x4.max_s(most, i32x4.shuffle(most, most, 2, 3, 0, 1));
  const a = i32x4.extract_lane(pairs, 0), b = i32x4.extract_lane(pairs, 1);
  return reinterpret<f32>(a > b ? a : b);
}

/** x · inverse to integers, half to even: adding 1.5 · 2^23 leaves the integer in the low bits. */
// @ts-ignore: decorator
@inline export function rounded(x: v128, inverse: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(x, inverse), rounder()), rounderBits());
}
