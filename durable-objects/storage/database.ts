/** Database: SQL with the guards that every statement needs: rows that fit the platform, failures with a name. */
import { Buffer } from "node:buffer";
import { Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { LeaseLost } from "./lease-lost.ts";
import { hasTables, migrate, type Row, type SqlValue, type Storage } from "./schema.ts";

/** The platform's documented limit of a row is 2,000,000 bytes; local runs do not enforce it, so this does. */
export const ROW_MAX_BYTES = 1_990_000;
/** Longest value that lies in the row of its turn: record and ids together stay below a row's limit. */
const INLINE_MAX_BYTES = 900_000;
const PART_BYTES = 1_900_000;

export class Database {
  readonly #storage: Storage;
  /** Of all statements so far, as the platform counts and bills. */
  rowsWritten = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** True when the object holds anything. */
  get exists(): boolean {
    return this.#named(() => hasTables(this.#guarded));
  }

  /** Must come before anything else. */
  open(): void {
    this.#named(() => migrate({ sql: this.#guarded, transactionSync: (work) => this.#storage.transactionSync(work) }));
  }

  exec(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#named(() => this.#guarded.exec(query, ...bindings).toArray());
  }

  /** All or nothing; nested ones are the outer one's. */
  transaction<T>(work: () => T): T {
    return this.#named(() => this.#storage.transactionSync(work));
  }

  /** Resolves when everything written so far is on disk: before anybody is told of it. */
  async settled(): Promise<void> {
    await this.#storage.sync().catch((thrown: unknown) => {
      throw named(thrown);
    });
  }

  /** The value for a column, or null after it went to rows of its own. */
  inline(key: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    if (bytes.length <= INLINE_MAX_BYTES) return bytes;
    this.exec("DELETE FROM overflow WHERE key = ?", key);
    for (let at = 0, part = 0; at < bytes.length; at += PART_BYTES, part++) {
      this.exec(
        "INSERT INTO overflow (key, part, bytes) VALUES (?, ?, ?)",
        key,
        part,
        bytes.slice(at, at + PART_BYTES),
      );
    }
    return null;
  }

  /** What `inline` was given. */
  outline(key: string, column: Row[string] | undefined): Uint8Array<ArrayBuffer> {
    if (column instanceof ArrayBuffer) return new Uint8Array(column);
    const parts = this.exec("SELECT bytes FROM overflow WHERE key = ? ORDER BY part", key);
    return new Uint8Array(Buffer.concat(parts.map((row) => new Uint8Array(row.bytes as ArrayBuffer))));
  }

  readonly #guarded = {
    exec: (query: string, ...bindings: SqlValue[]) => {
      const bytes = bindings.reduce((sum: number, value) => sum + sizeOf(value), 0);
      if (bytes > ROW_MAX_BYTES) throw new Failure("bug", `a row of ${bytes} bytes, at most ${ROW_MAX_BYTES}`);
      const cursor = this.#storage.sql.exec(query, ...bindings);
      const rows = cursor.toArray();
      this.rowsWritten += cursor.rowsWritten ?? 0;
      metrics.rowsWritten.add(cursor.rowsWritten ?? 0);
      metrics.rowsRead.add(cursor.rowsRead ?? 0);
      return { toArray: () => rows };
    },
  };

  #named<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw named(thrown);
    }
  }
}

function sizeOf(value: SqlValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value !== null && typeof value === "object" ? value.byteLength : 8;
}

function named(thrown: unknown): Failure | LeaseLost {
  if (thrown instanceof Failure || thrown instanceof LeaseLost) return thrown;
  if (/SQLITE_FULL|database or disk is full/.test(String((thrown as Error)?.message)))
    return new Failure("storage_full", "the conversation's storage is full; delete turns or conversations", {
      cause: thrown,
    });
  return new Failure("storage_unavailable", "the conversation's storage did not answer; try again", { cause: thrown });
}

export const jsonBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;
export const jsonOf = (bytes: Uint8Array): unknown => JSON.parse(new TextDecoder().decode(bytes));
export const idsOf = (bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
export const bytesOf = (ids: Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
