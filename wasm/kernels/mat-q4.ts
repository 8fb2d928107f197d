import { blocksOf } from "./lanes";
import { SUMS, addOffsets1, addOffsets4, recordBytes, roundSums, tokensAtOnce } from "./mat-q4-offsets";

/**
 * y (T, pad8(R)) = xq · Wᵀ with 4-bit weights and 8-bit activations.
 *
 * One output is d · Σ_b sx_b · (s_b · dot_b) + m · Σ_b t_b · sum_b over blocks b of 32 inputs. `dot_b` is exact in 16 bits
 * (16 products of at most 15 · 127 a lane), `s_b · dot_b` exact in 32 bits; the sums over blocks round, always in this order,
 * so an output has the same bits in a tile of four tokens as alone. The nibbles are the 7-bit operand of the relaxed dot product.
 * The second sum is in mat-q4-offsets.ts. Layout: docs/notation.md. Definition: src/kernels/reference/mat.ts.
 */
export function matQ4(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  const blocks = blocksOf(C);
  const scales = blocks << 5; // from a row's start to its scales
  const xRow = scales + 2 * (((blocks + 3) >>> 2) << 4);
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5;
  const group: usize = 64 + blocks * 144;
  const most = tokensAtOnce(blocks), record = recordBytes(blocks);
  for (let left = T; left > 0; left -= <i32>most, y += most * yRow, xq += most * xRow) {
    const tokens = min(<i32>most, left);
    roundSums(xq + scales, xRow, tokens, blocks);
    for (let g = 0, head = w, to = y; g < groups; g++, head += group, to += 32) {
      let t = 0, x = xq, out = to, sums = SUMS;
      for (; t + 4 <= tokens; t += 4, x += 4 * xRow, out += 4 * yRow, sums += 4 * record) {
        tile4(out, yRow, x, xRow, scales, head, blocks);
        addOffsets4(out, yRow, sums, record, head, blocks);
      }
      for (; t < tokens; t++, x += xRow, out += yRow, sums += record) {
        tile1(out, x, scales, head, blocks);
        addOffsets1(out, sums, head, blocks);
      }
    }
  }
}

// @ts-ignore: decorator
@inline function dot(x: v128, q: v128): v128 {
  return i16x8.relaxed_dot_i8x16_i7x16_s(x, q);
}

// @ts-ignore: decorator
@inline function mac(acc: v128, x: v128, q: v128): v128 {
  return i16x8.add(acc, dot(x, q));
}

// @ts-ignore: decorator
@inline function low(q: v128, mask: v128): v128 {
  return v128.and(q, mask);
}

// @ts-ignore: decorator
@inline function high(q: v128, mask: v128): v128 {
  return v128.and(i16x8.shr_u(q, 4), mask);
}

/** sum + sx · (s · dot), the 16-bit pairs of each row added by the same multiplication. */
// @ts-ignore: decorator
@inline function scaled(sum: v128, pairs: v128, s: v128, sx: v128): v128 {
  return f32x4.add(sum, f32x4.mul(f32x4.convert_i32x4_s(i32x4.dot_i16x8_s(pairs, s)), sx));
}

/** d · sum of the eight rows. */
// @ts-ignore: decorator
@inline function finish(y: usize, head: usize, f: v128, g: v128): void {
  v128.store(y, f32x4.mul(f, v128.load(head)));
  v128.store(y, f32x4.mul(g, v128.load(head, 16)), 16);
}

/** Eight rows of one token. `head` is the row group: d, m, then the blocks. */
function tile1(y0: usize, x0: usize, scales: usize, head: usize, blocks: usize): void {
  const mask = i8x16.splat(15);
  let w = head + 64;
  let n0 = x0 + scales;
  // Σ sx · s · dot of rows 0…3 (f) and 4…7 (g).
  let f0 = f32x4.splat(0), g0 = f32x4.splat(0);
  for (let b = blocks; b > 0; b--, w += 144, x0 += 32, n0 += 4) {
    let u = v128.load(w, 16), v = v128.load(w, 32);
    let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
    let c = v128.load32_splat(x0, 0); let a0 = dot(c, ul), b0 = dot(c, vl);
    c = v128.load32_splat(x0, 16); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    u = v128.load(w, 48); v = v128.load(w, 64);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 4); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 20); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    u = v128.load(w, 80); v = v128.load(w, 96);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 8); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 24); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    u = v128.load(w, 112); v = v128.load(w, 128);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 12); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 28); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    const s = v128.load8x8_u(w);
    const sa = i16x8.shuffle(s, s, 0, 0, 1, 1, 2, 2, 3, 3), sb = i16x8.shuffle(s, s, 4, 4, 5, 5, 6, 6, 7, 7);
    c = v128.load32_splat(n0); f0 = scaled(f0, a0, sa, c); g0 = scaled(g0, b0, sb, c);
  }
  finish(y0, head, f0, g0);
}

/** Eight rows of four tokens. Written out because asc unrolls no loops; per step 4 nibble operations serve 16 dot products. */
function tile4(
  y0: usize, yRow: usize, x0: usize, xRow: usize, scales: usize, head: usize, blocks: usize,
): void {
  const y1 = y0 + yRow, y2 = y1 + yRow, y3 = y2 + yRow;
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x2 + xRow;
  const mask = i8x16.splat(15);
  let w = head + 64;
  let n0 = x0 + scales, n1 = x1 + scales, n2 = x2 + scales, n3 = x3 + scales;
  // Σ sx · s · dot of rows 0…3 (f) and 4…7 (g).
  let f0 = f32x4.splat(0), g0 = f32x4.splat(0);
  let f1 = f32x4.splat(0), g1 = f32x4.splat(0);
  let f2 = f32x4.splat(0), g2 = f32x4.splat(0);
  let f3 = f32x4.splat(0), g3 = f32x4.splat(0);
  for (let b = blocks; b > 0; b--, w += 144, x0 += 32, n0 += 4, x1 += 32, n1 += 4, x2 += 32, n2 += 4, x3 += 32, n3 += 4) {
    let u = v128.load(w, 16), v = v128.load(w, 32);
    let ul = low(u, mask), uh = high(u, mask), vl = low(v, mask), vh = high(v, mask);
    let c = v128.load32_splat(x0, 0); let a0 = dot(c, ul), b0 = dot(c, vl);
    c = v128.load32_splat(x0, 16); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    c = v128.load32_splat(x1, 0); let a1 = dot(c, ul), b1 = dot(c, vl);
    c = v128.load32_splat(x1, 16); a1 = mac(a1, c, uh); b1 = mac(b1, c, vh);
    c = v128.load32_splat(x2, 0); let a2 = dot(c, ul), b2 = dot(c, vl);
    c = v128.load32_splat(x2, 16); a2 = mac(a2, c, uh); b2 = mac(b2, c, vh);
    c = v128.load32_splat(x3, 0); let a3 = dot(c, ul), b3 = dot(c, vl);
    c = v128.load32_splat(x3, 16); a3 = mac(a3, c, uh); b3 = mac(b3, c, vh);
    u = v128.load(w, 48); v = v128.load(w, 64);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 4); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 20); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    c = v128.load32_splat(x1, 4); a1 = mac(a1, c, ul); b1 = mac(b1, c, vl);
    c = v128.load32_splat(x1, 20); a1 = mac(a1, c, uh); b1 = mac(b1, c, vh);
    c = v128.load32_splat(x2, 4); a2 = mac(a2, c, ul); b2 = mac(b2, c, vl);
    c = v128.load32_splat(x2, 20); a2 = mac(a2, c, uh); b2 = mac(b2, c, vh);
    c = v128.load32_splat(x3, 4); a3 = mac(a3, c, ul); b3 = mac(b3, c, vl);
    c = v128.load32_splat(x3, 20); a3 = mac(a3, c, uh); b3 = mac(b3, c, vh);
    u = v128.load(w, 80); v = v128.load(w, 96);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 8); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 24); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    c = v128.load32_splat(x1, 8); a1 = mac(a1, c, ul); b1 = mac(b1, c, vl);
    c = v128.load32_splat(x1, 24); a1 = mac(a1, c, uh); b1 = mac(b1, c, vh);
    c = v128.load32_splat(x2, 8); a2 = mac(a2, c, ul); b2 = mac(b2, c, vl);
    c = v128.load32_splat(x2, 24); a2 = mac(a2, c, uh); b2 = mac(b2, c, vh);
    c = v128.load32_splat(x3, 8); a3 = mac(a3, c, ul); b3 = mac(b3, c, vl);
    c = v128.load32_splat(x3, 24); a3 = mac(a3, c, uh); b3 = mac(b3, c, vh);
    u = v128.load(w, 112); v = v128.load(w, 128);
    ul = low(u, mask); uh = high(u, mask); vl = low(v, mask); vh = high(v, mask);
    c = v128.load32_splat(x0, 12); a0 = mac(a0, c, ul); b0 = mac(b0, c, vl);
    c = v128.load32_splat(x0, 28); a0 = mac(a0, c, uh); b0 = mac(b0, c, vh);
    c = v128.load32_splat(x1, 12); a1 = mac(a1, c, ul); b1 = mac(b1, c, vl);
    c = v128.load32_splat(x1, 28); a1 = mac(a1, c, uh); b1 = mac(b1, c, vh);
    c = v128.load32_splat(x2, 12); a2 = mac(a2, c, ul); b2 = mac(b2, c, vl);
    c = v128.load32_splat(x2, 28); a2 = mac(a2, c, uh); b2 = mac(b2, c, vh);
    c = v128.load32_splat(x3, 12); a3 = mac(a3, c, ul); b3 = mac(b3, c, vl);
    c = v128.load32_splat(x3, 28); a3 = mac(a3, c, uh); b3 = mac(b3, c, vh);
    const s = v128.load8x8_u(w);
    const sa = i16x8.shuffle(s, s, 0, 0, 1, 1, 2, 2, 3, 3), sb = i16x8.shuffle(s, s, 4, 4, 5, 5, 6, 6, 7, 7);
    c = v128.load32_splat(n0); f0 = scaled(f0, a0, sa, c); g0 = scaled(g0, b0, sb, c);
    c = v128.load32_splat(n1); f1 = scaled(f1, a1, sa, c); g1 = scaled(g1, b1, sb, c);
    c = v128.load32_splat(n2); f2 = scaled(f2, a2, sa, c); g2 = scaled(g2, b2, sb, c);
    c = v128.load32_splat(n3); f3 = scaled(f3, a3, sa, c); g3 = scaled(g3, b3, sb, c);
  }
  finish(y0, head, f0, g0);
  finish(y1, head, f1, g1);
  finish(y2, head, f2, g2);
  finish(y3, head, f3, g3);
}
