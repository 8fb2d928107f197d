/**
 * readGgufHeader: metadata and tensor table of a .gguf file (versions 2 and 3), all checked against its size.
 *
 * Source: ggml `docs/gguf.md`, llama.cpp `ggml/src/gguf.cpp`; its published holes are cases of
 * test/convert/gguf/header.test.ts.
 */
import { padTo, product } from "../../core/sizes.ts";
import type { ByteFile } from "../checkpoint/byte-file.ts";
import { type BlockType, blockTypes, typeNames } from "./blocks.ts";
import { GgufCursor, NeedMore } from "./cursor.ts";

export interface GgufTensor {
  name: string;
  type: BlockType;
  /** Row-major, slowest dimension first (GGUF writes the reverse). */
  shape: number[];
  /** Position in the file. */
  start: number;
  bytes: number;
}

export interface GgufHeader {
  meta: Map<string, unknown>;
  tensors: Map<string, GgufTensor>;
}

const MAGIC = 0x46554747; // "GGUF"
const FIRST_READ_BYTES = 256 * 1024;
const HEADER_MAX_BYTES = 64 * 1024 * 1024;
/** Fewest bytes of one metadata entry and of one tensor entry. */
const META_MIN_BYTES = 8 + 4 + 1;
const TENSOR_MIN_BYTES = 8 + 4 + 8 + 4 + 8;
const ALIGNMENT = "general.alignment";

export async function readGgufHeader(file: ByteFile): Promise<GgufHeader> {
  for (let size = FIRST_READ_BYTES; ; size *= 4) {
    const prefix = await file.read(0, Math.min(size, file.size, HEADER_MAX_BYTES));
    try {
      return parseGgufHeader(file.name, prefix, file.size);
    } catch (thrown) {
      if (!(thrown instanceof NeedMore)) throw thrown;
      if (prefix.length === HEADER_MAX_BYTES)
        file.refuse(`expected a header of at most ${HEADER_MAX_BYTES} bytes, got more`);
    }
  }
}

/** Throws NeedMore when the header goes on after the prefix. */
export function parseGgufHeader(where: string, prefix: Uint8Array<ArrayBuffer>, fileSize: number): GgufHeader {
  const cursor: GgufCursor = new GgufCursor(where, prefix, fileSize);
  const magic = cursor.u32("magic");
  if (magic !== MAGIC) cursor.refuse("magic", `expected "GGUF", got 0x${magic.toString(16).padStart(8, "0")}`);
  const version = cursor.u32("version");
  if (version !== 2 && version !== 3) {
    const swapped = version !== 0 && (version & 0xffff) === 0;
    cursor.refuse("version", swapped ? "big-endian files are not supported" : `expected 2 or 3, got ${version}`);
  }
  const tensorCount = cursor.count("tensor count", TENSOR_MIN_BYTES);
  const metaCount = cursor.count("metadata count", META_MIN_BYTES);
  if (tensorCount === 0) cursor.refuse("tensor count", "expected at least 1, got 0");
  const meta = readMeta(cursor, metaCount);
  const infos = readInfos(cursor, tensorCount);
  const alignment = meta.get(ALIGNMENT) ?? 32;
  if (!isAlignment(alignment)) cursor.refuse(ALIGNMENT, `expected a power of two from 8 to 65536, got ${alignment}`);
  const dataStart = padTo(cursor.at, alignment);
  return { meta, tensors: place(cursor, infos, dataStart, alignment, fileSize) };
}

const isAlignment = (n: unknown): n is number =>
  typeof n === "number" && n >= 8 && n <= 65_536 && Number.isInteger(Math.log2(n));

function readMeta(cursor: GgufCursor, count: number): Map<string, unknown> {
  const meta = new Map<string, unknown>();
  for (let i = 0; i < count; i++) {
    const key = cursor.string(`metadata[${i}] key`, 65_535);
    if (meta.has(key)) cursor.refuse(key, "given twice");
    meta.set(key, cursor.value(key, cursor.u32(key)));
  }
  return meta;
}

type Info = Omit<GgufTensor, "start"> & { offset: number };

function readInfos(cursor: GgufCursor, count: number): Info[] {
  const names = new Set<string>();
  const infos: Info[] = [];
  for (let i = 0; i < count; i++) {
    const name = cursor.string(`tensor[${i}] name`, 256);
    if (names.has(name) || name === "") cursor.refuse(name || `tensor[${i}]`, "expected a name of its own");
    names.add(name);
    infos.push(readInfo(cursor, name));
  }
  return infos;
}

function readInfo(cursor: GgufCursor, name: string): Info {
  const dimensions = cursor.u32(name);
  if (dimensions < 1 || dimensions > 4) cursor.refuse(name, `expected 1…4 dimensions, got ${dimensions}`);
  const ne = Array.from({ length: dimensions }, () => cursor.size(name));
  const code = cursor.u32(name);
  const type = blockTypes.get(code);
  if (!type) {
    const supported = [...blockTypes.values()].map((known) => known.name).join(", ");
    return cursor.refuse(name, `quantisation ${typeNames[code] ?? code} is not supported (${supported} are)`);
  }
  let elements = 0;
  try {
    elements = product(ne);
  } catch (cause) {
    cursor.refuse(name, (cause as Error).message);
  }
  if (elements === 0) cursor.refuse(name, `expected sizes from 1 up, got [${ne}]`);
  if (ne[0]! % type.elements !== 0)
    cursor.refuse(name, `expected a row length divisible by ${type.elements}, got ${ne[0]}`);
  const bytes = (elements / type.elements) * type.bytes;
  return { name, type, shape: ne.toReversed(), bytes, offset: cursor.size(name) };
}

/** Tensors lie one after the other in table order, each padded to the alignment; the file holds them all. */
function place(
  cursor: GgufCursor,
  infos: Info[],
  dataStart: number,
  alignment: number,
  fileSize: number,
): Map<string, GgufTensor> {
  const tensors = new Map<string, GgufTensor>();
  let end = 0;
  for (const { offset, ...info } of infos) {
    const next = padTo(end, alignment);
    if (offset !== next) cursor.refuse(info.name, `expected data offset ${next}, got ${offset}`);
    end = next + info.bytes;
    if (dataStart + end > fileSize)
      cursor.refuse(info.name, `expected data up to byte ${dataStart + end}, the file has ${fileSize}`);
    tensors.set(info.name, { ...info, start: dataStart + offset });
  }
  return tensors;
}
