/**
 * DirectoryStore: one row for each conversation and prefix of a tenant.
 *
 * Told at least once and in any order: the highest revision stands. A deleted entry stays as an empty row for a day, so
 * that a message that was on its way does not bring it back. Names and metadata lie in values that are overwritten with
 * zeros at the end (erasable.ts), and the row's key is a digest: nothing of what a caller wrote stays in the file.
 */
import type { DirectoryEntry, DirectoryPage, EntryKind } from "../../src/api/conversations/directory-entry.ts";
import { check, Failure, isStorageFull, storageFull } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { fromParts, inParts, moreOf, putMore } from "../storage/erasable.ts";
import type { Row, SqlValue, Storage } from "../storage/schema.ts";
import { Quota } from "./quota.ts";

const TOMBSTONE_MS = 24 * 3600 * 1000;

const tables = [
  "CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), tenant TEXT NOT NULL) STRICT",
  `CREATE TABLE IF NOT EXISTS listed (
     key TEXT PRIMARY KEY, kind TEXT NOT NULL, created_ms INTEGER NOT NULL, revision INTEGER NOT NULL, deleted INTEGER NOT NULL,
     record BLOB NOT NULL
   ) STRICT, WITHOUT ROWID`,
  // Parts of long records after the first.
  "CREATE TABLE IF NOT EXISTS listed_more (key TEXT, part INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (key, part)) STRICT, WITHOUT ROWID",
  "CREATE INDEX IF NOT EXISTS listed_by_age ON listed (kind, created_ms, key) WHERE deleted = 0",
];

/**
 * Objects that hold something of the tenant's. The row without a name says that there are no others: an
 * earlier release kept no such list.
 */
const OBJECTS =
  "CREATE TABLE IF NOT EXISTS objects (name TEXT PRIMARY KEY, bytes INTEGER NOT NULL) STRICT, WITHOUT ROWID";

/** Rows of entries that were deleted before a time: they have held zeros for long. */
const OLD = "deleted = 1 AND revision < ?";
const FORGOTTEN = [
  ["listed_more", `key IN (SELECT key FROM listed WHERE ${OLD})`],
  ["listed", OLD],
];

const keyOf = (kind: EntryKind, id: string): string => sha256(`${kind}\n${id}`).slice(0, 32);

export interface PageRequest {
  kind: EntryKind;
  limit: number;
  /** Id of the last entry of the page before. */
  after?: string;
  order: "asc" | "desc";
}

export class DirectoryStore {
  readonly #storage: Pick<Storage, "sql" | "transactionSync">;
  readonly quota: Quota;
  #isOpen = false;

  constructor(storage: Pick<Storage, "sql" | "transactionSync">) {
    this.#storage = storage;
    this.quota = new Quota((query, ...bindings) => this.#exec(query, ...bindings));
  }

  /** Must come before anything else. Fails with `not_found` when the directory is another tenant's. */
  open(tenant: string): void {
    if (this.#isOpen) return;
    for (const table of [...tables, OBJECTS]) this.#exec(table);
    const [row] = this.#exec("SELECT tenant FROM owner");
    if (!row)
      this.#storage.transactionSync(() => {
        this.#exec("INSERT INTO owner (id, tenant) VALUES (1, ?)", tenant);
        this.#exec("INSERT OR IGNORE INTO objects (name, bytes) VALUES ('', 0)");
      });
    else check(row.tenant === tenant, "not_found", () => "no such directory");
    this.#bringFromBefore();
    this.#isOpen = true;
  }

  /** Whether the object may hold something. */
  knows(object: string): boolean {
    const rows = this.#exec("SELECT name FROM objects WHERE name IN (?, '')", object);
    return rows.length === 0 || rows.some(({ name }) => name === object);
  }

  has(object: string): boolean {
    return this.#exec("SELECT 1 AS one FROM objects WHERE name = ?", object).length > 0;
  }

  /** Notes that the object is about to hold something. */
  begin(object: string): void {
    this.#exec("INSERT OR IGNORE INTO objects (name, bytes) VALUES (?, 0)", object);
  }

  /** How much the object holds now, null for nothing more. Gives by how much that changes things. */
  stored(object: string, bytes: number | null): { conversations: number; bytes: number } {
    const [row] = this.#exec("SELECT bytes FROM objects WHERE name = ?", object);
    if (bytes === null) {
      this.#exec("DELETE FROM objects WHERE name = ?", object);
      return { conversations: row ? -1 : 0, bytes: -Number(row?.bytes ?? 0) };
    }
    if (row?.bytes !== bytes) this.#exec("INSERT OR REPLACE INTO objects (name, bytes) VALUES (?, ?)", object, bytes);
    return { conversations: row ? 0 : 1, bytes: bytes - Number(row?.bytes ?? 0) };
  }

  /** The revision that stands now: the given one, or a higher one, in which case nothing was changed. */
  put({ kind, id, createdMs, revision, deleted = false, info }: DirectoryEntry, nowMs: number): number {
    const key = keyOf(kind, id);
    const [known] = this.#exec("SELECT revision, length(record) AS bytes FROM listed WHERE key = ?", key);
    if (known && Number(known.revision) >= revision) return Number(known.revision);
    return this.#storage.transactionSync(() => {
      const [first, ...more] = deleted ? [new Uint8Array(Number(known?.bytes ?? 0))] : inParts({ id, info });
      // A row of an earlier release.
      if (known && known.bytes !== first.length)
        this.#exec("UPDATE listed SET record = zeroblob(length(record)) WHERE key = ?", key);
      this.#exec(
        `INSERT INTO listed (key, kind, created_ms, revision, deleted, record) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE SET created_ms = excluded.created_ms, revision = excluded.revision,
           deleted = excluded.deleted, record = excluded.record`,
        key,
        kind,
        createdMs,
        revision,
        Number(deleted),
        first,
      );
      putMore(this.#run, "listed_more", key, more);
      // Revisions begin as times.
      if (deleted)
        for (const [table, which] of FORGOTTEN) this.#exec(`DELETE FROM ${table} WHERE ${which}`, nowMs - TOMBSTONE_MS);
      return revision;
    });
  }

  /** Oldest or newest first. Fails with `not_found` when there is no entry `after`. */
  list({ kind, limit, after, order }: PageRequest): DirectoryPage {
    const [compare, direction] = order === "asc" ? [">", "ASC"] : ["<", "DESC"];
    const cursor = after === undefined ? undefined : this.#placeOf(kind, after);
    const rows = this.#exec(
      `SELECT key, created_ms, revision, record FROM listed
       WHERE kind = ? AND deleted = 0 ${cursor ? `AND (created_ms, key) ${compare} (?, ?)` : ""}
       ORDER BY created_ms ${direction}, key ${direction} LIMIT ?`,
      kind,
      ...(cursor ?? []),
      limit + 1,
    );
    const entries = rows.slice(0, limit).map((row) => ({
      kind,
      createdMs: Number(row.created_ms),
      revision: Number(row.revision),
      ...this.#recordOf(row),
    }));
    return { entries, hasMore: rows.length > limit };
  }

  /** A deleted entry has a place too, so that a list goes on while its entries vanish. */
  #placeOf(kind: EntryKind, id: string): [number, string] {
    const key = keyOf(kind, id);
    const [row] = this.#exec("SELECT created_ms FROM listed WHERE key = ?", key);
    check(row, "not_found", () => `after: no such ${kind}`, "after");
    return [Number(row.created_ms), key];
  }

  /** A directory of an earlier release had its names as keys. */
  #bringFromBefore(): void {
    if (this.#exec("SELECT 1 AS one FROM sqlite_master WHERE name = 'entries'").length === 0) return;
    for (const row of this.#exec("SELECT kind, id, created_ms, revision, deleted, info FROM entries")) {
      const [kind, id] = [row.kind as EntryKind, String(row.id)];
      const deleted = row.deleted === 1;
      const info = deleted ? {} : (JSON.parse(String(row.info)) as DirectoryEntry["info"]);
      const entry = { kind, id, createdMs: Number(row.created_ms), revision: Number(row.revision), deleted, info };
      this.put(entry, 0);
    }
    this.#exec("DROP TABLE entries");
  }

  #recordOf({ key, record }: Row): Pick<DirectoryEntry, "id" | "info"> {
    const more = () => moreOf(this.#run, "listed_more", String(key));
    return fromParts(record as ArrayBuffer, more) as Pick<DirectoryEntry, "id" | "info">;
  }

  readonly #run = (query: string, ...bindings: SqlValue[]) => this.#exec(query, ...bindings);

  #exec(query: string, ...bindings: SqlValue[]) {
    try {
      return this.#storage.sql.exec(query, ...bindings).toArray();
    } catch (cause) {
      if (isStorageFull(cause)) throw storageFull(cause);
      throw new Failure("storage_unavailable", "the directory's storage did not answer", { cause });
    }
  }
}
