/**
 * LedgerStore: one row for each stream that has an entry in the ledger. A row never changes its length and lies behind
 * a lead, so an entry is written over the one before it, and zeros reach it where it lies (erasable.ts).
 */
import { LEAD, led } from "../storage/erasable.ts";
import type { Storage } from "../storage/schema.ts";
import { LEDGER_BYTES } from "./ledger-entry.ts";
import { Statements } from "./statements.ts";

export interface LedgerRow {
  /** The object's id. */
  stream: string;
  /** At most LEDGER_BYTES. */
  bytes: Uint8Array;
}

/** Rows on their way between two objects: one buffer instead of hundreds. */
export interface PackedRows {
  streams: string[];
  lengths: number[];
  bytes: Uint8Array;
}

export function packedRows(rows: readonly LedgerRow[]): PackedRows {
  const lengths = rows.map(({ bytes }) => bytes.length);
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0));
  let at = 0;
  for (const row of rows) {
    bytes.set(row.bytes, at);
    at += row.bytes.length;
  }
  return { streams: rows.map(({ stream }) => stream), lengths, bytes };
}

export function unpackedRows({ streams, lengths, bytes }: PackedRows): LedgerRow[] {
  let at = 0;
  return streams.map((stream, i) => {
    const from = at;
    at += lengths[i]!;
    return { stream, bytes: bytes.subarray(from, at) };
  });
}

const TABLE =
  "CREATE TABLE IF NOT EXISTS owed (id INTEGER PRIMARY KEY, stream TEXT NOT NULL UNIQUE, erased INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT";

export class LedgerStore {
  readonly #storage: Pick<Storage, "sql" | "transactionSync" | "sync">;
  readonly #sql: Statements;
  #isOpen = false;
  /**
   * A row's bytes, written by one statement after the other: a new buffer for each would
   * keep the garbage collector busy.
   */
  readonly #row = led(new Uint8Array(0), LEAD.rowid, LEDGER_BYTES);
  /** Streams that have a row, as far as this instance has seen. */
  readonly #known = new Set<string>();

  constructor(storage: Pick<Storage, "sql" | "transactionSync" | "sync">) {
    this.#storage = storage;
    this.#sql = new Statements(storage, "the ledger");
  }

  /** All rows or none. */
  put(rows: readonly LedgerRow[]): void {
    if (!this.#isOpen) this.#sql.rows(TABLE);
    this.#isOpen = true;
    this.#sql.transaction(() => {
      for (const { stream, bytes } of rows) {
        this.#row.set(bytes, LEAD.rowid);
        this.#row.fill(0, LEAD.rowid + bytes.length);
        const update = "UPDATE owed SET bytes = ?, erased = 0 WHERE stream = ?";
        if (this.#has(stream)) this.#sql.write(update, this.#row, stream);
        else this.#sql.write("INSERT INTO owed (stream, erased, bytes) VALUES (?, 0, ?)", stream, this.#row);
      }
    });
    for (const { stream } of rows) this.#known.add(stream);
  }

  /** Undefined where there is none. */
  entry(stream: string): Uint8Array<ArrayBuffer> | undefined {
    if (!this.#exists()) return undefined;
    const [row] = this.#sql.rows("SELECT bytes FROM owed WHERE stream = ? AND erased = 0", stream);
    return row && new Uint8Array(row.bytes as ArrayBuffer, LEAD.rowid).slice();
  }

  /** Resolves when no byte of the stream's is left. Gives whether any other stream has a row. */
  async erase(stream: string): Promise<boolean> {
    if (!this.#exists()) return false;
    this.#known.delete(stream);
    this.#sql.write("UPDATE owed SET bytes = zeroblob(length(bytes)), erased = 1 WHERE stream = ?", stream);
    // In the same transaction SQLite would leave out the zeros.
    await this.#storage.sync();
    // Meanwhile another stream's deletion may have found that nothing is left.
    if (!this.#exists()) return false;
    // Its own row alone: another's zeros may not be on disk yet.
    this.#sql.write("DELETE FROM owed WHERE stream = ? AND erased = 1", stream);
    return this.#sql.rows("SELECT 1 AS one FROM owed LIMIT 1").length > 0;
  }

  /** Everything was deleted. */
  forget(): void {
    this.#isOpen = false;
    this.#known.clear();
  }

  #has(stream: string): boolean {
    return this.#known.has(stream) || this.#sql.rows("SELECT 1 AS one FROM owed WHERE stream = ?", stream).length > 0;
  }

  /** Asking writes nothing. */
  #exists(): boolean {
    return this.#isOpen || this.#sql.rows("SELECT 1 AS one FROM sqlite_master WHERE name = 'owed'").length > 0;
  }
}
