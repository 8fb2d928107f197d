/**
 * How a database comes to the tables of this release (tables.ts): a new one at once, one of any earlier release by
 * migrations; of a later one it is left alone.
 *
 * Every migration runs in one transaction together with its version row, so a crash leaves
 * the old tables or the new ones.
 */
import { Failure } from "../../src/core/failure.ts";
import { tables } from "./tables.ts";

/** The part of a Durable Object's storage that conversations use. */
export interface Storage {
  sql: { exec(query: string, ...bindings: SqlValue[]): Rows };
  transactionSync<T>(work: () => T): T;
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
}
/** Read all at once or, where the storage can, one by one. */
export interface Rows {
  toArray(): Row[];
  next?(): { done?: boolean | undefined };
  rowsRead?: number;
  rowsWritten?: number;
}
export type SqlValue = string | number | null | ArrayBuffer | Uint8Array<ArrayBuffer>;
export type Row = Record<string, SqlValue | ArrayBuffer>;

/** Exported for the test that makes a later build of this one. */
export const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE family (
       id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, object TEXT NOT NULL, fingerprint TEXT NOT NULL, created_ms INTEGER NOT NULL
     ) STRICT`,
    "CREATE TABLE heads (id TEXT PRIMARY KEY, turn TEXT, record BLOB NOT NULL) STRICT, WITHOUT ROWID",
    `CREATE TABLE turns (
       id TEXT PRIMARY KEY, parent TEXT, depth INTEGER NOT NULL, created_ms INTEGER NOT NULL, status TEXT NOT NULL,
       start INTEGER NOT NULL, position INTEGER NOT NULL, logged INTEGER NOT NULL, hidden INTEGER NOT NULL, record BLOB, ids BLOB
     ) STRICT, WITHOUT ROWID`,
    `CREATE TABLE journal (
       slot INTEGER PRIMARY KEY, turn TEXT NOT NULL, epoch INTEGER NOT NULL, record BLOB, ids BLOB
     ) STRICT`,
    `CREATE TABLE pieces (
       id INTEGER PRIMARY KEY, turn TEXT NOT NULL, position INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,
       sha256 TEXT NOT NULL, bytes BLOB NOT NULL
     ) STRICT`,
    "CREATE TABLE overflow (key TEXT, part INTEGER, bytes BLOB NOT NULL, PRIMARY KEY (key, part)) STRICT, WITHOUT ROWID",
  ],
  [
    "CREATE TABLE staging (n INTEGER PRIMARY KEY, kind TEXT NOT NULL, sha256 TEXT NOT NULL, bytes BLOB NOT NULL) STRICT",
    "CREATE TABLE departed (head TEXT PRIMARY KEY, owner TEXT NOT NULL, record BLOB NOT NULL) STRICT, WITHOUT ROWID",
  ],
  // Values of `journal` and `heads` have zeros behind them from here on, which an earlier release would not understand.
  [],
  [
    "CREATE VIRTUAL TABLE passages USING fts5(terms, content='', columnsize=0, detail=none, tokenize='ascii')",
    "INSERT INTO passages (passages, rank) VALUES ('secure-delete', 1)",
    "CREATE TABLE passage_turns (place INTEGER PRIMARY KEY, turn TEXT NOT NULL, starts BLOB NOT NULL) STRICT",
    "CREATE TABLE passage_lanes (lane INTEGER PRIMARY KEY, parent INTEGER, depth INTEGER NOT NULL) STRICT",
    "ALTER TABLE turns ADD COLUMN lane INTEGER",
    // A mark: turns of an earlier release are not indexed yet.
    "INSERT INTO passage_lanes (lane, parent, depth) SELECT -1, NULL, 0 WHERE EXISTS (SELECT 1 FROM turns)",
  ],
  // Texts have a lead from here on (erasable.ts), which an earlier release would not understand.
  [],
  [
    // The index is made anew, as that of an earlier release.
    "ALTER TABLE passage_turns ADD COLUMN senses BLOB",
    "INSERT INTO passages (passages) VALUES ('delete-all')",
    "DELETE FROM passage_turns",
    "DELETE FROM passage_lanes",
    "UPDATE turns SET lane = NULL",
    "INSERT INTO passage_lanes (lane, parent, depth) SELECT -1, NULL, 0 WHERE EXISTS (SELECT 1 FROM turns)",
  ],
  [
    // Only the name is new, because new contents would write every megabyte of a state again: rows of earlier releases
    // hold a checksum there, which nothing reads.
    "ALTER TABLE pieces RENAME COLUMN sha256 TO stretches",
    // Bytes that came under a signature need no checksum of their own, and nothing read it.
    "ALTER TABLE staging DROP COLUMN sha256",
  ],
];

export const SCHEMA_VERSION = migrations.length;

const VERSIONS = "CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT";

/** True when there is anything; asking writes nothing. */
export const hasTables = (sql: Storage["sql"]): boolean =>
  sql.exec("SELECT 1 AS one FROM sqlite_master WHERE name = 'schema_version'").toArray().length > 0;

/** Brings the tables up to date, or to an earlier version. Fails with `newer_state` when a later release wrote them. */
export function migrate(storage: Pick<Storage, "sql" | "transactionSync">, to = SCHEMA_VERSION): void {
  const { sql } = storage;
  const noting = (statements: readonly string[], version: number) =>
    storage.transactionSync(() => {
      for (const statement of statements) sql.exec(statement);
      sql.exec("INSERT INTO schema_version (version) VALUES (?)", version);
    });
  const isNew = !hasTables(sql);
  if (isNew && to === SCHEMA_VERSION) {
    noting([VERSIONS, ...tables], to);
    return;
  }
  if (isNew) sql.exec(VERSIONS);
  const [row] = sql.exec("SELECT max(version) AS version FROM schema_version").toArray();
  const version = Number(row?.version ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new Failure(
      "newer_state",
      `this conversation was written by a later release (schema ${version}, here ${SCHEMA_VERSION}); nothing of it was changed`,
    );
  }
  for (let next = version; next < to; next++) noting(migrations[next]!, next + 1);
}
