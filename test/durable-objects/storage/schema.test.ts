/** A new database and one that came by every migration have the same tables. */
import { expect, it } from "vitest";
import { migrate, SCHEMA_VERSION, type Storage } from "../../../durable-objects/storage/schema.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

/** Columns and kinds of all tables, and how the index is set. */
function shapeOf({ sql }: Storage): Record<string, unknown> {
  const tables = sql.exec("PRAGMA table_list").toArray();
  const named = tables.filter(({ schema, name }) => schema === "main" && !String(name).startsWith("sqlite_"));
  const columns = named.map(({ name, type, wr, strict }) => {
    const found = sql.exec(`PRAGMA table_xinfo(${name})`).toArray();
    return [name, { type, wr, strict, columns: found }];
  });
  return { ...Object.fromEntries(columns), settings: sql.exec("SELECT * FROM passages_config ORDER BY k").toArray() };
}

it("makes at once what every migration together makes", () => {
  const [made, migrated] = [sqliteStorage(), sqliteStorage()];
  migrate(made);
  for (let version = 1; version <= SCHEMA_VERSION; version++) {
    // The last step is that of a database of the release before, which has tables.
    migrate(migrated, version);
  }
  expect(shapeOf(made)).toEqual(shapeOf(migrated));
  const versions = ({ sql }: Storage) => sql.exec("SELECT version FROM schema_version").toArray();
  expect(versions(made)).toEqual([{ version: SCHEMA_VERSION }]);
  expect(versions(migrated)).toHaveLength(SCHEMA_VERSION);
});
