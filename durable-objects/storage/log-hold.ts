/**
 * LogHold: keeps SQLite from copying its log into the database's file in every second or third turn.
 *
 * It does that in the commit that finds 1,000 pages in the log, of which a large state is half, and syncs three times
 * for it: the log, the file, and the log's head, which begins anew. The runtime allows no statement that changes the
 * bound, but a log is left as it is while somebody reads on the same connection. So a row is held in reading until a
 * commit is through. What is committed lies in the log and is synced, held or not: no promise rests on the copy.
 */
import type { Rows, Storage } from "./schema.ts";

/** Of the log, about: six turns of the default model's state. */
const LOG_BYTES = 12e6;
/** What a statement writes beside its values: pages that the row shares with others, and those of its indexes. */
const AROUND_BYTES = 16_384;
/** Of several rows one is left to be read until the end. */
const ROWS = "SELECT 1 AS one FROM sqlite_master LIMIT 3";

export class LogHold {
  readonly #storage: Storage;
  /** Written since the log may have been copied. */
  #bytes = 0;
  #holders = 0;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** A statement has changed rows, and its values have so many bytes. */
  wrote(bytes: number): void {
    this.#bytes += AROUND_BYTES + bytes;
  }

  /** Until the function that is given is called, no commit copies the log, unless that is long enough. */
  hold(): () => void {
    if (this.#bytes >= LOG_BYTES) {
      // Who holds it now lets the next one do it.
      if (this.#holders === 0) this.#bytes = 0;
      return () => {};
    }
    const rows = this.#begin();
    if (!rows) return () => {};
    this.#holders++;
    return () => {
      this.#holders--;
      this.#end(rows);
    };
  }

  /** Undefined where rows are not read one by one, or where storage fails: who waits for the commit hears of that. */
  #begin(): Rows | undefined {
    try {
      const rows = this.#storage.sql.exec(ROWS);
      return rows.next?.() && rows;
    } catch {
      return undefined;
    }
  }

  #end(rows: Rows): void {
    try {
      while (!rows.next!().done);
    } catch {
      // A commit that failed has ended all reading.
    }
  }
}
