import { TINY, largestMagnitude, magnitude, rounded } from "./eight-bit";
import { blocksOf } from "./lanes";
import { SCRATCH } from "./page";

/**
 * Activations to 8 bits: per block of 32 one scale, max|x| / 127, and the scaled sum that 4-bit
 * weights need for their offset.
 *
 * An infinite or NaN input makes the scale so, and with it every output.
 * Definition: src/kernels/reference/quantize.ts, bit for bit.
 */
export function quantize(xq: usize, x: usize, xStride: usize, T: i32, C: i32): void {
  const blocks = blocksOf(C), whole = <usize>C >>> 5;
  const scales = blocks << 5, sums = ((blocks + 3) >>> 2) << 4;
  const rest = (<usize>C & 31) << 2;
  for (let t = 0; t < T; t++, x += xStride << 2, xq += scales + 2 * sums) {
    let from = x, to = xq, scale = xq + scales;
    for (let b: usize = 0; b < whole; b++, from += 128, to += 32, scale += 4) block(to, scale, sums, from);
    if (rest) {
      memory.fill(SCRATCH + rest, 0, 128 - rest);
      memory.copy(SCRATCH, from, rest);
      block(to, scale, sums, SCRATCH);
    }
  }
}

function block(to: usize, scaleAt: usize, sums: usize, x: usize): void {
  let most = i32x4.splat(0);
  for (let i: usize = 0; i < 128; i += 32) most = magnitude(magnitude(most, v128.load(x + i)), v128.load(x + i, 16));
  const max = largestMagnitude(most);
  const scale: f32 = max < TINY ? 0 : max / 127;
  const inverse = f32x4.splat(max < TINY ? 0 : <f32>1 / scale);
  let sum = i32x4.splat(0);
  for (let i: usize = 0; i < 32; i += 16, x += 64) {
    const a = rounded(v128.load(x), inverse), b = rounded(v128.load(x, 16), inverse);
    const c = rounded(v128.load(x, 32), inverse), d = rounded(v128.load(x, 48), inverse);
    sum = i32x4.add(sum, i32x4.add(i32x4.add(a, b), i32x4.add(c, d)));
    v128.store(to + i, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)));
  }
  sum = i32x4.add(sum, i32x4.shuffle(sum, sum, 2, 3, 0, 1));
  store<f32>(scaleAt, scale);
  store<f32>(scaleAt + sums, scale * <f32>(i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1)));
}
