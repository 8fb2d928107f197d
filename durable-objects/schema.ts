/**
 * Tables of a conversation, as a list of migrations. A database of any earlier release opens; of a later one it is left alone.
 *
 * Every migration runs in one transaction together with its version row, so a crash leaves the old tables or the new ones.
 */
import { Failure } from "../src/core/failure.ts";

/** The part of a Durable Object's storage that conversations use. */
export interface Storage {
  sql: { exec(query: string, ...bindings: SqlValue[]): { toArray(): Record<string, SqlValue | ArrayBuffer>[] } };
  transactionSync<T>(work: () => T): T;
  /** Resolves when everything written so far is on disk. */
  sync(): Promise<void>;
}
export type SqlValue = string | number | null | ArrayBuffer | Uint8Array<ArrayBuffer>;

const migrations: readonly (readonly string[])[] = [
  [
    // One row: whose conversation it is, and of which model.
    `CREATE TABLE conversation (
       id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, fingerprint TEXT NOT NULL, created_ms INTEGER NOT NULL
     ) STRICT`,
    // `position` tokens are in the state, `logged` in the log; `history` is the chained hash of all messages up to here.
    `CREATE TABLE turns (
       n INTEGER PRIMARY KEY, reply_id TEXT NOT NULL, created_ms INTEGER NOT NULL, messages TEXT NOT NULL, reply TEXT NOT NULL,
       reason TEXT NOT NULL, asked TEXT NOT NULL, history TEXT NOT NULL, message_count INTEGER NOT NULL,
       has_system INTEGER NOT NULL, closed INTEGER NOT NULL, position INTEGER NOT NULL, logged INTEGER NOT NULL,
       generator TEXT NOT NULL, state TEXT NOT NULL
     ) STRICT`,
    // The token log: u32 ids from position `start` on.
    "CREATE TABLE segments (start INTEGER PRIMARY KEY, ids BLOB NOT NULL) STRICT",
    // Pieces of states. Rows of states no longer kept are written over.
    "CREATE TABLE chunks (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
  ],
];

export const SCHEMA_VERSION = migrations.length;

/** Brings the tables up to date. Fails with `state_unreadable` when a later release wrote them. */
export function migrate(storage: Pick<Storage, "sql" | "transactionSync">): void {
  storage.sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) STRICT");
  const [row] = storage.sql.exec("SELECT max(version) AS version FROM schema_version").toArray();
  const version = Number(row?.version ?? 0);
  if (version > SCHEMA_VERSION) {
    throw new Failure(
      "state_unreadable",
      `this conversation was written by a later release (schema ${version}, here ${SCHEMA_VERSION})`,
    );
  }
  for (let next = version; next < SCHEMA_VERSION; next++) {
    storage.transactionSync(() => {
      for (const statement of migrations[next]!) storage.sql.exec(statement);
      storage.sql.exec("INSERT INTO schema_version (version) VALUES (?)", next + 1);
    });
  }
}
