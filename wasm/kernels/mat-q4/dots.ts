import { SCRATCH } from "../page";

/**
 * What the tiles of `matQ4` are made of: nibbles, dot products of one block, and sums over blocks.
 *
 * `Lane` is i16 or i32, the lanes in which the dots of one block are summed, or u32: those of 32 bits where the
 * instruction takes its second operand as unsigned. All are exact, so the results have the same bits.
 */

// @ts-ignore: decorator
@inline export function dot<Lane>(x: v128, q: v128, zero: v128): v128 {
  if (sizeof<Lane>() == 4) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, q, zero);
  return i16x8.relaxed_dot_i8x16_i7x16_s(x, q);
}

// @ts-ignore: decorator
@inline export function mac<Lane>(acc: v128, x: v128, q: v128): v128 {
  if (sizeof<Lane>() == 4) return i32x4.relaxed_dot_i8x16_i7x16_add_s(x, q, acc);
  return i16x8.add(acc, i16x8.relaxed_dot_i8x16_i7x16_s(x, q));
}

// @ts-ignore: decorator
@inline export function low(q: v128, mask: v128): v128 {
  return v128.and(q, mask);
}

// @ts-ignore: decorator
@inline export function high(q: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(q, 4), mask);
}

/**
 * High nibbles for dots of their own (`joined`): where the operand is unsigned they stay where they are and count
 * 16 times, which saves a shift.
 */
// @ts-ignore: decorator
@inline export function apart<Lane>(q: v128, mask: v128, top: v128): v128 {
  if (isSigned<Lane>()) return high(q, mask);
  return v128.and(q, top);
}

/** Dots of the low nibbles and of those that `apart` gave. */
// @ts-ignore: decorator
@inline export function joined<Lane>(low: v128, high: v128): v128 {
  return i32x4.add(low, isSigned<Lane>() ? high : i32x4.shr_s(high, 4));
}

/** Scales of rows 0…3 in the form that `scaled` wants. */
// @ts-ignore: decorator
@inline export function lowScales<Lane>(s: v128): v128 {
  if (sizeof<Lane>() == 4) return f32x4.convert_i32x4_u(i32x4.extend_low_i16x8_u(s));
  return i16x8.shuffle(s, s, 0, 0, 1, 1, 2, 2, 3, 3);
}

// @ts-ignore: decorator
@inline export function highScales<Lane>(s: v128): v128 {
  if (sizeof<Lane>() == 4) return f32x4.convert_i32x4_u(i32x4.extend_high_i16x8_u(s));
  return i16x8.shuffle(s, s, 4, 4, 5, 5, 6, 6, 7, 7);
}

/**
 * sum + sx · (s · dot). Sums of 32 bits started from the bits of 1.5 · 2^23 (`zero`), so that one subtraction makes
 * them floats; pairs of 16 bits are added by their multiplication.
 */
// @ts-ignore: decorator
@inline export function scaled<Lane>(sum: v128, dots: v128, s: v128, sx: v128, zero: v128): v128 {
  if (sizeof<Lane>() == 4) return f32x4.add(sum, f32x4.mul(f32x4.mul(f32x4.sub(dots, zero), s), sx));
  return f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(dots, s)), sx));
}

/**
 * The sums over blocks of eight rows, 32 bytes a token. They lie close together and not in y, whose rows may be whole
 * pages apart: a first-level cache keeps few lines that lie so.
 */
// @ts-ignore: decorator
@inline export const TOTALS: usize = SCRATCH + 18496;
// @ts-ignore: decorator
@inline export const MOST_TOKENS: usize = 48;
/** The same of a tile: of four tokens, of two at two places or of one at four. */
// @ts-ignore: decorator
@inline export const TILE: usize = TOTALS + 32 * MOST_TOKENS;

// @ts-ignore: decorator
@inline export function clear(totals: usize): void {
  v128.store(totals, f32x4.splat(0));
  v128.store(totals, f32x4.splat(0), 16);
}

/** totals + sx · (s · dot) for rows 0…3 (a) and 4…7 (b). */
// @ts-ignore: decorator
@inline export function addBlock<Lane>(totals: usize, a: v128, b: v128, sa: v128, sb: v128, sx: v128, zero: v128): void {
  v128.store(totals, scaled<Lane>(v128.load(totals), a, sa, sx, zero));
  v128.store(totals, scaled<Lane>(v128.load(totals, 16), b, sb, sx, zero), 16);
}

/** y = d · sum of eight rows. */
// @ts-ignore: decorator
@inline export function store(y: usize, head: usize, f: v128, g: v128): void {
  v128.store(y, f32x4.mul(f, v128.load(head)));
  v128.store(y, f32x4.mul(g, v128.load(head, 16)), 16);
}

/** y = d · totals. */
// @ts-ignore: decorator
@inline export function finish(y: usize, totals: usize, head: usize): void {
  store(y, head, v128.load(totals), v128.load(totals, 16));
}

// @ts-ignore: decorator
@inline export function both<Lane>(a: v128, b: v128): v128 {
  if (sizeof<Lane>() == 4) return i32x4.add(a, b);
  return i16x8.add(a, b);
}
