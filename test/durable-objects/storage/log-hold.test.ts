/** LogHold: when SQLite copies its log, and that what is committed is there either way. */
import { copyFileSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it, onTestFinished } from "vitest";
import { LogHold } from "../../../durable-objects/storage/log-hold.ts";
import type { Storage } from "../../../durable-objects/storage/schema.ts";

const ROW_BYTES = 1_900_000;

/** A file in whose log commits are written, as the runtime has it, and whose rows are read one by one. */
function opened() {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-log-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "file.sqlite");
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; CREATE TABLE states (id INTEGER PRIMARY KEY, bytes BLOB)");
  for (const name of ["a", "b", "c"]) database.exec(`CREATE TABLE ${name} (id INTEGER)`);
  database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  const storage: Pick<Storage, "sql"> = {
    sql: {
      exec(query) {
        const rows = database.prepare(query).iterate();
        return { toArray: () => [], next: () => rows.next() };
      },
    },
  };
  const log = new LogHold(storage as Storage);
  const insert = database.prepare("INSERT OR REPLACE INTO states VALUES (?, ?)");
  /** Commits a row, and says how many bytes lie in the file itself. */
  const commit = (id: number) => {
    log.wrote(ROW_BYTES);
    const letGo = log.hold();
    insert.run(id, new Uint8Array(ROW_BYTES).fill(id));
    letGo();
    return statSync(file).size;
  };
  return { file, commit, log, database };
}

it("lets SQLite copy its log in one commit of seven of a large row, and not in those between", () => {
  const { commit } = opened();
  const sizes = Array.from({ length: 14 }, (_, n) => commit(n));
  const grown = sizes.map((size, n) => size > (sizes[n - 1] ?? sizes[0]!));
  expect(grown.flatMap((isGrown, n) => (isGrown ? [n] : []))).toEqual([6, 13]);
});

it("has what was committed in the log, for whoever opens the files as a crash has left them", () => {
  const { file, commit, database } = opened();
  for (let n = 0; n < 4; n++) commit(n);
  for (const suffix of ["", "-wal"]) copyFileSync(`${file}${suffix}`, `${file}.left${suffix}`);
  const left = new DatabaseSync(`${file}.left`);
  const rows = left.prepare("SELECT id, length(bytes) AS bytes, hex(substr(bytes, -1)) AS last FROM states").all();
  expect(rows).toEqual([0, 1, 2, 3].map((id) => ({ id, bytes: ROW_BYTES, last: `0${id}` })));
  left.close();
  database.close();
});

it("holds it for as long as anybody waits, and fails with nobody's storage", () => {
  const { commit, log } = opened();
  for (let n = 0; n < 5; n++) commit(n);
  const other = log.hold();
  const before = commit(5);
  expect(commit(6), "somebody has waited since before it was long enough").toBe(before);
  other();
  expect(commit(7)).toBeGreaterThan(before);
  const broken = () => {
    throw new Error("broken");
  };
  expect(() => new LogHold({ sql: { exec: broken } } as unknown as Storage).hold()()).not.toThrow();
});
