import { halfBias, withoutSignCopies } from "./constants";
import { BLOCK, join } from "./mat-f32";
import { madd } from "./matmul";
import { SCRATCH } from "./page";

/**
 * y (T, pad8(R)) = x (T, C) · Wᵀ with f16 weights, widened on the way. Sums run over columns in blocks, as in `matF32`.
 *
 * Definition: src/kernels/reference/mat.ts.
 */
export function matF16(y: usize, x: usize, xStride: usize, w: usize, T: i32, R: i32, C: usize): void {
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5, xRow = xStride << 2;
  for (let g = 0; g < groups; g++, y += 32) {
    for (let c: usize = 0; c < C; c += BLOCK, w += BLOCK << 4) {
      const n = min(BLOCK, C - c);
      let t = 0, from = x + (c << 2), out = y;
      for (; t + 4 <= T; t += 4, from += 4 * xRow, out += 4 * yRow) {
        tile4(SCRATCH, 32, from, xRow, w, n);
        join(out, yRow, 4, c == 0);
      }
      for (; t < T; t++, from += xRow, out += yRow) {
        tile1(SCRATCH, from, w, n);
        join(out, yRow, 1, c == 0);
      }
    }
    w -= (((C + BLOCK - 1) & ~(BLOCK - 1)) - C) << 4;
  }
}

/**
 * Four f16, sign-extended to 32 bits, as f32: exact, denormals too; not for infinities or NaN.
 * Shifted by 13, exponent and fraction lie where f32 has them, 112 too low in the exponent; three
 * copies of the sign are cleared.
 */
// @ts-ignore: decorator
@inline export function widen(h: v128): v128 {
  return f32x4.mul(v128.and(i32x4.shl(h, 13), withoutSignCopies()), halfBias());
}

function tile1(y: usize, x: usize, w: usize, C: usize): void {
  let a = f32x4.splat(0), b = f32x4.splat(0);
  for (let c = C; c > 0; c--, x += 4, w += 16) {
    const xc = v128.load32_splat(x);
    a = madd(a, xc, widen(v128.load16x4_s(w)));
    b = madd(b, xc, widen(v128.load16x4_s(w, 8)));
  }
  v128.store(y, a);
  v128.store(y, b, 16);
}

function tile4(y0: usize, yRow: usize, x0: usize, xRow: usize, w: usize, C: usize): void {
  const y1 = y0 + yRow, y2 = y1 + yRow, y3 = y2 + yRow;
  let x1 = x0 + xRow, x2 = x1 + xRow, x3 = x2 + xRow;
  let a0 = f32x4.splat(0), a1 = f32x4.splat(0), a2 = f32x4.splat(0), a3 = f32x4.splat(0);
  let b0 = f32x4.splat(0), b1 = f32x4.splat(0), b2 = f32x4.splat(0), b3 = f32x4.splat(0);
  for (let c = C; c > 0; c--, w += 16, x0 += 4, x1 += 4, x2 += 4, x3 += 4) {
    const u = widen(v128.load16x4_s(w)), v = widen(v128.load16x4_s(w, 8));
    let x = v128.load32_splat(x0); a0 = madd(a0, x, u); b0 = madd(b0, x, v);
    x = v128.load32_splat(x1); a1 = madd(a1, x, u); b1 = madd(b1, x, v);
    x = v128.load32_splat(x2); a2 = madd(a2, x, u); b2 = madd(b2, x, v);
    x = v128.load32_splat(x3); a3 = madd(a3, x, u); b3 = madd(b3, x, v);
  }
  v128.store(y0, a0); v128.store(y1, a1); v128.store(y2, a2); v128.store(y3, a3);
  v128.store(y0, b0, 16); v128.store(y1, b1, 16); v128.store(y2, b2, 16); v128.store(y3, b3, 16);
}
