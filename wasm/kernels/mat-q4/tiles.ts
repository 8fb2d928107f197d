import { rounderBits } from "../constants";

/**
 * Tiles of `matQ4`: Σ_b sx_b · (s_b · dot_b) · d of eight rows, for one token or two; for four in tile4.ts, for many in panels.ts.
 *
 * `Lane` is i16 or i32, the lanes in which the dots of one block are summed. Both are exact, so the results have the same bits.
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
 * sum + sx · (s · dot). Sums of 32 bits started from the bits of 1.5 · 2^23 (`zero`), so that one subtraction makes them floats;
 * pairs of 16 bits are added by their multiplication.
 */
// @ts-ignore: decorator
@inline export function scaled<Lane>(sum: v128, dots: v128, s: v128, sx: v128, zero: v128): v128 {
  if (sizeof<Lane>() == 4) return f32x4.add(sum, f32x4.mul(f32x4.mul(f32x4.sub(dots, zero), s), sx));
  return f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(dots, s)), sx));
}

/** d · sum of the eight rows. */
// @ts-ignore: decorator
@inline export function finish(y: usize, head: usize, f: v128, g: v128): void {
  v128.store(y, f32x4.mul(f, v128.load(head)));
  v128.store(y, f32x4.mul(g, v128.load(head, 16)), 16);
}

// @ts-ignore: decorator
@inline function both<Lane>(a: v128, b: v128): v128 {
  if (sizeof<Lane>() == 4) return i32x4.add(a, b);
  return i16x8.add(a, b);
}

/** Eight rows of one token. `head` is the row group: d, m, then the blocks. */
export function tile1<Lane>(y0: usize, x0: usize, scales: usize, head: usize, blocks: usize): void {
  const mask = i8x16.splat(15), zero = rounderBits(), none = i32x4.splat(0);
  let w = head + 64;
  let n0 = x0 + scales;
  // Σ sx · s · dot of rows 0…3 (f) and 4…7 (g).
  let f0 = f32x4.splat(0), g0 = f32x4.splat(0);
  for (let b = blocks; b > 0; b--, w += 144, x0 += 32, n0 += 4) {
    let u = v128.load(w, 16), v = v128.load(w, 32);
    let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
    let c = v128.load32_splat(x0, 0); let a0 = dot<Lane>(c, ul, zero), b0 = dot<Lane>(c, vl, zero);
    c = v128.load32_splat(x0, 16); let a1 = dot<Lane>(c, uh, none), b1 = dot<Lane>(c, vh, none);
    u = v128.load(w, 48); v = v128.load(w, 64);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 4); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x0, 20); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    u = v128.load(w, 80); v = v128.load(w, 96);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 8); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x0, 24); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    u = v128.load(w, 112); v = v128.load(w, 128);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 12); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x0, 28); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    const s = v128.load8x8_u(w);
    const sa = lowScales<Lane>(s), sb = highScales<Lane>(s);
    a0 = both<Lane>(a0, a1); b0 = both<Lane>(b0, b1);
    c = v128.load32_splat(n0); f0 = scaled<Lane>(f0, a0, sa, c, zero); g0 = scaled<Lane>(g0, b0, sb, c, zero);
  }
  finish(y0, head, f0, g0);
}

/** Eight rows of two tokens. */
export function tile2<Lane>(y0: usize, yRow: usize, x0: usize, xRow: usize, scales: usize, head: usize, blocks: usize): void {
  const mask = i8x16.splat(15), zero = rounderBits();
  let w = head + 64, x1 = x0 + xRow;
  let n0 = x0 + scales, n1 = x1 + scales;
  let f0 = f32x4.splat(0), g0 = f0, f1 = f0, g1 = f0;
  for (let b = blocks; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4) {
    let u = v128.load(w, 16), v = v128.load(w, 32);
    let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
    let c = v128.load32_splat(x0, 0); let a0 = dot<Lane>(c, ul, zero), b0 = dot<Lane>(c, vl, zero);
    c = v128.load32_splat(x1, 0); let a1 = dot<Lane>(c, ul, zero), b1 = dot<Lane>(c, vl, zero);
    c = v128.load32_splat(x0, 16); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
    c = v128.load32_splat(x1, 16); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    u = v128.load(w, 48); v = v128.load(w, 64);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 4); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x1, 4); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
    c = v128.load32_splat(x0, 20); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
    c = v128.load32_splat(x1, 20); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    u = v128.load(w, 80); v = v128.load(w, 96);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 8); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x1, 8); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
    c = v128.load32_splat(x0, 24); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
    c = v128.load32_splat(x1, 24); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    u = v128.load(w, 112); v = v128.load(w, 128);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 12); a0 = mac<Lane>(a0, c, ul); b0 = mac<Lane>(b0, c, vl);
    c = v128.load32_splat(x1, 12); a1 = mac<Lane>(a1, c, ul); b1 = mac<Lane>(b1, c, vl);
    c = v128.load32_splat(x0, 28); a0 = mac<Lane>(a0, c, uh); b0 = mac<Lane>(b0, c, vh);
    c = v128.load32_splat(x1, 28); a1 = mac<Lane>(a1, c, uh); b1 = mac<Lane>(b1, c, vh);
    const s = v128.load8x8_u(w);
    const sa = lowScales<Lane>(s), sb = highScales<Lane>(s);
    c = v128.load32_splat(n0); f0 = scaled<Lane>(f0, a0, sa, c, zero); g0 = scaled<Lane>(g0, b0, sb, c, zero);
    c = v128.load32_splat(n1); f1 = scaled<Lane>(f1, a1, sa, c, zero); g1 = scaled<Lane>(g1, b1, sb, c, zero);
  }
  finish(y0, head, f0, g0);
  finish(y0 + yRow, head, f1, g1);
}
