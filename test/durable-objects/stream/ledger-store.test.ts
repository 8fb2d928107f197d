/**
 * The rows of a tenant's ledger: written whole, found again, and gone from every byte of the
 * file when their stream is deleted.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { LEDGER_BYTES } from "../../../durable-objects/stream/ledger-entry.ts";
import { LedgerStore, packedRows, unpackedRows } from "../../../durable-objects/stream/ledger-store.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-ledger-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const text = (canary: string, bytes: number) =>
  new TextEncoder().encode(canary.repeat(Math.ceil(bytes / canary.length)).slice(0, bytes));
const shown = (bytes: Uint8Array | undefined, length: number) =>
  bytes && new TextDecoder().decode(bytes.subarray(0, length));

it("finds of each stream what was written last", async () => {
  const store = new LedgerStore(sqliteStorage());
  expect(store.entry("a")).toBeUndefined();
  expect(await store.erase("a")).toBe(false);
  const rows = [
    { stream: "a", bytes: text("first", 5000) },
    { stream: "b", bytes: text("other", 40) },
  ];
  expect(unpackedRows(packedRows(rows))).toEqual(rows);
  store.put(unpackedRows(packedRows(rows)));
  store.put([{ stream: "a", bytes: text("second", 30) }]);
  expect(shown(store.entry("a"), 31)).toBe(`${"second".repeat(5)}\0`);
  expect(shown(store.entry("b"), 40)).toBe("other".repeat(8));
  expect(await store.erase("a")).toBe(true);
  expect(store.entry("a")).toBeUndefined();
  expect(await store.erase("b")).toBe(false);
});

it("writes all rows or none", () => {
  const storage = new FaultyStorage(sqliteStorage());
  const store = new LedgerStore(storage);
  store.put([{ stream: "a", bytes: text("before", 60) }]);
  storage.arm({ failAt: 1, only: /INSERT/ });
  const both = ["a", "b"].map((stream) => ({ stream, bytes: text("after", 60) }));
  expect(() => store.put(both)).toThrow(/the ledger's storage did not answer/);
  storage.arm({});
  expect(shown(store.entry("a"), 6)).toBe("before");
  store.put(both);
  expect(shown(store.entry("b"), 5)).toBe("after");
});

it("leaves no byte of a deleted stream, however entries grew and streams came and went around it", async () => {
  const file = join(work, "ledger.sqlite");
  const storage = sqliteStorage(file);
  const store = new LedgerStore(storage);
  const streams = Array.from({ length: 60 }, (_, n) => `stream-${n}`);
  for (let round = 0; round < 40; round++) {
    store.put(
      streams.map((stream, n) => ({
        stream,
        bytes: text(n % 2 ? "canary-5f3a" : "someone-else", Math.min(LEDGER_BYTES, 100 + round * 300 + n)),
      })),
    );
    if (round === 20) for (const stream of streams.splice(10, 8)) await store.erase(stream);
    if (round === 30) streams.push(...Array.from({ length: 8 }, (_, n) => `new-${n}`));
  }
  expect(readFileSync(file).includes("canary-5f3a")).toBe(true);
  const odd = streams.filter((stream) => (store.entry(stream) as Uint8Array)[0] === "c".charCodeAt(0));
  for (const stream of odd) await store.erase(stream);
  storage.close();
  const bytes = readFileSync(file);
  for (let at = 0; at < 11; at++)
    expect(bytes.includes("canary-5f3a".slice(at) + "canary-5f3a".slice(0, at))).toBe(false);
  expect(bytes.includes("someone-else")).toBe(true);
});

it("leaves no byte of two streams that are deleted at the same moment, also where one finds the table gone", async () => {
  const file = join(work, "two.sqlite");
  const storage = sqliteStorage(file);
  const waiting: (() => void)[] = [];
  const store = new LedgerStore({ ...storage, sync: () => new Promise((resolve) => waiting.push(() => resolve())) });
  store.put(["a", "b", "c"].map((stream) => ({ stream, bytes: text(`canary-${stream}`, 9000) })));
  const first = store.erase("a");
  // What the runtime does in one turn is one transaction: the first finds its zeros on disk when the
  // second has just written its own.
  storage.sql.exec("BEGIN");
  const second = store.erase("b");
  waiting[0]!();
  expect(await first).toBe(true);
  storage.sql.exec("COMMIT");
  waiting[1]!();
  expect(await second).toBe(true);
  for (const [stream, isThere] of Object.entries({ a: false, b: false, c: true }))
    expect(readFileSync(file).includes(`canary-${stream}`)).toBe(isThere);
  const last = store.erase("c");
  store.forget();
  storage.sql.exec("DROP TABLE owed");
  waiting[2]!();
  expect(await last).toBe(false);
  storage.close();
});
