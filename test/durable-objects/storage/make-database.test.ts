import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../../durable-objects/storage/schema.ts";

const fixtures = join(import.meta.dirname, "../../fixtures");
const make = (...args: string[]) =>
  execFileSync(process.execPath, [join(fixtures, "make-database.ts"), ...args], { stdio: "pipe" });

it("the command writes a database of this schema under Node as it is, and never over one that is there", () => {
  const folder = mkdtempSync(join(tmpdir(), "rivulet-fixture-"));
  try {
    make(String(SCHEMA_VERSION), folder);
    const [name] = readdirSync(folder);
    expect(name).toBe(`database-${SCHEMA_VERSION}.sql`);
    const database = new DatabaseSync(":memory:");
    database.exec(readFileSync(join(folder, name!), "utf8"));
    const rows = (table: string) => database.prepare(`SELECT * FROM ${table}`).all().length;
    // The third turn was accepted and not computed.
    expect([rows("turns"), rows("journal"), rows("heads")]).toEqual([2, 1, 2]);
    expect(() => make(String(SCHEMA_VERSION), folder)).toThrow(/a released version never changes/);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

it("there is one of every version", () => {
  for (let version = 1; version <= SCHEMA_VERSION; version++)
    expect(existsSync(join(fixtures, `database-${version}.sql`)), `version ${version}`).toBe(true);
});
