/**
 * Floats as IEEE halves and back, exactly as `toHalf` and `fromHalf` say. Definition: src/kernels/reference/halves.ts.
 */

/** The bits of 65520: a float of this size or larger has no finite half. */
const TOO_LARGE: i32 = 0x477ff000;
/** The bits of the smallest float whose half is a normal number. */
const LEAST_NORMAL: i32 = 0x38800000;
/** From the exponent of a half to that of a float, whose fraction is 13 bits longer. */
const REBIAS: i32 = 112 << 23;

/**
 * y (n) = the nearest halves of x (n), ties to even, and 1; 0, with y left alone, where one of them is
 * too large to have a finite half.
 */
export function toHalves(y: usize, x: usize, n: usize): i32 {
  if (!isFinite4(x, n)) return 0;
  const whole = n & ~7;
  let i: usize = 0;
  // The halves may take the place of the floats: eight are read before eight are written, which never
  // reach what is still to be read.
  for (; i < whole; i += 8) {
    const a = half4(v128.load(x + (i << 2))), b = half4(v128.load(x + (i << 2), 16));
    v128.store(y + (i << 1), i16x8.narrow_i32x4_u(a, b));
  }
  for (; i < n; i++) v128.store16_lane(y + (i << 1), half4(v128.load32_zero(x + (i << 2))), 0);
  return 1;
}

/** y (n) = the floats of halves x (n), all of them finite. x may be the second half of y. */
export function fromHalves(y: usize, x: usize, n: usize): void {
  const whole = n & ~3;
  let i: usize = 0;
  for (; i < whole; i += 4) v128.store(y + (i << 2), float4(v128.load16x4_u(x + (i << 1))));
  for (; i < n; i++) v128.store32_lane(y + (i << 2), float4(i32x4.splat(<i32>load<u16>(x + (i << 1)))), 0);
}

function isFinite4(x: usize, n: usize): bool {
  const least = i32x4.splat(TOO_LARGE), magnitude = i32x4.splat(0x7fffffff);
  const whole = n & ~3;
  let found = i32x4.splat(0);
  let i: usize = 0;
  for (; i < whole; i += 4) found = v128.or(found, i32x4.ge_s(v128.and(v128.load(x + (i << 2)), magnitude), least));
  for (; i < n; i++) found = v128.or(found, i32x4.ge_s(v128.and(v128.load32_zero(x + (i << 2)), magnitude), least));
  return !v128.any_true(found);
}

/** In 32 bits each. */
// @ts-ignore: decorator
@inline function half4(x: v128): v128 {
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const sign = v128.and(i32x4.shr_u(x, 16), i32x4.splat(0x8000));
  // What rounds to the nearest half; at a tie, the last bit that stays decides.
  const rounding = i32x4.add(i32x4.splat(0xfff - REBIAS), v128.and(i32x4.shr_u(x, 13), i32x4.splat(1)));
  const normal = i32x4.shr_u(i32x4.add(magnitude, rounding), 13);
  // Below 2^-14 a half counts in steps of 2^-24, as a float does between 1/2 and 1: the sum is rounded to whole steps.
  const middle = f32x4.splat(0.5);
  const small = i32x4.sub(f32x4.add(magnitude, middle), middle);
  return v128.or(sign, v128.bitselect(small, normal, i32x4.lt_s(magnitude, i32x4.splat(LEAST_NORMAL))));
}

/** Of halves in 32 bits each. */
// @ts-ignore: decorator
@inline function float4(h: v128): v128 {
  const sign = v128.and(i32x4.shl(h, 16), i32x4.splat(<i32>0x80000000));
  const shifted = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const normal = i32x4.add(shifted, i32x4.splat(REBIAS));
  // A small half as the distance of two normal floats: arithmetic with small floats takes some
  // processors a hundred times as long.
  const least = i32x4.splat(LEAST_NORMAL);
  const small = f32x4.sub(i32x4.add(shifted, least), least);
  return v128.or(sign, v128.bitselect(small, normal, i32x4.lt_s(shifted, i32x4.splat(1 << 23))));
}
