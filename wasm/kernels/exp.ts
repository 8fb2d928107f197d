/** exp, silu and softplus of four f32 lanes, without a branch, a table or a fused operation: the same bits on every machine. */

/**
 * e^x. Below −87 it is 0, above 88 infinite, so that no denormal arises; NaN stays NaN.
 *
 * e^x = 2^n · e^r with n = round(x / ln 2) and |r| ≤ ln 2 / 2; e^r by the polynomial of Cephes `expf`.
 * Largest error of 2^20 values over −87 … 0: 1.0 ulp.
 */
// @ts-ignore: decorator
@inline export function exp4(x: v128): v128 {
  const round = f32x4.splat(12582912); // 1.5 · 2^23: adding it leaves n in the low bits
  const shifted = f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504)), round);
  const n = f32x4.sub(shifted, round);
  // ln 2 in two parts; n · 0.693359375 is exact.
  const r = f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))), f32x4.mul(n, f32x4.splat(-2.12194440e-4)));
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(p, f32x4.mul(r, r)), r), f32x4.splat(1));
  const power = i32x4.add(i32x4.shl(shifted, 23), i32x4.splat(0x3f800000)); // bits of 2^n
  let y = f32x4.mul(p, power);
  y = v128.andnot(y, f32x4.lt(x, f32x4.splat(-87)));
  return v128.bitselect(f32x4.splat(Infinity), y, f32x4.gt(x, f32x4.splat(88)));
}

/** x / (1 + e^−x). Below −88 it is −0. Largest error over −87 … 87: 2.4 ulp (test/kernels/functions.test.ts). */
// @ts-ignore: decorator
@inline export function silu4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

/**
 * log(1 + e^x) = max(x, 0) + log1p(e^−|x|), so nothing overflows and small results keep their relative precision.
 *
 * log1p(u) = 2 atanh(s), s = u / (2 + u) ≤ 1/3: eight terms of the series leave 2e-9.
 * Largest error over −87 … 87: 3.4 ulp (test/kernels/functions.test.ts).
 */
// @ts-ignore: decorator
@inline export function softplus4(x: v128): v128 {
  const u = exp4(f32x4.neg(f32x4.abs(x)));
  const s = f32x4.div(u, f32x4.add(u, f32x4.splat(2)));
  const z = f32x4.mul(s, s);
  let p = f32x4.add(f32x4.mul(z, f32x4.splat(1.0 / 15)), f32x4.splat(1.0 / 13));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1.0 / 11));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1.0 / 9));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1.0 / 7));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1.0 / 5));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1.0 / 3));
  p = f32x4.add(f32x4.mul(z, p), f32x4.splat(1));
  return f32x4.add(f32x4.max(x, f32x4.splat(0)), f32x4.mul(f32x4.add(s, s), p));
}
