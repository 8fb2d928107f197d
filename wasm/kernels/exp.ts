import {
  exp1, exp2, exp3, exp4th, exp5, exp6, expCeiling, expFloor, ln2, ln2High, ln2Low, log2e, one, rounder, short2, short3, short4,
} from "./constants";

/**
 * exp and softplus of four f32 lanes, without a branch, a table or a fused operation: the same bits on every machine.
 */

/**
 * e^x. Below −87 it is 0, so that no denormal arises; above 88.4 infinite; NaN stays NaN.
 *
 * e^x = 2^n · e^r with n = round(x / ln 2) and |r| ≤ ln 2 / 2; e^r by the polynomial of Cephes `expf`. n = 128 gives
 * infinity. Largest error of 2^20 values over −87 … 0: 1.3 ulp.
 */
// @ts-ignore: decorator
@inline export function exp4(x: v128): v128 {
  const bounded = f32x4.pmin(x, expCeiling());
  const shifted = f32x4.add(f32x4.mul(bounded, log2e()), rounder());
  const n = f32x4.sub(shifted, rounder());
  const r = f32x4.add(f32x4.sub(bounded, f32x4.mul(n, ln2High())), f32x4.mul(n, ln2Low()));
  // By pairs (Estrin), since a chain of additions would wait for each.
  const square = f32x4.mul(r, r);
  const high = f32x4.add(f32x4.mul(exp6(), r), exp5());
  const middle = f32x4.add(f32x4.mul(exp4th(), r), exp3());
  const low = f32x4.add(f32x4.mul(exp2(), r), exp1());
  let p = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(high, square), middle), square), low);
  p = f32x4.add(f32x4.mul(p, square), f32x4.add(r, one()));
  const power = i32x4.add(i32x4.shl(shifted, 23), one()); // bits of 2^n: those of 1 with n added to the exponent
  return v128.andnot(f32x4.mul(p, power), f32x4.lt(x, expFloor()));
}

/**
 * to (8) = e^xa, e^xb: exp4 of two vectors side by side, a third faster than one after the other
 * because each waits for itself.
 */
// @ts-ignore: decorator
@inline export function exp8(to: usize, xa: v128, xb: v128): void {
  const ba = f32x4.pmin(xa, expCeiling()), bb = f32x4.pmin(xb, expCeiling());
  const sa = f32x4.add(f32x4.mul(ba, log2e()), rounder()), sb = f32x4.add(f32x4.mul(bb, log2e()), rounder());
  const na = f32x4.sub(sa, rounder()), nb = f32x4.sub(sb, rounder());
  const ra = f32x4.add(f32x4.sub(ba, f32x4.mul(na, ln2High())), f32x4.mul(na, ln2Low())), rb = f32x4.add(f32x4.sub(bb, f32x4.mul(nb, ln2High())), f32x4.mul(nb, ln2Low()));
  const qa = f32x4.mul(ra, ra), qb = f32x4.mul(rb, rb);
  const ha = f32x4.add(f32x4.mul(exp6(), ra), exp5()), hb = f32x4.add(f32x4.mul(exp6(), rb), exp5());
  const ma = f32x4.add(f32x4.mul(exp4th(), ra), exp3()), mb = f32x4.add(f32x4.mul(exp4th(), rb), exp3());
  const la = f32x4.add(f32x4.mul(exp2(), ra), exp1()), lb = f32x4.add(f32x4.mul(exp2(), rb), exp1());
  const ga = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(ha, qa), ma), qa), la), gb = f32x4.add(f32x4.mul(f32x4.add(f32x4.mul(hb, qb), mb), qb), lb);
  const pa = f32x4.add(f32x4.mul(ga, qa), f32x4.add(ra, one())), pb = f32x4.add(f32x4.mul(gb, qb), f32x4.add(rb, one()));
  const wa = i32x4.add(i32x4.shl(sa, 23), one()), wb = i32x4.add(i32x4.shl(sb, 23), one());
  v128.store(to, v128.andnot(f32x4.mul(pa, wa), f32x4.lt(xa, expFloor())));
  v128.store(to, v128.andnot(f32x4.mul(pb, wb), f32x4.lt(xb, expFloor())), 16);
}

/**
 * to (8) = e^xa, e^xb for x ≤ 0 to 5.3e-6 of each, a third less work than exp8: for weights that are then rounded to 14
 * bits. Below −87 it is 0; NaN stays NaN.
 */
// @ts-ignore: decorator
@inline export function shortExp8(to: usize, xa: v128, xb: v128): void {
  const sa = f32x4.add(f32x4.mul(xa, log2e()), rounder()), sb = f32x4.add(f32x4.mul(xb, log2e()), rounder());
  const na = f32x4.sub(sa, rounder()), nb = f32x4.sub(sb, rounder());
  const ra = f32x4.sub(xa, f32x4.mul(na, ln2())), rb = f32x4.sub(xb, f32x4.mul(nb, ln2()));
  const qa = f32x4.mul(ra, ra), qb = f32x4.mul(rb, rb);
  const la = f32x4.add(f32x4.mul(short3(), ra), short2()), lb = f32x4.add(f32x4.mul(short3(), rb), short2());
  const ha = f32x4.add(f32x4.mul(short4(), qa), la), hb = f32x4.add(f32x4.mul(short4(), qb), lb);
  const pa = f32x4.add(f32x4.mul(ha, qa), f32x4.add(ra, one())), pb = f32x4.add(f32x4.mul(hb, qb), f32x4.add(rb, one()));
  const wa = i32x4.add(i32x4.shl(sa, 23), one()), wb = i32x4.add(i32x4.shl(sb, 23), one());
  v128.store(to, v128.andnot(f32x4.mul(pa, wa), f32x4.lt(xa, expFloor())));
  v128.store(to, v128.andnot(f32x4.mul(pb, wb), f32x4.lt(xb, expFloor())), 16);
}

/**
 * log(1 + e^x) = max(x, 0) + log1p(e^−|x|), so nothing overflows and small results keep their relative precision.
 *
 * log1p(u) = 2 atanh(s), s = u / (2 + u) ≤ 1/3: eight terms of the series leave 2e-9.
 * Largest error over −87 … 87: 3.7 ulp (test/kernels/functions.test.ts).
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
