/** A Durable Object's storage on Node's own SQLite, in memory unless a file is given. */
import { DatabaseSync } from "node:sqlite";
import type { Storage } from "../../durable-objects/storage/schema.ts";

export function sqliteStorage(file = ":memory:"): Storage & { close(): void } {
  const database = new DatabaseSync(file);
  return {
    sql: {
      exec(query, ...bindings) {
        const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
        const rows = database.prepare(query).all(...values) as Record<
          string,
          string | number | null | Uint8Array<ArrayBuffer>
        >[];
        // workerd gives blobs as ArrayBuffers of their own.
        const plain = (value: string | number | null | Uint8Array<ArrayBuffer>) =>
          value instanceof Uint8Array ? value.slice().buffer : value;
        return {
          toArray: () =>
            rows.map((row) => Object.fromEntries(Object.entries(row).map(([key, value]) => [key, plain(value)]))),
        };
      },
    },
    transactionSync(work) {
      database.exec("BEGIN");
      try {
        const result = work();
        database.exec("COMMIT");
        return result;
      } catch (thrown) {
        database.exec("ROLLBACK");
        throw thrown;
      }
    },
    sync: async () => {},
    close: () => database.close(),
  };
}
