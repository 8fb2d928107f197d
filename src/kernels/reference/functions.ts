/** Scalar functions of the layers, in f64 and safe over the whole range. */

export const silu = (x: number): number => x / (1 + Math.exp(-x));

/** log(1 + e^x) without overflow, and precise where it is small. */
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/** Nearest integer, ties to even. */
export function roundHalfEven(x: number): number {
  const low = Math.floor(x);
  const above = x - low;
  if (above !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
