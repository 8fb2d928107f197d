import { one } from "./constants";
import { exp4, exp8 } from "./exp";
import { loadPart, storePart } from "./lanes";

/**
 * y (n) = silu(gate) · factor, silu(x) = x / (1 + e^−x); factor 0 stands for one. y may be gate or factor.
 *
 * Below −88.4 silu is −0. Largest error over −87 … 87: 3.1 ulp (test/kernels/functions.test.ts).
 */
export function siluTimes(y: usize, gate: usize, factor: usize, n: usize): void {
  const whole = (n << 2) & ~15, rest = n & 3;
  let i: usize = 0;
  for (; i + 32 <= whole; i += 32) {
    const a = v128.load(gate + i), b = v128.load(gate + i, 16);
    const fa = factor ? v128.load(factor + i) : one(), fb = factor ? v128.load(factor + i, 16) : one();
    exp8(y + i, negative(a), negative(b));
    v128.store(y + i, f32x4.mul(f32x4.div(a, f32x4.add(one(), v128.load(y + i))), fa));
    v128.store(y + i, f32x4.mul(f32x4.div(b, f32x4.add(one(), v128.load(y + i, 16))), fb), 16);
  }
  if (i < whole) {
    v128.store(y + i, f32x4.mul(silu4(v128.load(gate + i)), factor ? v128.load(factor + i) : one()));
  }
  if (rest) {
    storePart(y + whole, f32x4.mul(silu4(loadPart(gate + whole, rest)), factor ? loadPart(factor + whole, rest) : one()), rest);
  }
}

// @ts-ignore: decorator
@inline function negative(x: v128): v128 {
  return f32x4.sub(f32x4.splat(0), x);
}

// @ts-ignore: decorator
@inline function silu4(x: v128): v128 {
  return f32x4.div(x, f32x4.add(one(), exp4(negative(x))));
}
