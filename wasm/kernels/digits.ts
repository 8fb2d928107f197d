/**
 * Numbers of 14 bits as two digits of 7 bits, so that byte dot products multiply them exactly: n = 128 · high + low.
 *
 * Digits are the operand that has to lie in 0…127, where every machine's relaxed dot product agrees.
 */

/** Lanes of sum + the dot product of four bytes with four digits. */
// @ts-ignore: decorator
@inline export function mac(sum: v128, bytes: v128, digits: v128): v128 {
  return i32x4.relaxed_dot_i8x16_i7x16_add_s(bytes, digits, sum);
}

/** Eight numbers: high digits at `to`, low ones `apart` bytes on. */
// @ts-ignore: decorator
@inline export function storeDigits(to: usize, apart: usize, words: v128): void {
  const bytes = digitsOf(words);
  v128.store64_lane(to, bytes, 0);
  v128.store64_lane(to + apart, bytes, 1);
}

/** High digits in the lower half, low ones in the upper. */
// @ts-ignore: decorator
@inline export function digitsOf(words: v128): v128 {
  const mask = i16x8.splat(127);
  return i8x16.narrow_i16x8_u(v128.and(i16x8.shr_u(words, 7), mask), v128.and(words, mask));
}
