/** Float formats of checkpoints, to f32. Little-endian bytes, as every supported file stores them. */

/** Value of each of the 65,536 half floats. */
export const half: Float32Array = Float32Array.from({ length: 65_536 }, (_, bits) => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14);
});

/** That of two bytes in the midst of others. */
export const halfAt = (bytes: Uint8Array, at: number): number => half[bytes[at]! | (bytes[at + 1]! << 8)]!;

export const f32 = (bytes: Uint8Array<ArrayBuffer>): Float32Array =>
  new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);

export function f16(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const out = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = half[bits[i]!]!;
  return out;
}

/** bf16 is the upper half of an f32. */
export function bf16(bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const bits = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
  const out = new Uint32Array(bits.length);
  for (let i = 0; i < bits.length; i++) out[i] = bits[i]! << 16;
  return new Float32Array(out.buffer);
}
