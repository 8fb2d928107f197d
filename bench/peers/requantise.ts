/**
 * requantise: a GGUF file's weights again in another block type, so that every engine gets the type it is fastest with.
 *
 * Metadata is copied byte for byte. Rounding as ggml does it (`quantize_row_q4_0_ref`,
 * `quantize_row_q8_0_ref` in ggml-quants.c).
 */
import { writeFileSync } from "node:fs";
import { ByteFile } from "../../src/convert/checkpoint/byte-file.ts";
import { GgufCursor } from "../../src/convert/gguf/cursor.ts";
import { type GgufTensor, readGgufHeader } from "../../src/convert/gguf/header.ts";
import { padTo, product } from "../../src/core/sizes.ts";
import { toHalf } from "../../src/kernels/half.ts";

type Quantisation = "q4_0" | "q8_0";
const types = { f32: { code: 0, bytes: 4 }, q4_0: { code: 2, bytes: 18 }, q8_0: { code: 8, bytes: 34 } } as const;
const ALIGNMENT = 32;

/** What llama.cpp wants in f32 whatever its shape, and rows that are no whole blocks. */
const isPlain = ({ name, shape }: GgufTensor): boolean =>
  shape.length < 2 || shape.at(-1)! % 32 !== 0 || /conv1d|ssm_norm/.test(name);

/** Matrices become `type`; the embedding, which is the head too, becomes `head`. */
export async function requantise(from: string, to: string, type: Quantisation, head: Quantisation): Promise<void> {
  const file = await ByteFile.open(from);
  const { tensors } = await readGgufHeader(file);
  const bytes = await file.read(0, file.size);
  const cursor: GgufCursor = new GgufCursor(file.name, bytes, file.size);
  const [magic, version] = [cursor.u32("magic"), cursor.u32("version")];
  const tensorCount = cursor.size("tensor count");
  const metaCount = cursor.size("metadata count");
  const metaFrom = cursor.at;
  for (let i = 0; i < metaCount; i++) {
    const key = cursor.string("key");
    cursor.value(key, cursor.u32(key));
  }
  const meta = bytes.subarray(metaFrom, cursor.at);
  await file.close();

  const infos: Buffer[] = [];
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const tensor of tensors.values()) {
    const target = isPlain(tensor) ? "f32" : tensor.name === "token_embd.weight" ? head : type;
    infos.push(info(tensor, types[target].code, end));
    const data = encoded[target](values(tensor, bytes));
    parts.push(data, new Uint8Array(padTo(data.length, ALIGNMENT) - data.length));
    end += padTo(data.length, ALIGNMENT);
  }
  const prefix = Buffer.alloc(24);
  prefix.writeUInt32LE(magic, 0);
  prefix.writeUInt32LE(version, 4);
  prefix.writeBigUInt64LE(BigInt(tensorCount), 8);
  prefix.writeBigUInt64LE(BigInt(metaCount), 16);
  const top = Buffer.concat([prefix, meta, ...infos]);
  writeFileSync(to, Buffer.concat([top, Buffer.alloc(padTo(top.length, ALIGNMENT) - top.length), ...parts]));
}

function values({ type, shape, start, bytes: length }: GgufTensor, bytes: Uint8Array<ArrayBuffer>): Float32Array {
  const out = new Float32Array(product(shape));
  type.decode(bytes.slice(start, start + length), out.length / type.elements, out);
  return out;
}

function info({ name, shape }: GgufTensor, code: number, offset: number): Buffer {
  const text = Buffer.from(name);
  const out = Buffer.alloc(8 + text.length + 4 + 8 * shape.length + 4 + 8);
  let at = out.writeBigUInt64LE(BigInt(text.length), 0);
  at += text.copy(out, at);
  at = out.writeUInt32LE(shape.length, at);
  for (const size of shape.toReversed()) at = out.writeBigUInt64LE(BigInt(size), at);
  at = out.writeUInt32LE(code, at);
  out.writeBigUInt64LE(BigInt(offset), at);
  return out;
}

const encoded = {
  f32: (x: Float32Array) => new Uint8Array(x.buffer),
  /** f16 d, 32 × i8: d = max|x| / 127. */
  q8_0: (x: Float32Array) =>
    blocks(x, types.q8_0.bytes, (block, out) => {
      const d = block.reduce((most, v) => Math.max(most, Math.abs(v)), 0) / 127;
      out.setUint16(0, toHalf(d), true);
      for (const [i, v] of block.entries()) out.setInt8(2 + i, d ? Math.round(v / d) : 0);
    }),
  /**
   * f16 d, then value i in the low nibble of byte i, 16 + i in the high one: d = the value of largest magnitude / −8.
   */
  q4_0: (x: Float32Array) =>
    blocks(x, types.q4_0.bytes, (block, out) => {
      const d = block.reduce((most, v) => (Math.abs(v) > Math.abs(most) ? v : most), 0) / -8;
      out.setUint16(0, toHalf(d), true);
      const nibble = (v: number) => (d ? Math.max(0, Math.min(15, Math.trunc(v / d + 8.5))) : 8);
      for (let i = 0; i < 16; i++) out.setUint8(2 + i, nibble(block[i]!) | (nibble(block[16 + i]!) << 4));
    }),
};

function blocks(x: Float32Array, bytes: number, write: (block: Float32Array, out: DataView) => void): Uint8Array {
  const out = new Uint8Array((x.length / 32) * bytes);
  for (let i = 0; i < x.length / 32; i++)
    write(x.subarray(32 * i, 32 * i + 32), new DataView(out.buffer, i * bytes, bytes));
  return out;
}
