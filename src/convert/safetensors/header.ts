/**
 * readSafetensorsHeader: names, shapes and byte ranges of one .safetensors file, all checked against its size.
 *
 * Format: u64 header length, JSON header, data. As in the reference reader the ranges must tile the data
 * exactly, without gap or overlap.
 * Source: huggingface/safetensors README, `safetensors/src/tensor.rs`.
 */
import { Failure } from "../../core/failure.ts";
import { product } from "../../core/sizes.ts";
import { parseJson } from "../../core/strict-json.ts";
import type { ByteFile } from "../checkpoint/byte-file.ts";

const HEADER_MAX_BYTES = 100_000_000;

const elementBits: Record<string, number> = {
  F64: 64,
  I64: 64,
  U64: 64,
  C64: 64,
  F32: 32,
  I32: 32,
  U32: 32,
  F16: 16,
  BF16: 16,
  I16: 16,
  U16: 16,
  I8: 8,
  U8: 8,
  BOOL: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F6_E2M3: 6,
  F6_E3M2: 6,
  F4: 4,
};

export interface SafeTensor {
  dtype: string;
  shape: number[];
  /** Position in the file. */
  start: number;
  bytes: number;
}

export async function readSafetensorsHeader(file: ByteFile): Promise<Map<string, SafeTensor>> {
  if (file.size < 8) file.refuse(`expected at least 8 bytes, got ${file.size}`);
  const prefix = await file.read(0, 8);
  const length = new DataView(prefix.buffer).getBigUint64(0, true);
  const longest = Math.min(HEADER_MAX_BYTES, file.size - 8);
  if (length < 2n || length > BigInt(longest)) file.refuse(`header length: expected 2…${longest}, got ${length}`);
  const headerBytes = Number(length);
  const json = parseJson(await file.read(8, headerBytes), {
    where: file.name,
    maxBytes: HEADER_MAX_BYTES,
    maxDepth: 8,
  });
  return readEntries(file.name, json, 8 + headerBytes, file.size);
}

/** `json` is the header; data lies in [dataStart, fileSize). */
function readEntries(where: string, json: unknown, dataStart: number, fileSize: number): Map<string, SafeTensor> {
  if (!isObject(json)) refuse(where, `header: expected an object, got ${show(json)}`);
  const entries = Object.entries(json).filter(([name]) => name !== "__metadata__");
  const tensors = entries.map(([name, entry]) => [name, readEntry(where, name, entry, dataStart)] as const);
  let end = dataStart;
  for (const [name, tensor] of tensors.toSorted(([, a], [, b]) => a.start - b.start || a.bytes - b.bytes)) {
    if (tensor.start !== end) {
      refuse(where, `${name}: data_offsets: expected to begin at ${end - dataStart}, got ${tensor.start - dataStart}`);
    }
    end = tensor.start + tensor.bytes;
  }
  if (end !== fileSize) refuse(where, `expected ${end} bytes as the header says, got ${fileSize}`);
  return new Map(tensors);
}

function readEntry(where: string, name: string, entry: unknown, dataStart: number): SafeTensor {
  const at = `${where}: ${name.slice(0, 200)}`;
  if (name.length < 1 || name.length > 256) refuse(at, `expected a name of 1…256 characters, got ${name.length}`);
  if (!isObject(entry)) refuse(at, `expected an object, got ${show(entry)}`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const bits = typeof dtype === "string" && Object.hasOwn(elementBits, dtype) ? elementBits[dtype] : undefined;
  if (bits === undefined)
    refuse(at, `dtype: expected one of ${Object.keys(elementBits).join(", ")}, got ${show(dtype)}`);
  if (!isSizes(shape) || shape.length > 8 || shape.includes(0))
    refuse(at, `shape: expected up to 8 sizes from 1 up, got ${show(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1]! < offsets[0]!) {
    refuse(at, `data_offsets: expected [begin, end], got ${show(offsets)}`);
  }
  const bytes = offsets[1]! - offsets[0]!;
  const expected = (elementCount(at, shape) * bits) / 8;
  if (bytes !== expected) refuse(at, `data_offsets: expected ${expected} bytes for ${dtype} [${shape}], got ${bytes}`);
  return { dtype: dtype as string, shape, start: dataStart + offsets[0]!, bytes };
}

function elementCount(at: string, shape: number[]): number {
  try {
    const n = product(shape);
    if (Number.isSafeInteger(n * 64)) return n;
    throw new RangeError(`shape [${shape}] has too many elements`);
  } catch (cause) {
    return refuse(at, `shape: ${(cause as Error).message}`);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

const show = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 80);

function refuse(at: string, message: string): never {
  throw new Failure("weights_invalid", `${at}: ${message}`, { param: at });
}
