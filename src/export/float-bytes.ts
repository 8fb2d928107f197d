/** floatBytes: f32 values as little-endian bytes of a checkpoint's dtype. */
export type ExportDtype = "bf16" | "f32";

export const floatWidth = (dtype: ExportDtype): number => (dtype === "bf16" ? 2 : 4);

/** bf16 rounds to nearest, ties to even; what is no number stays one. */
export function floatBytes(values: Float32Array, dtype: ExportDtype): Uint8Array {
  if (dtype === "f32") return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const out = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    const isNumberless = (b & 0x7fffffff) > 0x7f800000;
    out[i] = isNumberless ? (b >>> 16) | 0x40 : (b + 0x7fff + ((b >>> 16) & 1)) >>> 16;
  }
  return new Uint8Array(out.buffer);
}
