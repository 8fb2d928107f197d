/**
 * GgufCursor: reads GGUF's little-endian fields from the first bytes of a file.
 *
 * Every length is held against the bytes that the whole file still has before anything is allocated. Where only the
 * prefix in memory is too short, `NeedMore` is thrown and the caller reads a longer one.
 */
import { Failure } from "../../core/failure.ts";

export class NeedMore extends Error {}

const NAME_MAX_BYTES = 1024 * 1024;

/** Scalars of metadata by type code: bytes, name, typed array for lists. */
const scalars = {
  0: { bytes: 1, list: Uint8Array },
  1: { bytes: 1, list: Int8Array },
  2: { bytes: 2, list: Uint16Array },
  3: { bytes: 2, list: Int16Array },
  4: { bytes: 4, list: Uint32Array },
  5: { bytes: 4, list: Int32Array },
  6: { bytes: 4, list: Float32Array },
  7: { bytes: 1, list: Uint8Array }, // bool
  10: { bytes: 8, list: BigUint64Array },
  11: { bytes: 8, list: BigInt64Array },
  12: { bytes: 8, list: Float64Array },
} as const;
const BOOL = 7;
const STRING = 8;
const ARRAY = 9;

export class GgufCursor {
  at = 0;
  readonly #where: string;
  readonly #view: DataView<ArrayBuffer>;
  readonly #fileSize: number;
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

  constructor(where: string, prefix: Uint8Array<ArrayBuffer>, fileSize: number) {
    this.#where = where;
    this.#view = new DataView(prefix.buffer, prefix.byteOffset, prefix.length);
    this.#fileSize = fileSize;
  }

  u32(field: string): number {
    return this.#view.getUint32(this.#take(4, field), true);
  }

  /** A u64 that counts something of at least `eachBytes` bytes in this file. */
  count(field: string, eachBytes: number): number {
    const n = this.#view.getBigUint64(this.#take(8, field), true);
    const most = Math.floor((this.#fileSize - this.at) / eachBytes);
    if (n > BigInt(most)) this.refuse(field, `expected at most ${most}, as the file is that short, got ${n}`);
    return Number(n);
  }

  /** A u64 that must be a safe integer. */
  size(field: string): number {
    const n = this.#view.getBigUint64(this.#take(8, field), true);
    if (n > BigInt(Number.MAX_SAFE_INTEGER)) this.refuse(field, `expected a size, got ${n}`);
    return Number(n);
  }

  string(field: string, maxBytes = NAME_MAX_BYTES): string {
    const length = this.count(field, 1);
    if (length > maxBytes) this.refuse(field, `expected at most ${maxBytes} bytes of text, got ${length}`);
    const start = this.#take(length, field);
    try {
      return this.#utf8.decode(new Uint8Array(this.#view.buffer, this.#view.byteOffset + start, length));
    } catch {
      return this.refuse(field, "not valid UTF-8");
    }
  }

  /**
   * A metadata value of this type. Lists of numbers become typed arrays, 64-bit integers
   * become numbers where that is exact.
   */
  value(field: string, type: number): unknown {
    if (type === STRING) return this.string(field);
    if (type === ARRAY) return this.#array(field);
    const scalar = this.#scalar(field, type);
    const start = this.#take(scalar.bytes, field);
    const [value] = new scalar.list(this.#copy(start, scalar.bytes));
    if (type === BOOL) return value !== 0;
    return typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value;
  }

  #array(field: string): unknown {
    const type = this.u32(field);
    if (type === ARRAY) this.refuse(field, "a list of lists is not supported");
    if (type === STRING) {
      const n = this.count(field, 8);
      const strings: string[] = [];
      for (let i = 0; i < n; i++) strings.push(this.string(field));
      return strings;
    }
    const scalar = this.#scalar(field, type);
    const bytes = this.count(field, scalar.bytes) * scalar.bytes;
    return new scalar.list(this.#copy(this.#take(bytes, field), bytes));
  }

  #scalar(field: string, type: number): { bytes: number; list: (typeof scalars)[keyof typeof scalars]["list"] } {
    if (Object.hasOwn(scalars, type)) return scalars[type as keyof typeof scalars];
    return this.refuse(field, `expected a value type 0…12, got ${type}`);
  }

  #copy(start: number, bytes: number): ArrayBuffer {
    const from = this.#view.byteOffset + start;
    return this.#view.buffer.slice(from, from + bytes);
  }

  /** Moves on by `bytes` and returns where they start. */
  #take(bytes: number, field: string): number {
    const start = this.at;
    if (bytes > this.#fileSize - start) this.refuse(field, `expected ${bytes} bytes at ${start}, the file ends before`);
    if (bytes > this.#view.byteLength - start) throw new NeedMore();
    this.at += bytes;
    return start;
  }

  refuse(field: string, message: string): never {
    throw new Failure("weights_invalid", `${this.#where}: ${field.slice(0, 200)}: ${message}`, {
      param: field.slice(0, 200),
    });
  }
}
