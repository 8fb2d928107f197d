/** Numbers that are the same at every run. */

/** Uniform in [0, 1): mulberry32. */
export function uniform(seed: number): () => number {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** n normal values of standard deviation `size`. */
export function normal(n: number, size = 1, seed = 1): Float32Array {
  const next = uniform(seed * 7919 + n);
  return Float32Array.from(
    { length: n },
    () => size * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  );
}

/** n values between low and high. */
export function between(n: number, low: number, high: number, seed = 1): Float32Array {
  const next = uniform(seed * 104729 + n);
  return Float32Array.from({ length: n }, () => low + (high - low) * next());
}
