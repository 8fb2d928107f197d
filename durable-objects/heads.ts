/** Heads: the conversations of a family. Each stands at a turn, as a branch of git does at a commit. */
import { Failure } from "../src/core/failure.ts";
import { type Database, jsonBytes, jsonOf } from "./database.ts";

export interface HeadRecord {
  /** Full conversation id, as the client knows it; null where it has none. */
  conversation: string | null;
  createdMs: number;
  metadata: Record<string, string>;
  /** After this it may be removed; null: never. */
  expiresMs: number | null;
  /** Where it began, when it is a fork. */
  forkedFrom: { conversation: string | null; turn: string | null } | null;
  /** Fork, rewind: the next turn is another way to go on, so it draws other random numbers. */
  moved: boolean;
  /** Name of the shared prefix it began with. */
  prefix: string | null;
}

export interface Head extends HeadRecord {
  id: string;
  turn: string | null;
}

const COLUMNS = "id, turn, record";

export class Heads {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  get(id: string): Head | undefined {
    const [row] = this.#database.exec(`SELECT ${COLUMNS} FROM heads WHERE id = ?`, id);
    return row && toHead(row);
  }

  /** Fails with `not_found`. */
  require(id: string): Head {
    const head = this.get(id);
    if (!head) throw new Failure("not_found", "no such conversation", { param: "conversation" });
    return head;
  }

  all(): Head[] {
    return this.#database.exec(`SELECT ${COLUMNS} FROM heads ORDER BY id`).map(toHead);
  }

  /** New or changed: one row. */
  put({ id, turn, ...record }: Head): void {
    this.#database.exec(`INSERT OR REPLACE INTO heads (${COLUMNS}) VALUES (?, ?, ?)`, id, turn, jsonBytes(record));
  }

  remove(id: string): void {
    this.#database.exec("DELETE FROM heads WHERE id = ?", id);
  }
}

const toHead = (row: Record<string, unknown>): Head => ({
  id: String(row.id),
  turn: row.turn === null ? null : String(row.turn),
  ...(jsonOf(new Uint8Array(row.record as ArrayBuffer)) as HeadRecord),
});

export const newHead = (id: string, fields: Partial<Head> = {}): Head => ({
  id,
  turn: null,
  conversation: null,
  createdMs: Date.now(),
  metadata: {},
  expiresMs: null,
  forkedFrom: null,
  moved: false,
  prefix: null,
  ...fields,
});
