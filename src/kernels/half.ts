/** IEEE half floats as 16-bit integers, one by one and many at once. */

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

/** The bits of 65520: a float of this size or larger has no finite half. */
const TOO_LARGE = 0x477ff000;
/** The bits of the smallest float whose half is a normal number. */
const LEAST_NORMAL = 0x38800000;

/** Takes a float's exponent bias for a half's, and adds what rounds to the nearest half but for a tie. */
const REBIAS = 0xfff - (112 << 23);

/**
 * The nearest halves of floats that are given as their bits, or undefined where one of them is
 * too large to have a finite half.
 */
export function toHalves(words: Int32Array): Uint16Array<ArrayBuffer> | undefined {
  const n = words.length;
  const floats = new Float32Array(words.buffer, words.byteOffset, n);
  const halves = new Uint16Array(n);
  // The same as in `toHalf`, without a call for each number.
  for (let i = 0; i < n; i++) {
    const b = words[i]!;
    const magnitude = b & 0x7fffffff;
    const sign = (b >>> 16) & 0x8000;
    if (magnitude < LEAST_NORMAL) {
      halves[i] = sign | (Math.abs(floats[i]!) * 2 ** 24 + 2 ** 52 - 2 ** 52);
    } else {
      if (magnitude >= TOO_LARGE) return undefined;
      halves[i] = sign | ((magnitude + REBIAS + ((b >>> 13) & 1)) >>> 13);
    }
  }
  return halves;
}
