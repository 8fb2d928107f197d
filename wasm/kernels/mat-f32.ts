import { madd, tile4x8 } from "./matmul";
import { SCRATCH } from "./page";

/**
 * Columns that are summed on their own before they join the rest: the rounding error
 * grows with C / 32 + 32, not with C.
 */
// @ts-ignore: decorator
@inline export const BLOCK: usize = 32;

/**
 * y (T, pad8(R)) = x (T, C) · Wᵀ in f32. A row group is a (C, 8) matrix, so the tile of `matmul` fits as it is.
 *
 * Definition: src/kernels/reference/mat.ts.
 */
export function matF32(y: usize, x: usize, xStride: usize, w: usize, T: i32, R: i32, C: usize): void {
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5, xRow = xStride << 2;
  for (let g = 0; g < groups; g++, y += 32) {
    for (let c: usize = 0; c < C; c += BLOCK, w += BLOCK << 5) {
      const n = min(BLOCK, C - c);
      let t = 0, from = x + (c << 2), out = y;
      for (; t + 4 <= T; t += 4, from += 4 * xRow, out += 4 * yRow) {
        tile4x8(SCRATCH, 32, from, xRow, w, 32, n, false);
        join(out, yRow, 4, c == 0);
      }
      for (; t < T; t++, from += xRow, out += yRow) {
        tile1(SCRATCH, from, w, n);
        join(out, yRow, 1, c == 0);
      }
    }
    w -= (((C + BLOCK - 1) & ~(BLOCK - 1)) - C) << 5;
  }
}

/** Adds the block's sums (rows, 8), which lie in the scratch, to y, or starts y with them. */
export function join(y: usize, yRow: usize, rows: i32, first: bool): void {
  for (let r = 0, from = SCRATCH; r < rows; r++, from += 32, y += yRow) {
    const a = v128.load(from), b = v128.load(from, 16);
    v128.store(y, first ? a : f32x4.add(v128.load(y), a));
    v128.store(y, first ? b : f32x4.add(v128.load(y, 16), b), 16);
  }
}

function tile1(y: usize, x: usize, w: usize, C: usize): void {
  let a = f32x4.splat(0), b = f32x4.splat(0);
  for (let c = C; c > 0; c--, x += 4, w += 32) {
    const xc = v128.load32_splat(x);
    a = madd(a, xc, v128.load(w));
    b = madd(b, xc, v128.load(w, 16));
  }
  v128.store(y, a);
  v128.store(y, b, 16);
}
