import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import { workerOf } from "../../durable-objects/platform/peers.ts";
import { arrange, workerFolder, workersFor, workersIn } from "../../scripts/serve-workers.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "rivulet-arrange-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Nanoseconds, as the runtime writes them. */
const WHEN = 1_795_775_536_047_000_000n;
const ids = Array.from({ length: 12 }, (_, n) => (n * 0x1234567).toString(16).padStart(8, "0").padEnd(64, "a"));
const conversations = (worker: number) => join(workerFolder(folder, worker), "objects", "rivulet-Conversation");
const held = (worker: number): string[] =>
  existsSync(conversations(worker))
    ? readdirSync(conversations(worker))
        .filter((file) => !file.startsWith("metadata"))
        .toSorted()
    : [];
const filesOf = (id: string): string[] => [`${id}.sqlite`, `${id}.sqlite-shm`, `${id}.sqlite-wal`];

function alarms(worker: number): Record<string, unknown>[] {
  const file = join(conversations(worker), "metadata.sqlite");
  if (!existsSync(file)) return [];
  const database = new DatabaseSync(file);
  const all = database.prepare("SELECT * FROM _cf_ALARM ORDER BY actor_id");
  all.setReadBigInts(true);
  const found = all.all();
  database.close();
  return found;
}

/** A folder as a server of one process leaves it. */
function leave(): void {
  mkdirSync(conversations(0), { recursive: true });
  for (const file of ids.flatMap(filesOf)) writeFileSync(join(conversations(0), file), file);
  const database = new DatabaseSync(join(conversations(0), "metadata.sqlite"));
  database.exec(
    "CREATE TABLE _cf_ALARM (actor_id TEXT PRIMARY KEY, scheduled_time INTEGER, actor_name TEXT) WITHOUT ROWID",
  );
  const insert = database.prepare("INSERT INTO _cf_ALARM VALUES (?, ?, ?)");
  for (const id of ids) insert.run(id, WHEN + BigInt(ids.indexOf(id)), `name ${id}`);
  database.close();
}

function expectArranged(workers: number): void {
  for (let worker = 0; worker <= 5; worker++) {
    const mine = ids.filter((id) => (workers === 1 ? 0 : workerOf(id, workers)) === worker);
    expect(held(worker)).toEqual(mine.flatMap(filesOf).toSorted());
    for (const file of held(worker)) expect(readFileSync(join(conversations(worker), file), "utf8")).toBe(file);
    const mineAlarms = mine.map((id) => ({
      actor_id: id,
      scheduled_time: WHEN + BigInt(ids.indexOf(id)),
      actor_name: `name ${id}`,
    }));
    expect(alarms(worker)).toEqual(mineAlarms.toSorted((a, b) => (a.actor_id < b.actor_id ? -1 : 1)));
  }
}

it("a folder serves any number of processes: every conversation and its alarm lie where one of them holds it", () => {
  leave();
  for (const workers of [1, 3, 3, 5, 2, 1]) {
    arrange(folder, workers);
    expectArranged(workers);
  }
  arrange(folder, 4);
  expect(new Set(ids.map((id) => workerOf(id, 4)))).toEqual(new Set([1, 2, 3, 4]));
});

it("a move that was interrupted goes on, and two files of one conversation are refused", () => {
  leave();
  arrange(folder, 2);
  // The log of a conversation was not moved yet.
  const [id] = ids.filter((id) => workerOf(id, 3) !== workerOf(id, 2));
  const [from, to] = [conversations(workerOf(id!, 2)), conversations(3)];
  mkdirSync(to, { recursive: true });
  writeFileSync(join(to, `${id}.sqlite`), readFileSync(join(from, `${id}.sqlite`)));
  rmSync(join(from, `${id}.sqlite`));
  arrange(folder, 3);
  expectArranged(3);
  writeFileSync(join(conversations(0), `${id}.sqlite`), "another");
  expect(() => arrange(folder, 3)).toThrow(/^[^\n]+ are one conversation; put one of them away$/);
});

it("an empty folder has one process's places", () => {
  expect(workersIn(folder)).toEqual([0]);
  arrange(folder, 2);
  expect(workersIn(folder)).toEqual([0, 1, 2]);
});

it("as many processes as are asked for, as the memory allows, and one for a model in stages", () => {
  const pack = join(folder, "pack");
  mkdirSync(pack);
  const of = (given: string | undefined, memoryBytes = 1e9, cores = 8) =>
    workersFor(given, [{ folder: pack }], { cores, memoryBytes, leastBytes: 128e6 });
  expect(of("3")).toBe(3);
  expect(of("3", 1e9, 1)).toBe(3);
  expect(of(undefined, 128e6)).toBe(1);
  for (const wrong of ["0", "-1", "1.5", "65", "two", ""])
    expect(() => of(wrong), wrong).toThrow(/^--workers: [^\n]+$/);
  expect(() => of("8")).toThrow("--workers: expected at most 7 with this memory, got 8");
  writeFileSync(join(pack, "manifest.json"), JSON.stringify({ stages: [{}, {}] }));
  expect(of(undefined, 1e12)).toBe(1);
  expect(of("1")).toBe(1);
  expect(() => of("2")).toThrow(/divided into stages/);
});

it("by default one process for each core but one, where each has room for the models and 400 MB more", () => {
  const [small, large] = ["small", "large"].map((name, i) => {
    const pack = join(folder, name);
    mkdirSync(pack);
    const bytes = [100e6, 600e6][i];
    writeFileSync(join(pack, "manifest.json"), JSON.stringify({ shards: [{ bytes }] }));
    return { folder: pack };
  });
  const of = (cores: number, memoryBytes: number, ...packs: { folder: string }[]) =>
    workersFor(undefined, packs, { cores, memoryBytes, leastBytes: 128e6 });
  expect([1, 2, 3, 4, 16, 128].map((cores) => of(cores, 1e12, small!))).toEqual([1, 1, 2, 3, 15, 64]);
  expect([0.4e9, 0.9e9, 1.1e9, 2e9].map((bytes) => of(16, bytes, small!))).toEqual([1, 1, 2, 4]);
  expect([1.9e9, 2.3e9].map((bytes) => of(16, bytes, small!, large!))).toEqual([1, 2]);
});
