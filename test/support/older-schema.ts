/** As schema 6 left a database: the first of what tests do that make one of an earlier release from one of today. */
import type { Storage } from "../../durable-objects/storage/schema.ts";

export function backToSchema6({ sql }: Pick<Storage, "sql">): void {
  sql.exec("ALTER TABLE pieces RENAME COLUMN stretches TO sha256");
  sql.exec("ALTER TABLE staging ADD COLUMN sha256 TEXT NOT NULL DEFAULT ''");
  sql.exec("UPDATE schema_version SET version = 6");
}
