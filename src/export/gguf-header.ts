/** GgufHeaderWriter: the bytes before a GGUF file's tensors: metadata, and where each tensor lies behind them. */
import { product } from "../core/sizes.ts";
import type { GgufValue } from "../models/architecture.ts";
import { type ExportDtype, floatWidth } from "./float-bytes.ts";

const types = { f32: 0, bf16: 30 };
const U32 = 4;
const I32 = 5;
const F32 = 6;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

export class GgufHeaderWriter {
  readonly #alignment: number;
  readonly #meta: Uint8Array[] = [];
  readonly #tensors: Uint8Array[] = [];
  #metaCount = 0;
  #tensorCount = 0;
  #offset = 0;

  constructor(alignment: number) {
    this.#alignment = alignment;
  }

  /** Lists of strings, and of f32 as a typed array, beside the plain values. */
  meta(key: string, value: GgufValue | string[] | Float32Array): void {
    this.#metaCount++;
    this.#meta.push(text(key));
    // One by one: a vocabulary has more entries than a call may have arguments.
    for (const bytes of valueBytes(value)) this.#meta.push(bytes);
  }

  /** Shape slowest dimension first. Tensors lie in the order in which they are named. */
  tensor(name: string, shape: readonly number[], dtype: ExportDtype): void {
    this.#tensorCount++;
    const dimensions = [...shape].reverse();
    this.#tensors.push(
      text(name),
      u32(dimensions.length),
      ...dimensions.map(u64),
      u32(types[dtype]),
      u64(this.#offset),
    );
    const bytes = product(shape) * floatWidth(dtype);
    this.#offset += Math.ceil(bytes / this.#alignment) * this.#alignment;
  }

  bytes(): Uint8Array {
    const head = [ascii("GGUF"), u32(3), u64(this.#tensorCount), u64(this.#metaCount)];
    const parts = [...head, ...this.#meta, ...this.#tensors];
    const length = parts.reduce((n, part) => n + part.length, 0);
    const out = new Uint8Array(Math.ceil(length / this.#alignment) * this.#alignment);
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  }
}

const ascii = (value: string): Uint8Array => new TextEncoder().encode(value);
const u32 = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);
const u64 = (value: number): Uint8Array => new Uint8Array(BigUint64Array.of(BigInt(value)).buffer);

function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  const out = new Uint8Array(8 + bytes.length);
  out.set(u64(bytes.length));
  out.set(bytes, 8);
  return out;
}

function valueBytes(value: GgufValue | string[] | Float32Array): Uint8Array[] {
  if (typeof value === "string") return [u32(STRING), text(value)];
  if (typeof value === "boolean") return [u32(BOOL), Uint8Array.of(Number(value))];
  if (value instanceof Float32Array)
    return [u32(ARRAY), u32(F32), u64(value.length), new Uint8Array(value.slice().buffer)];
  if (Array.isArray(value)) return [u32(ARRAY), u32(STRING), u64(value.length), ...value.map(text)];
  if ("u32" in value) return [u32(U32), u32(value.u32)];
  if ("f32" in value) return [u32(F32), new Uint8Array(Float32Array.of(value.f32).buffer)];
  const list = Int32Array.from(value.i32s);
  return [u32(ARRAY), u32(I32), u64(list.length), new Uint8Array(list.buffer)];
}
