import { expect, it } from "vitest";
import { DirectoryStore } from "../../../durable-objects/directory/directory-store.ts";
import type { DirectoryEntry } from "../../../src/api/conversations/directory-entry.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const entry = (id: string, revision: number, fields: Partial<DirectoryEntry> = {}): DirectoryEntry => ({
  kind: "conversation",
  id,
  createdMs: 1000,
  revision,
  info: { metadata: { n: String(revision) } },
  ...fields,
});
function opened() {
  const storage = new FaultyStorage(sqliteStorage());
  const store = new DirectoryStore(storage);
  store.open("ann");
  return { store, storage };
}
const page = { kind: "conversation", limit: 100, order: "asc" } as const;
const idsOf = (store: DirectoryStore, request = {}) => store.list({ ...page, ...request }).entries.map(({ id }) => id);

it("told twice, or an older thing later, it keeps the newest", () => {
  const { store, storage } = opened();
  expect(store.put(entry("a", 10), 0)).toBe(10);
  storage.arm({});
  expect(store.put(entry("a", 10), 0)).toBe(10);
  expect(storage.statements, "nothing is written").toBe(1);
  expect(store.put(entry("a", 12), 0)).toBe(12);
  expect(store.put(entry("a", 11), 0)).toBe(12);
  expect(store.list(page)).toEqual({ entries: [entry("a", 12)], hasMore: false });
});

it("a deleted entry does not come back with a late message, but with a new beginning", () => {
  const { store, storage } = opened();
  store.put(entry("a", 10), 0);
  store.put(entry("a", 20, { deleted: true }), 20);
  expect(store.put(entry("a", 15), 21)).toBe(20);
  expect(idsOf(store)).toEqual([]);
  const [row] = storage.sql.exec("SELECT record FROM listed").toArray();
  expect(Buffer.from(row!.record as ArrayBuffer).every((byte) => byte === 0)).toBe(true);
  expect(store.put(entry("a", 30), 30)).toBe(30);
  expect(idsOf(store)).toEqual(["a"]);
});

it("forgets deleted entries after a day", () => {
  const { store, storage } = opened();
  const day = 24 * 3600 * 1000;
  store.put(entry("a", 10, { deleted: true }), 10);
  store.put(entry("b", 11 + day, { deleted: true, createdMs: 1001 }), 11 + day);
  expect(storage.sql.exec("SELECT created_ms FROM listed").toArray()).toEqual([{ created_ms: 1001 }]);
});

it("pages by age, then by a digest of the id, both ways, while entries come and go; kinds are apart", () => {
  const { store } = opened();
  const ids = Array.from({ length: 25 }, (_, i) => `c${String(i).padStart(2, "0")}`);
  // Five share each millisecond.
  for (const [i, id] of ids.entries()) store.put(entry(id, i + 1, { createdMs: Math.floor(i / 5) }), 0);
  store.put(entry("p", 1, { kind: "prefix" }), 0);
  const seen: Record<string, string[]> = {};
  for (const order of ["asc", "desc"] as const) {
    const got: string[] = [];
    for (let after: string | undefined; ; ) {
      const { entries, hasMore } = store.list({ ...page, order, limit: 7, ...(after ? { after } : {}) });
      got.push(...entries.map(({ id }) => id));
      if (!hasMore) break;
      after = entries.at(-1)!.id;
      store.put(entry(after, 1000, { deleted: true, createdMs: Math.floor(ids.indexOf(after) / 5) }), 0);
    }
    seen[order] = got;
    const ages = got.map((id) => Math.floor(ids.indexOf(id) / 5));
    expect(ages).toEqual(ages.toSorted((a, b) => (order === "asc" ? a - b : b - a)));
  }
  expect(seen.asc!.toSorted()).toEqual(ids);
  const gone = [6, 13, 20].map((last) => seen.asc![last]!);
  expect(seen.desc).toEqual(seen.asc!.toReversed().filter((id) => !gone.includes(id)));
  expect(idsOf(store, { kind: "prefix" })).toEqual(["p"]);
  expect(() => store.list({ ...page, after: "none" })).toThrow("after: no such conversation");
});

it("A3: another tenant finds nothing", () => {
  const { storage } = opened();
  expect(() => new DirectoryStore(storage).open("bob")).toThrow("no such directory");
});

it.each([false, true])("C6: a statement that fails leaves all or nothing (forever: %s)", (forever) => {
  for (let failAt = 1; ; failAt++) {
    const { store, storage } = opened();
    store.put(entry("a", 1), 0);
    storage.arm({ failAt, forever });
    try {
      store.open("ann");
      store.put(entry("a", 2, { deleted: true }), 0);
      expect(failAt).toBeGreaterThan(3);
      return;
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "storage_unavailable" });
    }
    storage.arm({});
    store.open("ann");
    expect(idsOf(store)).toEqual(["a"]);
    store.put(entry("a", 2, { deleted: true }), 0);
    expect(idsOf(store)).toEqual([]);
  }
});
