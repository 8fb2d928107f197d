/**
 * GGUF block types: how many values a block holds, its bytes, and its decoder to f32.
 *
 * Each decoder rounds where ggml does, in f32. Source: ggml `ggml-common.h`, `ggml-quants.c` (dequantize_row_*).
 * Golden: test/convert/fixtures/blocks, from the `gguf` Python package.
 */
import { halfAt } from "../checkpoint/floats.ts";
import { decodeQ4K, decodeQ5K, decodeQ6K } from "./k-blocks.ts";

/** Decodes `count` blocks that start at `bytes[0]` into `out`. */
type Decode = (bytes: Uint8Array<ArrayBuffer>, count: number, out: Float32Array) => void;

export interface BlockType {
  name: string;
  elements: number;
  bytes: number;
  decode: Decode;
}

const { fround } = Math;

const decodeF32: Decode = (bytes, count, out) => out.set(new Float32Array(bytes.buffer, bytes.byteOffset, count));

const decodeF16: Decode = (bytes, count, out) => {
  for (let i = 0; i < count; i++) out[i] = halfAt(bytes, 2 * i);
};

const decodeBF16: Decode = (bytes, count, out) => {
  const bits = new Uint32Array(out.buffer, out.byteOffset, count);
  for (let i = 0; i < count; i++) bits[i] = (bytes[2 * i]! << 16) | (bytes[2 * i + 1]! << 24);
};

/** f16 d, 32 × i8: w = d·q. */
const decodeQ80: Decode = (bytes, count, out) => {
  const q = new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let b = 0, at = 0, o = 0; b < count; b++, at += 34, o += 32) {
    const d = halfAt(bytes, at);
    for (let i = 0; i < 32; i++) out[o + i] = d * q[at + 2 + i]!;
  }
};

/**
 * Blocks of 32 with a half scale, perhaps a half offset, perhaps a fifth bit per value (u32), then 16 bytes of nibbles:
 * value i in the low nibble of byte i, value 16 + i in the high one. w = d·(q − zero) + m.
 */
function nibbles(options: { offset: boolean; fifth: boolean; zero: number }): Decode {
  const { offset, fifth, zero } = options;
  const bitsAt = offset ? 4 : 2;
  const quantsAt = bitsAt + (fifth ? 4 : 0);
  const stride = quantsAt + 16;
  return (bytes, count, out) => {
    for (let b = 0, at = 0, o = 0; b < count; b++, at += stride, o += 32) {
      const d = halfAt(bytes, at);
      const m = offset ? halfAt(bytes, at + 2) : -0; // x + −0 is x, −0 too
      const high = fifth
        ? bytes[at + bitsAt]! |
          (bytes[at + bitsAt + 1]! << 8) |
          (bytes[at + bitsAt + 2]! << 16) |
          (bytes[at + bitsAt + 3]! << 24)
        : 0;
      for (let i = 0; i < 16; i++) {
        const byte = bytes[at + quantsAt + i]!;
        const low = (byte & 15) | (((high >>> i) & 1) << 4);
        const top = (byte >> 4) | (((high >>> (i + 16)) & 1) << 4);
        out[o + i] = fround(d * (low - zero)) + m;
        out[o + 16 + i] = fround(d * (top - zero)) + m;
      }
    }
  };
}

/** Values of IQ4_NL's sixteen codes. Source: ggml `kvalues_iq4nl`. */
const uneven = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

/** f16 d, then 16 bytes of codes as in Q4_0: w = d · value of the code. */
const decodeIq4Nl: Decode = (bytes, count, out) => {
  for (let b = 0, at = 0, o = 0; b < count; b++, at += 18, o += 32) {
    const d = halfAt(bytes, at);
    for (let i = 0; i < 16; i++) {
      const byte = bytes[at + 2 + i]!;
      out[o + i] = d * uneven[byte & 15]!;
      out[o + 16 + i] = d * uneven[byte >> 4]!;
    }
  }
};

/** By ggml type code. */
export const blockTypes: ReadonlyMap<number, BlockType> = new Map([
  [0, { name: "F32", elements: 1, bytes: 4, decode: decodeF32 }],
  [1, { name: "F16", elements: 1, bytes: 2, decode: decodeF16 }],
  [2, { name: "Q4_0", elements: 32, bytes: 18, decode: nibbles({ offset: false, fifth: false, zero: 8 }) }],
  [3, { name: "Q4_1", elements: 32, bytes: 20, decode: nibbles({ offset: true, fifth: false, zero: 0 }) }],
  [6, { name: "Q5_0", elements: 32, bytes: 22, decode: nibbles({ offset: false, fifth: true, zero: 16 }) }],
  [7, { name: "Q5_1", elements: 32, bytes: 24, decode: nibbles({ offset: true, fifth: true, zero: 0 }) }],
  [8, { name: "Q8_0", elements: 32, bytes: 34, decode: decodeQ80 }],
  [12, { name: "Q4_K", elements: 256, bytes: 144, decode: decodeQ4K }],
  [13, { name: "Q5_K", elements: 256, bytes: 176, decode: decodeQ5K }],
  [14, { name: "Q6_K", elements: 256, bytes: 210, decode: decodeQ6K }],
  [20, { name: "IQ4_NL", elements: 32, bytes: 18, decode: decodeIq4Nl }],
  [30, { name: "BF16", elements: 1, bytes: 2, decode: decodeBF16 }],
]);

/** Names of every ggml type, for messages. */
export const typeNames: Readonly<Record<number, string>> = {
  0: "F32",
  1: "F16",
  2: "Q4_0",
  3: "Q4_1",
  6: "Q5_0",
  7: "Q5_1",
  8: "Q8_0",
  9: "Q8_1",
  10: "Q2_K",
  11: "Q3_K",
  12: "Q4_K",
  13: "Q5_K",
  14: "Q6_K",
  15: "Q8_K",
  16: "IQ2_XXS",
  17: "IQ2_XS",
  18: "IQ3_XXS",
  19: "IQ1_S",
  20: "IQ4_NL",
  21: "IQ3_S",
  22: "IQ2_S",
  23: "IQ4_XS",
  24: "I8",
  25: "I16",
  26: "I32",
  27: "I64",
  28: "F64",
  29: "IQ1_M",
  30: "BF16",
  34: "TQ1_0",
  35: "TQ2_0",
  39: "MXFP4",
  40: "NVFP4",
};
