import { blocksOf } from "./lanes";

/**
 * y (T, pad8(R)) = xq · Wᵀ with 8-bit weights and 8-bit activations.
 *
 * One output is Σ_b sx_b · (s_b · dot_b) over blocks b of 32 inputs; `dot_b` is exact in 32 bits, only the sum over
 * blocks rounds. A 16-byte load holds two columns of eight rows. Definition: src/kernels/reference/mat.ts.
 */
export function matQ8(y: usize, xq: usize, w: usize, T: i32, R: i32, C: i32): void {
  const blocks = blocksOf(C);
  const scales = blocks << 5;
  const xRow = scales + 2 * (((blocks + 3) >>> 2) << 4);
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5, group = blocks * 288;
  for (let g = 0; g < groups; g++, w += group, y += 32) {
    let t = 0, x = xq, out = y;
    for (; t + 4 <= T; t += 4, x += 4 * xRow, out += 4 * yRow) tile4(out, yRow, x, xRow, scales, w, blocks);
    for (; t < T; t++, x += xRow, out += yRow) tile1(out, x, scales, w, blocks);
  }
}

/** Two int8 inputs as an i16 pair in every lane. */
// @ts-ignore: decorator
@inline function pair(x: usize): v128 {
  return i16x8.extend_low_i8x16_s(v128.load16_splat(x));
}

// @ts-ignore: decorator
@inline function mac(acc: v128, x: v128, w: v128): v128 {
  return i32x4.add(acc, i32x4.dot_i16x8_s(x, w));
}

// @ts-ignore: decorator
@inline function scaled(sum: v128, dot: v128, s: v128, sx: v128): v128 {
  return f32x4.add(sum, f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(dot), s), sx));
}

function tile1(y: usize, x: usize, scales: usize, w: usize, blocks: usize): void {
  let n = x + scales;
  let f = f32x4.splat(0), g = f32x4.splat(0);
  for (let left = blocks; left > 0; left--, n += 4) {
    const s = v128.load(w), r = v128.load(w, 16);
    let a = i32x4.splat(0), b = i32x4.splat(0);
    w += 32;
    for (let end = w + 256; w < end; w += 16, x += 2) {
      const q = v128.load(w), c = pair(x);
      a = mac(a, c, i16x8.extend_low_i8x16_s(q));
      b = mac(b, c, i16x8.extend_high_i8x16_s(q));
    }
    const sx = v128.load32_splat(n);
    f = scaled(f, a, s, sx);
    g = scaled(g, b, r, sx);
  }
  v128.store(y, f);
  v128.store(y, g, 16);
}

function tile4(y0: usize, yRow: usize, x0: usize, xRow: usize, scales: usize, w: usize, blocks: usize): void {
  const y1 = y0 + yRow, y2 = y1 + yRow, y3 = y2 + yRow;
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x2 + xRow;
  let n0 = x0 + scales, n1 = x1 + scales, n2 = x2 + scales, n3 = x3 + scales;
  let f0 = f32x4.splat(0), f1 = f32x4.splat(0), f2 = f32x4.splat(0), f3 = f32x4.splat(0);
  let g0 = f32x4.splat(0), g1 = f32x4.splat(0), g2 = f32x4.splat(0), g3 = f32x4.splat(0);
  for (let left = blocks; left > 0; left--, n0 += 4, n1 += 4, n2 += 4, n3 += 4) {
    const s = v128.load(w), r = v128.load(w, 16);
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0), b1 = i32x4.splat(0), b2 = i32x4.splat(0), b3 = i32x4.splat(0);
    w += 32;
    for (let end = w + 256; w < end; w += 16, x0 += 2, x1 += 2, x2 += 2, x3 += 2) {
      const q = v128.load(w), u = i16x8.extend_low_i8x16_s(q), v = i16x8.extend_high_i8x16_s(q);
      let c = pair(x0); a0 = mac(a0, c, u); b0 = mac(b0, c, v);
      c = pair(x1); a1 = mac(a1, c, u); b1 = mac(b1, c, v);
      c = pair(x2); a2 = mac(a2, c, u); b2 = mac(b2, c, v);
      c = pair(x3); a3 = mac(a3, c, u); b3 = mac(b3, c, v);
    }
    let sx = v128.load32_splat(n0); f0 = scaled(f0, a0, s, sx); g0 = scaled(g0, b0, r, sx);
    sx = v128.load32_splat(n1); f1 = scaled(f1, a1, s, sx); g1 = scaled(g1, b1, r, sx);
    sx = v128.load32_splat(n2); f2 = scaled(f2, a2, s, sx); g2 = scaled(g2, b2, r, sx);
    sx = v128.load32_splat(n3); f3 = scaled(f3, a3, s, sx); g3 = scaled(g3, b3, r, sx);
  }
  v128.store(y0, f0); v128.store(y1, f1); v128.store(y2, f2); v128.store(y3, f3);
  v128.store(y0, g0, 16); v128.store(y1, g1, 16); v128.store(y2, g2, 16); v128.store(y3, g3, 16);
}
