/**
 * ImportStaging: records of a file whose signature was not verified yet. Nothing reads them but
 * the import that put them there.
 *
 * Records lie as they came, undecoded, and one that is longer than a row in several of its kind, as if the file had cut
 * it there. What an import that broke off left behind is removed by the next one, or by the alarm.
 */
import type { FileRecord } from "../../src/portable/file-format.ts";
import type { Database } from "./database.ts";
import { LEAD, led } from "./erasable.ts";
import { PIECE_BYTES } from "./state-pieces.ts";

/** Nothing of it stays in the file. */
export function clearStaging(database: Database): void {
  database.exec("DELETE FROM staging WHERE kind = 'state'");
  database.erase("staging", { bytes: "" }, "TRUE");
}

export class ImportStaging {
  readonly #database: Database;
  #rows = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  get isEmpty(): boolean {
    return this.#database.exec("SELECT 1 AS one FROM staging LIMIT 1").length === 0;
  }

  clear(): void {
    clearStaging(this.#database);
    this.#rows = 0;
  }

  put({ kind, bytes }: FileRecord): void {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const own = bytes.slice(at, at + PIECE_BYTES);
      this.#database.exec(
        "INSERT INTO staging (n, kind, bytes) VALUES (?, ?, ?)",
        ++this.#rows,
        kind,
        kind === "state" ? own : led(own, LEAD.rowid),
      );
    }
  }

  /** In the order of the file, one at a time; without the state's. */
  *records(): Generator<FileRecord> {
    for (let n = 1; n <= this.#rows; n++) {
      const [row] = this.#database.exec("SELECT kind, bytes FROM staging WHERE n = ? AND kind <> 'state'", n);
      if (row)
        yield { kind: row.kind as FileRecord["kind"], bytes: new Uint8Array(row.bytes as ArrayBuffer, LEAD.rowid) };
    }
  }

  /** Makes the state's pieces those of a turn, without reading them. */
  moveState(turn: string, position: number): void {
    this.#database.exec(
      `INSERT INTO pieces (id, turn, position, part, parts, stretches, bytes)
       SELECT (SELECT coalesce(max(id), 0) FROM pieces) + row_number() OVER (ORDER BY n), ?, ?,
         row_number() OVER (ORDER BY n) - 1, count(*) OVER (), '', bytes
       FROM staging WHERE kind = 'state'`,
      turn,
      position,
    );
  }
}
