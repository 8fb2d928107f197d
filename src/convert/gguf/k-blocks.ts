/**
 * Decoders of GGUF's K blocks: 256 values in sub-blocks with integer scales of their own.
 *
 * Source: ggml `ggml-quants.c` (dequantize_row_q4_K, _q5_K, _q6_K, get_scale_min_k4).
 */
import { halfAt } from "../checkpoint/floats.ts";

const { fround } = Math;

/** Scale and minimum of sub-block j (6 bits each), packed in 12 bytes at `s`. */
function scaleAndMin(bytes: Uint8Array, s: number, j: number): [number, number] {
  if (j < 4) return [bytes[s + j]! & 63, bytes[s + j + 4]! & 63];
  const both = bytes[s + j + 4]!;
  return [(both & 15) | ((bytes[s + j - 4]! >> 6) << 4), (both >> 4) | ((bytes[s + j]! >> 6) << 4)];
}

/**
 * f16 d, f16 dmin, 12 bytes of scales and minima, [32 bytes of fifth bits,] 128 bytes of
 * nibbles: w = d·scale·q − dmin·min.
 */
function decodeQ45K(bytes: Uint8Array, count: number, out: Float32Array, fifth: boolean): void {
  const quantsAt = fifth ? 48 : 16;
  for (let b = 0, at = 0, o = 0; b < count; b++, at += quantsAt + 128) {
    const d = halfAt(bytes, at);
    const dmin = halfAt(bytes, at + 2);
    for (let j = 0; j < 8; j++, o += 32) {
      const [scale, min] = scaleAndMin(bytes, at + 4, j);
      const d1 = fround(d * scale);
      const m1 = fround(dmin * min);
      const shift = j & 1 ? 4 : 0;
      const quants = at + quantsAt + 32 * (j >> 1);
      for (let i = 0; i < 32; i++) {
        const high = fifth ? ((bytes[at + 16 + i]! >> j) & 1) << 4 : 0;
        out[o + i] = fround(d1 * (((bytes[quants + i]! >> shift) & 15) | high)) - m1;
      }
    }
  }
}

export const decodeQ4K = (bytes: Uint8Array, count: number, out: Float32Array): void =>
  decodeQ45K(bytes, count, out, false);
export const decodeQ5K = (bytes: Uint8Array, count: number, out: Float32Array): void =>
  decodeQ45K(bytes, count, out, true);

/** 128 bytes of low nibbles, 64 of upper pairs, 16 × i8 scale, f16 d: w = d·scale·(q − 32). */
export function decodeQ6K(bytes: Uint8Array, count: number, out: Float32Array): void {
  for (let b = 0, at = 0, o = 0; b < count; b++, at += 210, o += 256) {
    const d = halfAt(bytes, at + 208);
    for (let i = 0; i < 256; i++) {
      const part = i >> 7; // halves of 128 share 64 bytes of nibbles and 32 of pairs
      const quarter = (i >> 5) & 3;
      const nibble = bytes[at + 64 * part + 32 * (quarter & 1) + (i & 31)]! >> (quarter & 2 ? 4 : 0);
      const pair = bytes[at + 128 + 32 * part + (i & 31)]! >> (2 * quarter);
      const scale = (bytes[at + 192 + (i >> 4)]! << 24) >> 24;
      out[o + i] = fround(d * scale) * (((nibble & 15) | ((pair & 3) << 4)) - 32);
    }
  }
}
