/** IEEE half floats as 16-bit integers. */

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/** Nearest half, ties to even; from 65520 on infinite. */
export function toHalf(x: number): number {
  float[0] = x;
  const b = bits[0]!;
  const sign = (b >>> 16) & 0x8000;
  const magnitude = b & 0x7fffffff;
  if (magnitude >= 0x47800000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  // Below 2^-14 a half counts in steps of 2^-24; adding 2^52 rounds to whole steps.
  if (magnitude < 0x38800000) return sign | (Math.abs(float[0]!) * 2 ** 24 + 2 ** 52 - 2 ** 52);
  // Exponent bias 127 → 15; the carry of the rounding may go into the exponent.
  const rounding = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude - (112 << 23) + rounding) >>> 13);
}

export function fromHalf(h: number): number {
  const exponent = (h >>> 10) & 31;
  const fraction = h & 1023;
  const sign = h & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent ? sign * (1 + fraction / 1024) * 2 ** (exponent - 15) : sign * fraction * 2 ** -24;
}
