/** What was deleted is in no byte of the database's file. */
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { DirectoryStore } from "../../../durable-objects/directory/directory-store.ts";
import { ConversationStore } from "../../../durable-objects/storage/conversation-store.ts";
import { newHead } from "../../../durable-objects/storage/heads.ts";
import { ImportStaging } from "../../../durable-objects/storage/import-staging.ts";
import type { Accepted } from "../../../durable-objects/storage/journal.ts";
import type { StoredTurn } from "../../../durable-objects/storage/stored-turn.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { name as nameOf, numberedTree } from "../../support/numbered-tree.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-erasure-"));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const CANARY = "canary-5f3a";
const family = { owner: "local", object: "o".repeat(32), fingerprint: "f" };
const name = (n: number) => (n + 1).toString(16).padStart(16, "0");
let files = 0;
/** Whole numbers below a bound, the same ones for a seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function opened() {
  const file = join(work, `${files++}.sqlite`);
  const storage = sqliteStorage(file);
  const store = new ConversationStore(storage, 100);
  store.database.open();
  const begin = (n: number, text: string, head?: string) => {
    const accepted: Accepted = {
      ...{ id: name(n), parent: null, depth: 1, createdMs: n, fingerprint: "f", seed: null, origin: "new", start: 0 },
      request: {
        ...{ tenant: "local", persistent: true, model: "m", messages: [{ role: "user", content: text }] },
        ...{ sampling: {}, stop: [], reply: { object: "chat.completion", stream: false, includeUsage: false } },
        ...(head === undefined ? {} : { head }),
      },
      ...{ cachedTokens: 0, rebuiltTokens: 0, promptCount: 1, asked: "q", messageCount: 1, hasSystem: false },
      attempts: 0,
    };
    const tip = head === undefined ? null : (store.heads.get(head)?.turn ?? null);
    store.accept({ accepted, prompt: Uint32Array.of(n), tip }, family);
    return accepted;
  };
  /** A turn of nothing but its text, accepted and finished. */
  const add = (n: number, text: string, head?: string, numbers = text.slice(0, 250)) => {
    const accepted = begin(n, text, head);
    const turn: StoredTurn = {
      ...{ id: name(n), parent: null, depth: 1, createdMs: n, status: "completed", start: 0, position: 1, logged: 2 },
      ...{ hidden: false, request: accepted.request, fingerprint: "f", model: "m", origin: "new", reply: text },
      ...{ promptCount: 1, asked: "q", history: "h", messageCount: 2, hasSystem: false, closed: true, generator: [] },
    };
    const state = { position: 1, bytes: Uint8Array.from(new TextEncoder().encode(numbers)) };
    store.commit(turn, 1, Uint32Array.of(n, n), state);
  };
  const forget = async (n: number) => {
    store.database.transaction(() => store.forgetTurn(name(n)));
    await store.database.settled();
  };
  const bytes = () => {
    storage.close();
    return readFileSync(file).includes(CANARY);
  };
  return { store, storage, file, begin, add, forget, holdsCanary: bytes };
}

it("finds what was not deleted", () => {
  const { add, holdsCanary } = opened();
  add(1, CANARY);
  expect(holdsCanary()).toBe(true);
});

const long = { short: 1, "several pages": 500, "longer than a row": 200_000 };
it.each(Object.entries(long))(
  "a deleted turn is in no table and in no page that was given free: %s",
  async (_, times) => {
    const { add, forget, holdsCanary } = opened();
    add(1, "something else");
    add(2, CANARY.repeat(times));
    await forget(2);
    add(3, "something else");
    expect(holdsCanary()).toBe(false);
  },
);

/** Codes lie where rows begin, and SQLite has moved some of them; what it left then is not reached. */
it("the codes of deleted turns are erased where they lie, before their rows are given free", async () => {
  const file = join(work, "codes.sqlite");
  const storage = sqliteStorage(file);
  const codeOf = (sentence: string) => new Uint8Array(createHash("sha256").update(sentence).digest());
  const { store, add } = numberedTree(new FaultyStorage(storage), { version: 1, bytes: 32, codeOf });
  const said = Array.from({ length: 200 }, (_, n) => `Sentence number ${n} says so.`);
  for (const [n, text] of said.entries()) add(n + 1, n || null, text);
  const held = () => {
    const bytes = readFileSync(file);
    return said.filter((text) => bytes.includes(Buffer.from(codeOf(text)))).length;
  };
  expect(held()).toBe(said.length);
  store.database.transaction(() => {
    for (let n = said.length; n > 0; n--) store.forgetTurn(nameOf(n));
  });
  await store.database.settled();
  expect(storage.sql.exec("SELECT place FROM passage_turns").toArray()).toEqual([]);
  storage.close();
  expect(held()).toBeLessThan(said.length / 20);
});

it.each(Object.entries(long))("nor in the journal that later turns were written over: %s", async (_, times) => {
  const { store, add, forget, holdsCanary } = opened();
  add(1, CANARY.repeat(times));
  await store.database.settled();
  // Shorter, as long, and longer than the slot.
  for (let n = 2; n < 6; n++) {
    add(n, "x".repeat(12 ** (n - 2)));
    await store.database.settled();
  }
  await forget(1);
  expect(holdsCanary()).toBe(false);
});

it("a removed head leaves neither its metadata nor what it was called, however often it was written", async () => {
  const { store, add, holdsCanary } = opened();
  add(1, "something else");
  const head = newHead("fork", { conversation: `${CANARY}~fork`, metadata: { a: CANARY } });
  store.heads.put(head);
  store.heads.put({ ...head, turn: name(1) });
  store.heads.put({ ...head, turn: name(1), metadata: { a: CANARY, b: "longer".repeat(200) } });
  store.heads.put({ ...head, turn: name(1), metadata: { a: "short" } });
  store.database.transaction(() => store.heads.remove("fork"));
  expect(store.heads.get("fork")).toBeUndefined();
  expect(store.heads.all()).toEqual([]);
  await store.database.settled();
  expect(holdsCanary()).toBe(false);
});

it("an erased turn is not there even before its row is deleted, nor one that a crash left so", async () => {
  const { store, storage, add } = opened();
  add(1, CANARY);
  add(2, "something else");
  store.database.transaction(() => store.forgetTurn(name(1)));
  const left = new ConversationStore(storage, 100);
  for (const each of [store, left]) {
    expect(each.tree.turn(name(1))).toBeUndefined();
    expect(each.tree.all().map(({ id }) => id)).toEqual([name(2)]);
    expect(each.journal.running()).toEqual([]);
  }
  // The same request again: its id is free.
  add(1, "again");
  expect(left.tree.turn(name(1))!.reply).toBe("again");
});

it("a transaction that is rolled back has erased nothing", async () => {
  const { store, add } = opened();
  add(1, CANARY);
  const fails = () => {
    store.forgetTurn(name(1));
    throw new Error("full");
  };
  expect(() => store.database.transaction(fails)).toThrow();
  await store.database.settled();
  expect(store.tree.turn(name(1))!.reply).toBe(CANARY);
});

it("a deleted entry of the directory leaves no name and no metadata, nor does one of an earlier release", () => {
  const file = join(work, "directory.sqlite");
  const storage = sqliteStorage(file);
  const store = new DirectoryStore(storage);
  store.open("ann");
  const entry = (revision: number, note: string) => ({
    ...{ kind: "conversation" as const, id: `${CANARY}-id`, createdMs: 1, revision: 1_800_000_000_000 + revision },
    info: { metadata: { note } },
  });
  store.put(entry(1, CANARY), 1);
  store.put(entry(2, CANARY + "y".repeat(3000)), 1);
  store.put(entry(3, "short"), 1);
  store.put({ ...entry(4, ""), deleted: true, info: {} }, 1);
  expect(store.list({ kind: "conversation", limit: 10, order: "asc" }).entries).toEqual([]);
  storage.close();
  expect(readFileSync(file).includes(CANARY)).toBe(false);
});

/** Lengths of texts: within a row, about a page, several pages. */
const lengths = [10, 300, 800, 1500, 2500, 3500, 5000, 9000];
/** Told apart from all others wherever a piece of it lies. */
const marked = (n: number, length: number) => `<${name(n)}>`.repeat(Math.ceil(length / 18));
const leftIn = (file: string, gone: Iterable<number>) => {
  const bytes = readFileSync(file);
  return [...gone].filter((n) => bytes.includes(`<${name(n)}>`));
};

it("of many entries of a directory that come, change and go, none that is gone is anywhere in its pages", () => {
  const file = join(work, "busy-directory.sqlite");
  const storage = sqliteStorage(file);
  storage.sql.exec("PRAGMA synchronous = OFF");
  const store = new DirectoryStore(storage);
  store.open("ann");
  const atMs = 1_800_000_000_000;
  const draw = randomOf(1);
  const put = (n: number, revision: number, note: string, deleted = false) =>
    store.put(
      {
        ...{ kind: "stream", id: `<${name(n)}>`, createdMs: atMs + n, revision: atMs + revision, deleted },
        info: deleted ? {} : { metadata: { note } },
      },
      atMs,
    );
  for (let n = 0; n < 200; n++) put(n, n, marked(n, lengths[draw(lengths.length)]!));
  const gone = new Set<number>();
  for (let revision = 1000; revision < 1400; revision++) {
    const n = draw(200);
    if (draw(2) === 0) put(n, revision, "", gone.add(n) !== undefined);
    else if (!gone.has(n)) put(n, revision, marked(n, lengths[draw(lengths.length)]!));
  }
  const { entries } = store.list({ kind: "stream", limit: 1000, order: "asc" });
  expect(entries.map(({ id }) => id)).toEqual(
    Array.from({ length: 200 }, (_, n) => n)
      .filter((n) => !gone.has(n))
      .map((n) => `<${name(n)}>`),
  );
  storage.close();
  expect(gone.size).toBeGreaterThan(50);
  expect(leftIn(file, Array(200).keys())).toHaveLength(200 - gone.size);
  expect(leftIn(file, gone)).toEqual([]);
});

it("nor of many turns, journal slots and heads of a conversation", async () => {
  const { store, storage, file, add, forget } = opened();
  storage.sql.exec("PRAGMA synchronous = OFF");
  const draw = randomOf(2);
  const there = new Set<number>();
  const gone = new Set<number>();
  for (let n = 0; n < 150; n++) {
    const text = marked(n, lengths[draw(lengths.length)]!);
    add(n, n % 50 === 0 ? marked(n, 1_000_000) : text, undefined, "numbers");
    store.heads.put(newHead(`head${n}`, { conversation: `<${name(n)}>`, metadata: { note: text } }));
    there.add(n);
    // Some grow, some become shorter.
    const again = [...there][draw(there.size)]!;
    const head = store.heads.get(`head${again}`)!;
    store.heads.put({ ...head, turn: name(again), metadata: { note: marked(again, lengths[draw(lengths.length)]!) } });
    if (draw(2) === 0) continue;
    const leaves = [...there][draw(there.size)]!;
    store.database.transaction(() => store.heads.remove(`head${leaves}`));
    await forget(leaves);
    there.delete(leaves);
    gone.add(leaves);
  }
  // What the journal's slot holds of the last one is written over by the next.
  add(1000, "x".repeat(1_100_000));
  await store.database.settled();
  for (const n of there) expect(store.tree.turn(name(n))!.reply).toContain(`<${name(n)}>`);
  expect(store.heads.all().map(({ conversation }) => conversation)).toHaveLength(there.size);
  storage.close();
  expect(gone.size).toBeGreaterThan(50);
  expect(leftIn(file, there)).toHaveLength(there.size);
  expect(leftIn(file, gone)).toEqual([]);
});

it("nor what a running turn had written before it grew out of its slot", async () => {
  const { store, storage, file, begin } = opened();
  for (const [n, times] of [1, 400, 40_000].entries()) {
    const accepted = begin(n, `<${name(n)}>`.repeat(times));
    for (let length = 1; length < 300_000; length *= 8) {
      const ids = Uint32Array.from({ length }, () => 0x3e3e3e3e + n);
      const logprobs = Array.from({ length: Math.ceil(length / 100) }, () => ({ token: `<${name(n)}>` }) as never);
      store.checkpoint({ ...accepted, logprobs }, 1, ids, { position: 1, bytes: Uint8Array.of(1) });
      await store.database.settled();
      expect(store.journal.get(name(n))!.ids).toEqual(ids);
      expect(store.journal.get(name(n))!.accepted.logprobs).toEqual(logprobs);
    }
  }
  for (const n of [0, 1, 2]) {
    store.database.transaction(() => store.forgetTurn(name(n)));
    await store.database.settled();
  }
  storage.close();
  expect(leftIn(file, [0, 1, 2])).toEqual([]);
  expect(readFileSync(file).includes(">>>>")).toBe(false);
});

it("nor a file that was taken in", async () => {
  const { store, storage, file } = opened();
  const staging = new ImportStaging(store.database);
  for (let n = 0; n < 40; n++)
    staging.put({ kind: "detail", bytes: Buffer.from(marked(n, lengths[n % lengths.length]!)) });
  expect([...staging.records()].map(({ bytes }) => String(Buffer.from(bytes)))).toEqual(
    Array.from({ length: 40 }, (_, n) => marked(n, lengths[n % lengths.length]!)),
  );
  staging.clear();
  await store.database.settled();
  expect(staging.isEmpty).toBe(true);
  storage.close();
  expect(leftIn(file, Array(40).keys())).toEqual([]);
});

it("a directory of an earlier release is taken over", () => {
  const storage = sqliteStorage();
  storage.sql.exec("CREATE TABLE entries (kind, id, created_ms, revision, deleted, info)");
  storage.sql.exec(`INSERT INTO entries VALUES ('conversation', 'a', 5, 7, 0, '{"metadata":{"n":"1"}}')`);
  storage.sql.exec("INSERT INTO entries VALUES ('conversation', 'b', 6, 8, 1, '{}')");
  const store = new DirectoryStore(storage);
  for (let open = 0; open < 2; open++) store.open("ann");
  expect(store.list({ kind: "conversation", limit: 10, order: "asc" }).entries).toEqual([
    { kind: "conversation", id: "a", createdMs: 5, revision: 7, info: { metadata: { n: "1" } } },
  ]);
  expect(store.put({ kind: "conversation", id: "b", createdMs: 6, revision: 7, info: {} }, 9)).toBe(8);
});
