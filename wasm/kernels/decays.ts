import { exp4 } from "./exp";
import { SCRATCH } from "./page";

/**
 * The decays between the tokens of one chunk of a scan, for one head: shared by `ssdChunk` and `gatedDeltaChunk`.
 *
 * l_t is the sum of log decays up to token t. Sums and differences of l are f64, since two large
 * neighbours may lie close together.
 */

/** Tokens at a time. */
// @ts-ignore: decorator
@inline export const CHUNK: usize = 32;
/** Of one head, by token: l in f64, dt, e^l, e^(l_T − l) · dt. dt is 1 where a scan has none. */
// @ts-ignore: decorator
@inline const LOGS: usize = SCRATCH;
// @ts-ignore: decorator
@inline const STEPS: usize = LOGS + 64 * 8;
// @ts-ignore: decorator
@inline export const GROWTH: usize = STEPS + 64 * 4;
// @ts-ignore: decorator
@inline const WEIGHTS: usize = GROWTH + 64 * 4;

/** logDecay, dt (T, H) of one head; dt 0 stands for ones. */
export function accumulate(logDecay: usize, dt: usize, H: usize, T: usize): void {
  let l: f64 = 0;
  for (let t: usize = 0; t < T; t++) {
    l += <f64>load<f32>(logDecay + ((t * H) << 2));
    store<f64>(LOGS + (t << 3), l);
    store<f32>(STEPS + (t << 2), dt ? load<f32>(dt + ((t * H) << 2)) : <f32>1);
  }
  const end = f64x2.splat(l), zero = f64x2.splat(0);
  for (let t: usize = 0; t < T; t += 4) {
    v128.store(GROWTH + (t << 2), exp4(difference(t, zero, -1)));
    v128.store(WEIGHTS + (t << 2), f32x4.mul(exp4(difference(t, end, 1)), v128.load(STEPS + (t << 2))));
  }
}

/** from − sign · l of four tokens, as f32. */
// @ts-ignore: decorator
@inline function difference(u: usize, from: v128, sign: f64): v128 {
  const at = LOGS + (u << 3), factor = f64x2.splat(sign);
  const a = f32x4.demote_f64x2_zero(f64x2.sub(from, f64x2.mul(factor, v128.load(at))));
  const b = f32x4.demote_f64x2_zero(f64x2.sub(from, f64x2.mul(factor, v128.load(at, 16))));
  return i32x4.shuffle(a, b, 0, 1, 4, 5);
}

/** Row t of a mixing matrix: e^(l_t − l_u) · dt_u · pairs_u for u ≤ t, zero up to the next multiple of four. */
export function mix(to: usize, pairs: usize, t: usize): void {
  const l = f64x2.splat(load<f64>(LOGS + (t << 3)));
  const last = i32x4.splat(<i32>t);
  for (let u: usize = 0; u <= t; u += 4) {
    const at = u << 2;
    const w = f32x4.mul(f32x4.mul(exp4(difference(u, l, 1)), v128.load(STEPS + at)), v128.load(pairs + at));
    const tokens = i32x4.add(i32x4.splat(<i32>u), i32x4(0, 1, 2, 3));
    v128.store(to + at, v128.andnot(w, i32x4.gt_s(tokens, last)));
  }
}

/** s *= decay. */
export function decayed(s: usize, n: usize, decay: f32): void {
  const whole = (n << 2) & ~15, bytes = n << 2;
  let i: usize = 0;
  for (; i < whole; i += 16) v128.store(s + i, f32x4.mul(v128.load(s + i), f32x4.splat(decay)));
  for (; i < bytes; i += 4) store<f32>(s + i, load<f32>(s + i) * decay);
}

/** Each of P rows of T floats *= weights. */
export function weigh(x: usize, row: usize, P: usize, T: usize): void {
  for (let p: usize = 0; p < P; p++, x += row) {
    for (let t: usize = 0; t < T << 2; t += 16) v128.store(x + t, f32x4.mul(v128.load(x + t), v128.load(WEIGHTS + t)));
  }
}
