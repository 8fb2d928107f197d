/** Database: SQL with the guards that every statement needs: rows that fit the platform, failures with a name. */
import { Buffer } from "node:buffer";
import { Failure, isStorageFull, storageFull } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { INLINE_MAX_BYTES, LEAD, led, padded } from "./erasable.ts";
import { LogHold } from "./log-hold.ts";
import { hasTables, migrate, type Row, type SqlValue, type Storage } from "./schema.ts";

/** The platform's documented limit of a row is 2,000,000 bytes; local runs do not enforce it, so this does. */
const ROW_MAX_BYTES = 1_990_000;
const PART_BYTES = 1_900_000;
/**
 * Parts of a long value are numbered from here on; from twice here when it was written again and had grown, and so on.
 */
const GENERATION = 1000;

/** A statement that changes rows, and their table. */
const WRITES = /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) (\w+)/;

/** Stands in place of the id of a turn that is gone, and is as long as one. */
export const GONE = "0".repeat(16);

/** Values that `once` keeps. */
const REMEMBERED_MAX = 64;

/** Another instance computes the turn, or it has ended: nothing more may be written or said about it here. */
export class LeaseLost extends Error {}

export class Database {
  readonly #storage: Storage;
  readonly #log: LogHold;
  /** Of all statements so far, as the platform counts and bills. */
  rowsWritten = 0;
  /** Transactions that were rolled back: what was remembered of the rows meanwhile may not be so. */
  rollbacks = 0;
  /** By table, the statements so far that may have changed it. */
  readonly #writes = new Map<string, number>();
  readonly #remembered = new Map<string, { changes: number; value: unknown }>();
  /** Its tables are there, and of this release. */
  #isOpen = false;
  /** Rows that hold zeros by now, to be deleted once the zeros are on disk. */
  #erased: [query: string, bindings: SqlValue[]][] = [];
  #depth = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.#log = new LogHold(storage);
  }

  /** True when the object holds anything. */
  get exists(): boolean {
    return this.#isOpen || this.#named(() => hasTables(this.#guarded));
  }

  /** Must come before anything else. */
  open(): void {
    if (this.#isOpen) return;
    this.#named(() => migrate({ sql: this.#guarded, transactionSync: (work) => this.#storage.transactionSync(work) }));
    this.#isOpen = true;
  }

  /** Its storage is given back, tables and all. */
  close(): void {
    this.#isOpen = false;
    this.#remembered.clear();
  }

  exec(query: string, ...bindings: SqlValue[]): Row[] {
    return this.#named(() => this.#guarded.exec(query, ...bindings).toArray());
  }

  /**
   * Goes up with every statement that may have changed rows of these tables, and with every one that is
   * taken back: for who remembers them.
   */
  changesOf(...tables: string[]): number {
    return tables.reduce((sum, table) => sum + (this.#writes.get(table) ?? 0), this.rollbacks);
  }

  /**
   * What `read` finds in a table, or in several with a space between, and the same again until a statement may have
   * changed that. `what`: its name; who is given it leaves it as it is.
   */
  once<T>(table: string, what: string, read: () => T): T {
    const held = this.#held(table, what);
    if (held) return held.value as T;
    const value = read();
    this.knows(table, what, value);
    return value;
  }

  /** Undefined where it would be read. */
  known<T>(table: string, what: string): T | undefined {
    return this.#held(table, what)?.value as T | undefined;
  }

  #held(table: string, what: string) {
    const held = this.#remembered.get(what);
    return held?.changes === this.changesOf(...table.split(" ")) ? held : undefined;
  }

  /** The same without reading it, for who has just written it. */
  knows(table: string, what: string, value: unknown): void {
    if (this.#remembered.size >= REMEMBERED_MAX) this.#remembered.clear();
    this.#remembered.set(what, { changes: this.changesOf(...table.split(" ")), value });
  }

  /** All or nothing; nested ones are the outer one's. */
  transaction<T>(work: () => T): T {
    // A row that was erased must not be in the way of a new one with its key.
    if (this.#depth === 0) this.#deleteErased();
    this.#depth++;
    const before = this.#erased.length;
    try {
      return this.#named(() => this.#storage.transactionSync(work));
    } catch (thrown) {
      this.rollbacks++;
      this.#isOpen = false;
      // What is rolled back was not erased.
      this.#erased.length = before;
      throw thrown;
    } finally {
      this.#depth--;
    }
  }

  /** Resolves when everything written so far is on disk. Awaited before a reply says so. */
  async written(): Promise<void> {
    const letGo = this.#log.hold();
    try {
      await this.#storage.sync();
    } catch (thrown) {
      throw named(thrown);
    } finally {
      letGo();
    }
  }

  /**
   * The same, and then rows that were erased are deleted. A turn does not wait for that: its next
   * transaction does it, or the alarm.
   */
  async settled(): Promise<void> {
    await this.written();
    if (this.#deleteErased()) await this.written();
  }

  /**
   * Removes rows so that the database's file no longer holds what was in them: SQLite leaves the bytes of a deleted row
   * where they lay. So values are overwritten in place with zeros of the same length, and the rows are deleted by the
   * next `settled`. Not before: SQLite does not write pages to disk that the same transaction gave free.
   * (`PRAGMA secure_delete` would do both; the platform does not allow it.)
   */
  erase(table: string, columns: Record<string, string>, where: string, ...bindings: SqlValue[]): void {
    if (this.exec(`SELECT 1 AS one FROM ${table} WHERE ${where} LIMIT 1`, ...bindings).length === 0) return;
    this.overwrite(table, columns, where, ...bindings);
    this.#erased.push([`DELETE FROM ${table} WHERE ${where}`, bindings]);
  }

  /**
   * The first half of `erase`. Columns with "" become zeros of their length; for others it is the SQL of
   * a value as long as the old one.
   */
  overwrite(table: string, columns: Record<string, string>, where: string, ...bindings: SqlValue[]): void {
    const values = Object.entries(columns).map(
      ([name, value]) =>
        `${name} = ${value || `CASE WHEN ${name} IS NULL THEN NULL ELSE zeroblob(length(${name})) END`}`,
    );
    this.exec(`UPDATE ${table} SET ${values.join(", ")} WHERE ${where}`, ...bindings);
  }

  /**
   * Whether there was anything. What fails is tried again by the next one: the rows hold zeros, and nobody reads them.
   */
  #deleteErased(): boolean {
    const rows = this.#erased.splice(0);
    for (const [at, [query, bindings]] of rows.entries()) {
      try {
        this.exec(query, ...bindings);
      } catch {
        this.#erased.unshift(...rows.slice(at));
        break;
      }
    }
    return rows.length > 0;
  }

  /** The value for a column, or null after it went to rows of its own. */
  inline(key: string, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    return bytes.length <= INLINE_MAX_BYTES ? bytes : this.aside(key, bytes);
  }

  /** To rows of its own: over those that it had, where it has not grown. */
  aside(key: string, bytes: Uint8Array<ArrayBuffer>): null {
    const parts = [];
    for (let at = 0; at < bytes.length; at += PART_BYTES)
      parts.push(led(bytes.subarray(at, at + PART_BYTES), LEAD.withoutRowid));
    const { generation, rows } = this.#newest(key, "length(bytes) AS bytes");
    const room = rows.map((row) => Number(row.bytes));
    const fits = generation > 0 && room.length === parts.length && parts.every(({ length }, n) => length <= room[n]!);
    const at = GENERATION * (fits ? generation : generation + 1);
    if (!fits) this.erase("overflow", { bytes: "" }, "key = ? AND part < ?", key, at);
    for (const [part, led] of parts.entries())
      this.exec(
        "INSERT INTO overflow (key, part, bytes) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes",
        key,
        at + part,
        fits ? padded(led, room[part]!) : led,
      );
    return null;
  }

  /** What `inline` was given. */
  outline(key: string, column: Row[string] | undefined): Uint8Array<ArrayBuffer> {
    if (column instanceof ArrayBuffer) return new Uint8Array(column);
    const { generation, rows } = this.#newest(key, "bytes");
    // Rows of an earlier release have no lead.
    const parts = rows.map((row) => new Uint8Array(row.bytes as ArrayBuffer, generation > 0 ? LEAD.withoutRowid : 0));
    return new Uint8Array(Buffer.concat(parts));
  }

  /** Whether any value has ever been so long. */
  get hasAside(): boolean {
    return this.once("overflow", "any aside", () => this.exec("SELECT 1 AS one FROM overflow LIMIT 1").length > 0);
  }

  /** Long values that nothing needs any more. */
  eraseAside(...keys: string[]): void {
    if (!this.hasAside) return;
    this.erase("overflow", { bytes: "" }, `key IN (${keys.map(() => "?").join()})`, ...keys);
  }

  /** Of rows under a key, those that were written last: others hold zeros. */
  #newest(key: string, columns: string): { generation: number; rows: Row[] } {
    const rows = this.exec(
      `SELECT part, ${columns} FROM overflow WHERE key = ?1
       AND part >= (SELECT max(part) / ${GENERATION} * ${GENERATION} FROM overflow WHERE key = ?1) ORDER BY part`,
      key,
    );
    return { generation: Math.floor(Number(rows[0]?.part ?? 0) / GENERATION), rows };
  }

  readonly #guarded = {
    exec: (query: string, ...bindings: SqlValue[]) => {
      const bytes = bindings.reduce((sum: number, value) => sum + sizeOf(value), 0);
      if (bytes > ROW_MAX_BYTES) throw new Failure("bug", `a row of ${bytes} bytes, at most ${ROW_MAX_BYTES}`);
      const [, table] = WRITES.exec(query) ?? [];
      if (table) {
        this.#writes.set(table, (this.#writes.get(table) ?? 0) + 1);
        this.#log.wrote(bytes);
      }
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
  if (isStorageFull(thrown)) return storageFull(thrown);
  return new Failure("storage_unavailable", "the conversation's storage did not answer; try again", { cause: thrown });
}

export const idsOf = (bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> =>
  new Uint32Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.byteLength / 4));
/** Ids of a prompt and of what followed it, of which there may be millions. */
export function joinedIds(prompt: ArrayLike<number>, reply: ArrayLike<number>): Uint32Array<ArrayBuffer> {
  const ids = new Uint32Array(prompt.length + reply.length);
  ids.set(prompt);
  ids.set(reply, prompt.length);
  return ids;
}
export const bytesOf = (ids: Uint32Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
  new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength);
