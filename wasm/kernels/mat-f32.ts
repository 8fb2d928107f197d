import { madd, tile4x8 } from "./matmul";

/**
 * y (T, pad8(R)) = x (T, C) · Wᵀ in f32. A row group is a (C, 8) matrix, so the tile of `matmul` fits as it is.
 *
 * Definition: src/kernels/reference/mat.ts.
 */
export function matF32(y: usize, x: usize, xStride: usize, w: usize, T: i32, R: i32, C: usize): void {
  const groups = (R + 7) >>> 3;
  const yRow = <usize>groups << 5, xRow = xStride << 2, group = C << 5;
  for (let g = 0; g < groups; g++, w += group, y += 32) {
    let t = 0, from = x, out = y;
    for (; t + 4 <= T; t += 4, from += 4 * xRow, out += 4 * yRow) tile4x8(out, yRow, from, xRow, w, 32, C, false);
    for (; t < T; t++, from += xRow, out += yRow) tile1(out, from, w, C);
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
