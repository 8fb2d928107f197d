/**
 * DirectoryStore: one row for each conversation and prefix of a tenant.
 *
 * Told at least once and in any order: the highest revision stands. A deleted entry stays as an empty row for a day, so that a message
 * that was on its way does not bring it back.
 */
import type { DirectoryEntry, DirectoryPage, EntryKind } from "../../src/api/conversations/directory-entry.ts";
import { check, Failure } from "../../src/core/failure.ts";
import type { SqlValue, Storage } from "../storage/schema.ts";

const TOMBSTONE_MS = 24 * 3600 * 1000;

const tables = [
  "CREATE TABLE IF NOT EXISTS owner (id INTEGER PRIMARY KEY CHECK (id = 1), tenant TEXT NOT NULL) STRICT",
  `CREATE TABLE IF NOT EXISTS entries (
     kind TEXT NOT NULL, id TEXT NOT NULL, created_ms INTEGER NOT NULL, revision INTEGER NOT NULL, deleted INTEGER NOT NULL,
     info TEXT NOT NULL, PRIMARY KEY (kind, id)
   ) STRICT, WITHOUT ROWID`,
  "CREATE INDEX IF NOT EXISTS entries_by_age ON entries (kind, created_ms, id) WHERE deleted = 0",
];

export interface PageRequest {
  kind: EntryKind;
  limit: number;
  /** Id of the last entry of the page before. */
  after?: string;
  order: "asc" | "desc";
}

export class DirectoryStore {
  readonly #storage: Pick<Storage, "sql" | "transactionSync">;

  constructor(storage: Pick<Storage, "sql" | "transactionSync">) {
    this.#storage = storage;
  }

  /** Must come before anything else. Fails with `not_found` when the directory is another tenant's. */
  open(tenant: string): void {
    for (const table of tables) this.#exec(table);
    const [row] = this.#exec("SELECT tenant FROM owner");
    if (!row) this.#exec("INSERT INTO owner (id, tenant) VALUES (1, ?)", tenant);
    else check(row.tenant === tenant, "not_found", () => "no such directory");
  }

  /** The revision that stands now: the told one, or a higher one, and then nothing was changed. */
  tell({ kind, id, createdMs, revision, deleted = false, info }: DirectoryEntry, nowMs: number): number {
    const [known] = this.#exec("SELECT revision FROM entries WHERE kind = ? AND id = ?", kind, id);
    if (known && Number(known.revision) >= revision) return Number(known.revision);
    return this.#storage.transactionSync(() => {
      this.#exec(
        `INSERT INTO entries (kind, id, created_ms, revision, deleted, info) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (kind, id) DO UPDATE SET created_ms = excluded.created_ms, revision = excluded.revision,
           deleted = excluded.deleted, info = excluded.info`,
        kind,
        id,
        createdMs,
        revision,
        Number(deleted),
        deleted ? "{}" : JSON.stringify(info),
      );
      // Revisions begin as times.
      if (deleted) this.#exec("DELETE FROM entries WHERE deleted = 1 AND revision < ?", nowMs - TOMBSTONE_MS);
      return revision;
    });
  }

  /** Fails with `not_found` when there is no entry `after`. */
  list({ kind, limit, after, order }: PageRequest): DirectoryPage {
    const [compare, direction] = order === "asc" ? [">", "ASC"] : ["<", "DESC"];
    const cursor = after === undefined ? undefined : this.#placeOf(kind, after);
    const rows = this.#exec(
      `SELECT id, created_ms, revision, info FROM entries
       WHERE kind = ? AND deleted = 0 ${cursor ? `AND (created_ms, id) ${compare} (?, ?)` : ""}
       ORDER BY created_ms ${direction}, id ${direction} LIMIT ?`,
      kind,
      ...(cursor ?? []),
      limit + 1,
    );
    const entries = rows.slice(0, limit).map((row) => ({
      kind,
      id: String(row.id),
      createdMs: Number(row.created_ms),
      revision: Number(row.revision),
      info: JSON.parse(String(row.info)),
    }));
    return { entries, hasMore: rows.length > limit };
  }

  /** A deleted entry has a place too, so that a list goes on while its entries vanish. */
  #placeOf(kind: EntryKind, id: string): [number, string] {
    const [row] = this.#exec("SELECT created_ms FROM entries WHERE kind = ? AND id = ?", kind, id);
    check(row, "not_found", () => `after: no such ${kind}`, "after");
    return [Number(row.created_ms), id];
  }

  #exec(query: string, ...bindings: SqlValue[]) {
    try {
      return this.#storage.sql.exec(query, ...bindings).toArray();
    } catch (cause) {
      throw new Failure("storage_unavailable", "the directory's storage did not answer", { cause });
    }
  }
}
