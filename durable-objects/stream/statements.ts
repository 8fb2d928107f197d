/**
 * Statements of a stream's or a ledger's database: what they wrote and read is counted, and their failures have a name.
 */
import { Failure, isStorageFull, storageFull } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import type { Row, SqlValue, Storage } from "../storage/schema.ts";

export class Statements {
  readonly #storage: Pick<Storage, "sql" | "transactionSync">;
  readonly #whose: string;

  /** `whose`: of messages, "the stream". */
  constructor(storage: Pick<Storage, "sql" | "transactionSync">, whose: string) {
    this.#storage = storage;
    this.#whose = whose;
  }

  rows(query: string, ...bindings: SqlValue[]): Row[] {
    try {
      const cursor = this.#storage.sql.exec(query, ...bindings);
      const rows = cursor.toArray();
      count(cursor);
      return rows;
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  /**
   * A statement that gives no rows. It has run when this returns; asking the cursor for
   * rows would take time of its own.
   */
  write(query: string, ...bindings: SqlValue[]): void {
    try {
      count(this.#storage.sql.exec(query, ...bindings));
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  transaction(work: () => void): void {
    try {
      this.#storage.transactionSync(work);
    } catch (thrown) {
      throw this.#named(thrown);
    }
  }

  #named(thrown: unknown): Failure {
    if (thrown instanceof Failure) return thrown;
    if (isStorageFull(thrown)) return storageFull(thrown);
    return new Failure("storage_unavailable", `${this.#whose}'s storage did not answer; try again`, { cause: thrown });
  }
}

/** What a statement has written and read so far. */
function count({ rowsWritten = 0, rowsRead = 0 }: { rowsWritten?: number; rowsRead?: number }): void {
  metrics.rowsWritten.add(rowsWritten);
  metrics.rowsRead.add(rowsRead);
}
