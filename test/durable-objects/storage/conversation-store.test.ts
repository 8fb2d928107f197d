import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { around, viewOf } from "../../../durable-objects/conversation/views.ts";
import { limits } from "../../../durable-objects/platform/limits.ts";
import { ConversationStore } from "../../../durable-objects/storage/conversation-store.ts";
import { GONE, LeaseLost } from "../../../durable-objects/storage/database.ts";
import { Heads, newHead } from "../../../durable-objects/storage/heads.ts";
import type { Accepted } from "../../../durable-objects/storage/journal.ts";
import { SCHEMA_VERSION } from "../../../durable-objects/storage/schema.ts";
import { PIECE_BYTES, type StateSet, type StoredStretch } from "../../../durable-objects/storage/state-pieces.ts";
import type { StoredTurn } from "../../../durable-objects/storage/stored-turn.ts";
import type { NewStretch } from "../../../src/state/codec.ts";
import { FaultyStorage } from "../../support/faulty-storage.ts";
import { backToSchema6 } from "../../support/older-schema.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const family = { owner: "local", object: "o".repeat(32), fingerprint: "f" };
const name = (n: number) => n.toString(16).padStart(16, "0");
const request = (head?: string): Accepted["request"] => ({
  ...{
    tenant: "local",
    persistent: true,
    model: "m",
    messages: [{ role: "user", content: "m" }],
    sampling: {},
    stop: [],
  },
  ...(head === undefined ? {} : { head }),
  reply: { object: "chat.completion", stream: false, includeUsage: false },
});

/** Two ids a turn: one of the prompt, one of the reply. */
const accepted = (n: number, parent: number | null, depth: number, head?: string): Accepted => ({
  ...{ id: name(n), parent: parent === null ? null : name(parent), depth, createdMs: n, request: request(head) },
  ...{ fingerprint: "f", seed: null, origin: "new", start: 2 * (depth - 1), cachedTokens: 0, rebuiltTokens: 0 },
  ...{ promptCount: 1, asked: "q", messageCount: 1, hasSystem: false, attempts: 0 },
});
const finished = (turn: Accepted, reply = "a"): StoredTurn => ({
  ...{ id: turn.id, parent: turn.parent, depth: turn.depth, createdMs: turn.createdMs, status: "completed" },
  ...{ start: turn.start, position: turn.start + 1, logged: turn.start + 2, hidden: false, request: turn.request },
  ...{ fingerprint: "f", model: "m", origin: "new", reply, promptCount: 1, asked: "q", history: `h${turn.id}` },
  ...{ messageCount: 2, hasSystem: false, closed: true, generator: [1, 2, 3, 4] },
});
function bytesOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) + seed;
  return bytes;
}
/** As expect().toEqual, which takes seconds on megabytes. */
const expectSame = (got: Uint8Array, expected: Uint8Array) => expect(Buffer.compare(got, expected)).toBe(0);
const SMALL = 100;
/** For one test. */
const budgetOf = (bytes: number) => {
  limits.stateBudgetBytes = bytes;
};
const { stateBudgetBytes } = limits;
afterEach(() => budgetOf(stateBudgetBytes));
const ids = (...values: number[]) => Uint32Array.from(values);

function opened(storage = new FaultyStorage(sqliteStorage()), pieceBytes = SMALL) {
  const store = new ConversationStore(storage, pieceBytes);
  store.database.open();
  /** Accepts and commits turn `n` under `parent`. */
  const add = (n: number, parent: number | null, state = bytesOf(2 * SMALL, n), head: string | undefined = "main") => {
    const depth = parent === null ? 1 : store.tree.node(name(parent))!.depth + 1;
    const turn = accepted(n, parent, depth, head);
    const tip = (head === undefined ? undefined : store.heads.get(head)?.turn) ?? null;
    store.accept({ accepted: turn, prompt: ids(n), tip }, family);
    store.commit(finished(turn), 1, ids(n, n + 1000), { position: turn.start + 1, bytes: state });
  };
  const state = (n: number) => store.pieces.read(store.pieces.of(name(n))!);
  const kept = () => [...store.states.kept()].map(({ turn }) => Number.parseInt(turn, 16)).toSorted((a, b) => a - b);
  return { store, storage, add, state, kept };
}

it("gives back turns, ids along a path, and states as they were committed", () => {
  const { store, add, state } = opened();
  expect(store.identity()).toBeUndefined();
  for (let n = 1; n <= 5; n++) add(n, n === 1 ? null : n - 1, bytesOf(10 + n, n));
  add(6, 3, bytesOf(3, 6));
  expect(store.identity()).toEqual(family);
  expect(store.tree.turn(name(5))).toMatchObject(finished(accepted(5, 4, 5, "main")));
  expectSame(state(5), bytesOf(15, 5));
  expectSame(state(6), bytesOf(3, 6));
  expect([...store.tree.ids(name(5), 3, 9)]).toEqual([1002, 3, 1003, 4, 1004, 5]);
  expect([...store.tree.ids(name(6), 4, 8)]).toEqual([3, 1003, 6, 1006]);
  expect(() => store.tree.ids(name(5), 3, 11)).toThrow("the token log has a gap");
  expect(store.heads.get("main")!.turn).toBe(name(6));
});

it("asks once whose it is, how a head stands and what a turn was, and again once a statement may have changed it", () => {
  const { storage, add } = opened();
  for (const n of [1, 2]) add(n, n === 1 ? null : n - 1);
  const { store } = opened(storage);
  const { tree, heads, database } = store;
  const found = () => {
    storage.arm({});
    database.open();
    const turn = tree.turn(name(2));
    return [store.identity()?.fingerprint, heads.get("main")?.turn, turn?.hidden, database.exists, storage.statements];
  };
  expect([found(), found()]).toEqual([
    ["f", name(2), false, true, 3],
    ["f", name(2), false, true, 0],
  ]);
  const undone = () =>
    database.transaction(() => {
      store.retake("g");
      heads.put({ ...heads.require("main"), turn: name(1) });
      tree.hide(name(2));
      expect(found().slice(0, 4)).toEqual(["g", name(1), true, true]);
      throw new Error("taken back");
    });
  expect(undone).toThrow("did not answer");
  expect(found().slice(0, 4)).toEqual(["f", name(2), false, true]);
  database.transaction(() => store.retake("g"));
  heads.put({ ...heads.require("main"), turn: name(1) });
  tree.hide(name(2));
  expect(found().slice(0, 4)).toEqual(["g", name(1), true, true]);
  database.transaction(() => store.forgetTurn(name(2)));
  expect(tree.turn(name(2))).toBeUndefined();
  storage.sql.exec("DROP TABLE schema_version");
  database.close();
  expect(database.exists).toBe(false);
});

it("knows what it has just written as another instance reads it", () => {
  const { store, storage, add } = opened();
  for (const n of [1, 2]) add(n, n === 1 ? null : n - 1);
  const known = ({ tree, heads, journal }: ConversationStore) => {
    storage.arm({});
    const found = [tree.turn(name(2)), tree.node(name(2)), tree.ownIds(name(2)), heads.get("main"), journal.running()];
    const places = [heads.tips("main"), tree.passages.laneFor({ parent: name(2), depth: 3 })];
    return { found: [...found, ...places], statements: storage.statements };
  };
  const [here, there] = [store, opened(storage).store].map(known);
  expect(here!.found).toEqual(there!.found);
  expect([here!.statements, there!.statements]).toEqual([0, 9]);
  add(3, 2);
  expect(store.tree.ownIds(name(2))).toEqual(there!.found[2]);
});

it("goes on from what was rebuilt of a turn further up, as it says", () => {
  const { store, add } = opened();
  for (let n = 1; n <= 4; n++) add(n, n === 1 ? null : n - 1);
  store.database.transaction(() => store.pieces.disown());
  const turn = accepted(5, 2, 3, "other");
  store.accept({ accepted: turn, prompt: ids(5), tip: null }, family);
  store.checkpoint(turn, 1, ids(5), { position: 2, bytes: bytesOf(SMALL, 5) });
  store.leaveRebuilt(turn, 1);
  const found = (at: number) =>
    [...store.states.from(name(at), "f", { rebuilt: true })].map(({ position }) => position);
  expect([found(1), found(2), found(4)]).toEqual([[], [2], [2]]);
  expect(store.states.recomputeTokens(name(4))).toBe(store.tree.node(name(4))!.position - 2);
});

it.each(["the alarm", "the next turn"])(
  "deletes long values of a turn that has ended, of which the zeros are left: by %s of another instance",
  async (by) => {
    const { store, storage } = opened();
    const turn = accepted(1, null, 1, "main");
    store.accept({ accepted: turn, prompt: new Uint32Array(300_000), tip: null }, family);
    store.commit(finished(turn), 1, ids(1, 1001), { position: 1, bytes: bytesOf(SMALL, 1) });
    const left = () => storage.sql.exec("SELECT key FROM overflow").toArray().length;
    expect(left()).toBe(1);
    const { store: next, add } = opened(storage);
    if (by === "the alarm") next.journal.sweepEnded();
    else add(2, 1);
    await next.database.settled();
    expect(left()).toBe(0);
  },
);

it("reads where a turn stands once, and what is hidden, removed, rolled back or erased is so at once", () => {
  const { store, storage, add } = opened();
  const { tree, database } = store;
  for (let n = 1; n <= 5; n++) add(n, n === 1 ? null : n - 1);
  const walked = () => {
    storage.arm({ only: /FROM turns/ });
    return [[...tree.path(name(5))].map(({ id }) => Number.parseInt(id, 16)), storage.statements];
  };
  tree.forget();
  expect([walked(), walked()]).toEqual([
    [[5, 4, 3, 2, 1], 5],
    [[5, 4, 3, 2, 1], 0],
  ]);
  tree.hide(name(3));
  expect(tree.node(name(3))!.hidden).toBe(true);
  const undone = () =>
    database.transaction(() => {
      tree.insert(finished(accepted(6, 5, 6)), ids(6, 1006));
      tree.hide(name(4));
      expect([tree.node(name(6))?.id, tree.node(name(4))!.hidden]).toEqual([name(6), true]);
      throw new Error("undone");
    });
  expect(undone).toThrow("did not answer");
  expect([tree.node(name(6)), tree.node(name(4))!.hidden]).toEqual([undefined, false]);
  expect(walked()[0]).toEqual([5, 4, 3, 2, 1]);
  database.transaction(() => store.forgetTurn(name(5)));
  expect(() => walked()).toThrow("is missing");
  database.exec("DELETE FROM turns");
  tree.forget();
  expect(tree.node(name(1))).toBeUndefined();
});

it.each([0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2_000_001, 8_400_000])(
  "V8: cuts a state of %i bytes into rows that fit",
  (bytes) => {
    const { store, add, state } = opened(undefined, PIECE_BYTES);
    add(1, null, bytesOf(bytes, 1));
    expect(store.pieces.of(name(1))!.rows.length).toBe(Math.max(1, Math.ceil(bytes / PIECE_BYTES)));
    expectSame(state(1), bytesOf(bytes, 1));
  },
);

it("C3: while a prompt is read, its checkpoints write the state alone, and the row only where it says something else", () => {
  const { store, storage } = opened(undefined, PIECE_BYTES);
  const turn = accepted(1, null, 1, "main");
  const prompt = Uint32Array.from({ length: 1_100_000 }, (_, i) => i);
  store.accept({ accepted: turn, prompt, tip: null }, family);
  const written = (ids: Uint32Array<ArrayBuffer>, epoch: number, fields: Partial<Accepted> = {}) => {
    storage.arm({ only: /^(INSERT|UPDATE).*(journal|overflow)/ });
    store.checkpoint({ ...turn, ...fields }, epoch, ids, { position: 1, bytes: bytesOf(SMALL, 1) });
    return storage.statements > 0;
  };
  expect([written(prompt, 1), written(prompt, 1), written(prompt, 1)]).toEqual([true, false, false]);
  const more = Uint32Array.from([...prompt, 7]);
  expect([written(more, 1), written(more, 1)]).toEqual([true, false]);
  expect([written(more, 1, { attempts: -1 }), written(more, 1, { attempts: -1 })]).toEqual([true, false]);
  const { accepted: taken, epoch } = store.journal.take(turn.id);
  expect([written(more, epoch, taken), written(more, epoch, taken)]).toEqual([false, false]);
  expect(() => written(more, 1, taken)).toThrow(LeaseLost);
  // What was rolled back is not there, whatever was remembered of it.
  const last = Uint32Array.from([...more, 8]);
  storage.arm({ failAt: 1, only: /^(INSERT INTO|UPDATE) pieces/ });
  expect(() => store.checkpoint(taken, epoch, last, { position: 1, bytes: bytesOf(SMALL, 2) })).toThrow();
  expect(store.journal.get(turn.id)!.ids.length).toBe(more.length);
  expect([written(last, epoch, taken), written(last, epoch, taken)]).toEqual([true, false]);
  expect(store.journal.get(turn.id)!.ids).toEqual(last);
});

it("V8: values longer than a row lie in rows of their own, and go with their turn", async () => {
  const { store, storage } = opened(undefined, PIECE_BYTES);
  const turn = accepted(1, null, 1, "main");
  const long = Uint32Array.from({ length: 1_100_000 }, (_, i) => i);
  store.accept({ accepted: turn, prompt: long, tip: null }, family);
  expect(store.journal.get(turn.id)!.ids).toEqual(long);
  const reply = "é".repeat(1_500_000);
  store.commit({ ...finished(turn, reply), logged: long.length }, 1, long, undefined);
  expect(store.tree.turn(turn.id)!.reply).toBe(reply);
  expect(store.tree.ownIds(turn.id)).toEqual(long);
  store.tree.remove(turn.id);
  await store.database.settled();
  expect(storage.sql.exec("SELECT count(*) AS n FROM overflow").toArray()).toEqual([{ n: 0 }]);
});

it("V8: refuses a row larger than the platform takes", () => {
  const { store } = opened();
  expect(() => store.database.exec("SELECT ?", "é".repeat(1_000_000))).toThrow("a row of");
});

it.each([
  [0, [100]],
  [2 * SMALL, [100]],
  [3 * 2 * SMALL, [98, 99, 100]],
  [4 * 2 * SMALL, [96, 98, 99, 100]],
  [24_000_000, [64, 80, 88, 92, 96, 98, 99, 100]],
])("with %i bytes keeps the states of turns ever further back, and nothing else", (budget, expected) => {
  budgetOf(budget);
  const { store, storage, add, kept, state } = opened();
  for (let n = 1; n <= 100; n++) add(n, n === 1 ? null : n - 1);
  expect(kept()).toEqual(expected);
  const rows = storage.sql.exec("SELECT count(*) AS n, sum(length(bytes)) AS bytes FROM pieces").toArray()[0]!;
  expect([rows.n, rows.bytes]).toEqual([2 * expected.length, 2 * SMALL * expected.length]);
  expectSame(state(100), bytesOf(2 * SMALL, 100));
  const nearest = expected.filter((n) => n <= 90).at(-1);
  expect(store.states.recomputeTokens(name(90))).toBe(nearest === undefined ? 2 * 90 - 1 : 2 * (90 - nearest));
  for (const n of expected) expect(store.states.recomputeTokens(name(n))).toBe(0);
});

it("never keeps more, and each turn 1 and 2 back, whatever the length", () => {
  budgetOf(4 * 2 * SMALL);
  const { add, kept } = opened();
  for (let n = 1; n <= 40; n++) {
    add(n, n === 1 ? null : n - 1);
    expect(kept().length, `${n} turns`).toBe(n <= 3 ? n : n === 4 ? 3 : 4);
    expect(kept()).toEqual(expect.arrayContaining([n, n - 1, n - 2].filter((turn) => turn > 0)));
  }
});

it("a fork keeps what the path that leaves it behind would lose", () => {
  budgetOf(3 * 2 * SMALL);
  const { store, add, kept } = opened();
  for (let n = 1; n <= 20; n++) add(n, n === 1 ? null : n - 1);
  store.heads.put(newHead("fork", { turn: name(19) }));
  for (let n = 21; n <= 40; n++) add(n, n - 1);
  expect(kept()).toEqual([18, 19, 38, 39, 40]);
});

/** Of so many bytes, from a position on. */
const stretch = (from: number, length = SMALL): NewStretch => {
  const data = bytesOf(length, from);
  return { kind: 0, from, to: from + 2, bytes: length, checksum: new Uint8Array(16), data };
};
const textOf = (found: StateSet | undefined, { pieces }: ConversationStore) =>
  pieces.readStretches(found!).map((data) => data[0]);

it("states share stretches: a row is counted once, and goes when no state that is kept names it", () => {
  budgetOf(2 * SMALL + 4 * SMALL);
  const { store, storage, kept } = opened();
  let known: StoredStretch[] = [];
  for (let n = 1; n <= 8; n++) {
    const turn = accepted(n, n === 1 ? null : n - 1, n, "main");
    store.accept({ accepted: turn, prompt: ids(n), tip: n === 1 ? null : name(n - 1) }, family);
    // Each state has the last three, one of them of its own.
    const state = {
      position: turn.start + 1,
      bytes: bytesOf(SMALL, n),
      stretches: [...known.slice(-2), stretch(2 * n)],
    };
    store.commit(finished(turn), 1, ids(n, n + 1000), state);
    store.pieces.release(turn.id);
    const set = store.pieces.of(turn.id)!;
    expect(textOf(set, store)).toEqual([2 * n - 4, 2 * n - 2, 2 * n].filter((from) => from > 0));
    known = state.stretches.map((each, i) => ({ ...each, row: set.stretches[i]! }));
  }
  // Two states of their own and four stretches: turn 7 has one that turn 8 has not.
  expect(kept()).toEqual([7, 8]);
  expect(textOf(store.pieces.of(name(7)), store)).toEqual([10, 12, 14]);
  const rows = storage.sql
    .exec("SELECT part FROM pieces WHERE bytes <> zeroblob(length(bytes)) ORDER BY part")
    .toArray();
  expect(rows.map(({ part }) => part)).toEqual([-1, -1, -1, -1, 0, 0]);
});

it("reads once where states lie, and knows it of those that it writes, takes back, erases or leaves to others", () => {
  const { store, storage, add } = opened(undefined, 1000);
  const { pieces, database } = store;
  for (let n = 1; n <= 3; n++) add(n, n === 1 ? null : n - 1);
  /**
   * The state as this instance knows it, how often it read the table for that, and the
   * state as another one would find it.
   */
  const known = (n: number) => {
    storage.arm({ only: /^SELECT (?!bytes).* FROM pieces/ });
    const set = pieces.of(name(n));
    const read = storage.statements;
    expect(set).toEqual(new ConversationStore(storage).pieces.of(name(n)));
    return [set && pieces.read(set)[0], read];
  };
  for (let n = 4; n <= 5; n++) {
    add(n, n - 1);
    expect(known(n)).toEqual([n, 0]);
  }
  const undone = () =>
    database.transaction(() => {
      pieces.write(name(9), { position: 1, bytes: bytesOf(SMALL, 9) }, []);
      expect(pieces.of(name(9))).toBeDefined();
      throw new Error("undone");
    });
  expect(undone).toThrow("did not answer");
  expect([known(9), known(5)]).toEqual([
    [undefined, 1],
    [5, 0],
  ]);
  database.transaction(() => pieces.drop(name(4)));
  expect(known(4)).toEqual([0, 1]);
  database.transaction(() => {});
  expect([known(4), known(5)]).toEqual([
    [undefined, 1],
    [5, 0],
  ]);
  pieces.disown();
  expect(known(5)).toEqual([undefined, 1]);
});

it("what a turn goes on from stays while it runs, though other turns let its state go", () => {
  budgetOf(0);
  const { store, add } = opened();
  const turn = accepted(1, null, 1, "main");
  store.accept({ accepted: turn, prompt: ids(1), tip: null }, family);
  store.commit(finished(turn), 1, ids(1, 1001), { position: 1, bytes: bytesOf(SMALL, 1), stretches: [stretch(0)] });
  store.pieces.release(turn.id);
  const set = store.pieces.of(name(1))!;
  store.pieces.hold(name(9), set);
  add(2, 1);
  add(3, 2);
  expect(store.pieces.of(name(1))).toBeUndefined();
  expect(textOf(set, store)).toEqual([0]);
  store.pieces.release(name(9));
  add(4, 3);
  expect(store.pieces.readStretches(set)[0]![0] ?? "gone").not.toBe(bytesOf(SMALL, 0)[1]);
});

it("a stretch that was written ahead stays until its state names it; one that none names is erased at the turn's end", () => {
  const { store, storage, add } = opened();
  const turn = accepted(1, null, 1, "main");
  store.accept({ accepted: turn, prompt: ids(1), tip: null }, family);
  store.writeAhead(turn.id, 1, stretch(10));
  const named = store.writeAhead(turn.id, 1, stretch(20));
  expect(() => store.writeAhead(turn.id, 2, stretch(30))).toThrow(LeaseLost);
  add(2, null, undefined, "other");
  const first = () =>
    storage.sql
      .exec("SELECT bytes FROM pieces WHERE part < 0 AND bytes <> zeroblob(length(bytes)) ORDER BY id")
      .toArray()
      .map(({ bytes }) => new Uint8Array(bytes as ArrayBuffer)[0]);
  expect(first()).toEqual([10, 20]);
  store.commit(finished(turn), 1, ids(1, 1001), { position: 1, bytes: bytesOf(SMALL, 1), stretches: [named] });
  expect(first()).toEqual([20]);
  expect(textOf(store.pieces.of(name(1)), store)).toEqual([20]);
});

it("what a turn's end has erased is of no turn, and is deleted with the next transaction or when somebody waits for it", async () => {
  const { store, storage, add } = opened();
  const rows = () => storage.sql.exec("SELECT turn FROM pieces ORDER BY turn").toArray();
  const erased = { turn: GONE };
  for (let n = 1; n <= 3; n++) add(n, n === 1 ? null : n - 1, bytesOf(SMALL, n));
  budgetOf(0);
  add(4, 3, bytesOf(SMALL, 4));
  await store.database.written();
  expect(rows()).toEqual([erased, erased, { turn: name(4) }]);
  expect(new ConversationStore(storage).pieces.of(name(2))).toBeUndefined();
  budgetOf(stateBudgetBytes);
  add(5, 4, bytesOf(SMALL, 5));
  expect(rows()).toEqual([{ turn: name(4) }, { turn: name(5) }]);
  add(6, 5, bytesOf(SMALL, 6));
  budgetOf(0);
  add(7, 6, bytesOf(SMALL, 7));
  expect(rows()).toEqual([erased, erased, { turn: name(7) }]);
  await store.database.settled();
  expect(rows()).toEqual([{ turn: name(7) }]);
});

it("erases what a checkpoint has left besides", () => {
  budgetOf(2 * 2 * SMALL);
  const { store, storage, add } = opened();
  add(1, null);
  const turn = accepted(2, 1, 2, "main");
  store.accept({ accepted: turn, prompt: ids(2), tip: name(1) }, family);
  store.checkpoint(turn, 1, ids(2), { position: turn.start, bytes: bytesOf(3 * SMALL, 9) });
  expect(storage.sql.exec("SELECT count(*) AS n FROM pieces").toArray()).toEqual([{ n: 5 }]);
  store.commit(finished(turn), 1, ids(2, 1002), { position: turn.start + 1, bytes: bytesOf(2 * SMALL, 2) });
  const rows = storage.sql.exec("SELECT turn FROM pieces WHERE bytes != zeroblob(length(bytes)) ORDER BY id").toArray();
  expect(rows.map(({ turn }) => turn)).toEqual([name(1), name(1), name(2), name(2)]);
});

it("keeps the state of a turn that ends where its checkpoint stands, though it has fewer pieces", () => {
  const { store, add, state } = opened();
  add(1, null);
  const turn = accepted(2, 1, 2, "main");
  store.accept({ accepted: turn, prompt: ids(2), tip: name(1) }, family);
  const position = turn.start + 1;
  store.checkpoint(turn, 1, ids(2), { position, bytes: bytesOf(5 * SMALL, 9) });
  store.commit(finished(turn), 1, ids(2, 1002), { position, bytes: bytesOf(3 * SMALL, 2) });
  expectSame(state(2), bytesOf(3 * SMALL, 2));
  expectSame(state(1), bytesOf(2 * SMALL, 1));
});

it("a state of which little differs from what lies in its place writes the pages that differ", () => {
  budgetOf(0);
  const folder = mkdtempSync(join(tmpdir(), "rivulet-pages-"));
  const file = join(folder, "pages.sqlite");
  const storage = sqliteStorage(file);
  for (const pragma of ["journal_mode = WAL", "wal_autocheckpoint = 0"]) storage.sql.exec(`PRAGMA ${pragma}`);
  const { add } = opened(storage as never, PIECE_BYTES);
  const pages = [];
  for (let n = 1; n <= 6; n++) {
    const before = statSync(`${file}-wal`).size;
    const state = bytesOf(3_000_000, 1);
    for (const at of [100, 1_000_000, 2_500_000]) state[at] = n;
    add(n, n === 1 ? null : n - 1, state);
    pages.push(Math.ceil((statSync(`${file}-wal`).size - before) / 4120));
  }
  storage.close();
  rmSync(folder, { recursive: true });
  expect(Math.max(...pages.slice(0, 2))).toBeGreaterThan(3_000_000 / 4096);
  expect(Math.max(...pages.slice(2))).toBeLessThan(30);
});

it("L6: eight rows for a turn of three pieces, one for a fork", () => {
  const inner = sqliteStorage();
  let rows = 0;
  const counting = {
    ...inner,
    sql: {
      exec: (query: string, ...bindings: never[]) => {
        const before = Number(inner.sql.exec("SELECT total_changes() AS n").toArray()[0]!.n);
        const result = inner.sql.exec(query, ...bindings);
        rows += Number(inner.sql.exec("SELECT total_changes() AS n").toArray()[0]!.n) - before;
        return result;
      },
    },
  };
  const { store, add } = opened(counting as never);
  for (let n = 1; n <= 40; n++) {
    rows = 0;
    add(n, n === 1 ? null : n - 1, bytesOf(2.5 * SMALL, n));
    if (n > 1) expect(rows).toBe(8);
  }
  rows = 0;
  store.heads.put(newHead("fork", { turn: name(10) }));
  expect(rows).toBe(1);
});

it.each([false, true])(
  "C5, C6: a commit that fails at any statement leaves the turn before it whole (forever: %s)",
  (forever) => {
    for (let failAt = 1; ; failAt++) {
      const { store, storage, add, state } = opened();
      add(1, null);
      add(2, 1);
      const turn = accepted(3, 2, 3, "main");
      store.accept({ accepted: turn, prompt: ids(3), tip: name(2) }, family);
      storage.arm({ failAt, forever });
      const commit = () => store.commit(finished(turn), 1, ids(3, 1003), { position: 5, bytes: bytesOf(2 * SMALL, 3) });
      if (storage.failures === 0 && failAt > 30) throw new Error("the loop never ends");
      try {
        commit();
        storage.arm({});
        expect(failAt).toBeGreaterThan(5);
        return;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "storage_unavailable" });
      }
      storage.arm({});
      expect(store.heads.get("main")!.turn).toBe(name(2));
      expect(store.journal.running()).toEqual([name(3)]);
      expectSame(state(2), bytesOf(2 * SMALL, 2));
      expectSame(state(1), bytesOf(2 * SMALL, 1));
      expect(store.pieces.of(name(3))).toBeUndefined();
      commit();
      expectSame(state(3), bytesOf(2 * SMALL, 3));
      expect(store.journal.running()).toEqual([]);
    }
  },
);

it("C6, V5: a migration that fails at any statement can be done again", () => {
  for (let failAt = 1; ; failAt++) {
    const storage = new FaultyStorage(sqliteStorage());
    const store = new ConversationStore(storage);
    storage.arm({ failAt });
    try {
      store.database.open();
      expect(failAt).toBeGreaterThan(5);
      return;
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "storage_unavailable" });
    }
    store.database.open();
    expect(store.tree.all()).toEqual([]);
  }
});

it("V2: no state that lacks a piece is given out", () => {
  for (const damage of [
    "DELETE FROM pieces WHERE id = 1",
    "UPDATE pieces SET part = 0",
    "UPDATE pieces SET parts = 3",
  ]) {
    const { add, store } = opened();
    add(1, null);
    store.database.exec(damage);
    expect(store.pieces.of(name(1)), damage).toBeUndefined();
  }
});

it("C17: whoever lost the lease can write nothing more of the turn", () => {
  const { store } = opened();
  const turn = accepted(1, null, 1, "main");
  store.accept({ accepted: turn, prompt: ids(1), tip: null }, family);
  const { epoch } = store.journal.take(turn.id);
  expect(epoch).toBe(2);
  const state = { position: 1, bytes: bytesOf(3, 1) };
  expect(() => store.checkpoint(turn, 1, ids(1), state)).toThrow(LeaseLost);
  expect(() => store.commit(finished(turn), 1, ids(1, 2), state)).toThrow(LeaseLost);
  expect(store.tree.all()).toEqual([]);
  store.checkpoint(turn, 2, ids(1), state);
  store.commit(finished(turn), 2, ids(1, 2), state);
  expect(() => store.commit(finished(turn), 2, ids(1, 2), state)).toThrow(LeaseLost);
});

it("V14: a state of schema 6, whose first piece names its stretches in the column of a checksum, keeps them", () => {
  const { store, storage } = opened();
  const turn = accepted(1, null, 1, "main");
  store.accept({ accepted: turn, prompt: ids(1), tip: null }, family);
  store.commit(finished(turn), 1, ids(1, 1001), { position: 1, bytes: bytesOf(SMALL, 1), stretches: [stretch(0)] });
  const set = store.pieces.of(turn.id)!;
  expect(set.stretches.length).toBe(1);
  backToSchema6(storage);
  const later = opened(storage).store;
  expect(later.pieces.of(turn.id)).toEqual(set);
});

it("V4: leaves a database of a later release alone", () => {
  const { storage } = opened();
  storage.sql.exec("INSERT INTO schema_version (version) VALUES (?)", SCHEMA_VERSION + 1);
  const later = new ConversationStore(storage).database;
  const before = storage.statements;
  expect(() => later.open()).toThrow("by a later release");
  expect(storage.statements - before).toBe(2);
});

it("a turn and what is told of a fork read no other head's record", () => {
  const { store, storage, add } = opened();
  add(1, null);
  for (let n = 0; n < 20; n++) store.heads.put(newHead(`fork${n}`, { turn: name(1), revision: 7, told: 7 }));
  const main = store.heads.get("main")!;
  expect(store.heads.untold().map(({ id }) => id)).toEqual(["main"]);
  store.heads.put({ ...main, told: main.revision });
  storage.arm({ only: /SELECT id, turn, record FROM heads WHERE(?! id)/ });
  add(2, 1);
  expect(store.heads.tips("main")).toEqual([name(1)]);
  expect(store.heads.tips(undefined).toSorted()).toEqual([name(1), name(2)]);
  store.heads.put(newHead("fork3", { turn: name(2), revision: 8, told: 7 }));
  store.heads.put(newHead("gone", { turn: name(2), revision: 8, told: 7 }));
  store.heads.remove("gone");
  expect(store.heads.untold().map(({ id }) => id)).toEqual(["fork3"]);
  expect(store.heads.untold().map(({ id }) => id)).toEqual(["fork3"]);
  expect(storage.statements).toBe(0);
});

it("knows when the first head expires, of more heads than a call has arguments", () => {
  const heads = Array.from({ length: 200_000 }, () => newHead("main", { expiresMs: 5000, conversation: null }));
  class Many extends Heads {
    override all = () => heads;
  }
  expect(new Many({} as never).earliestMs).toBe(5000);
});

it("walks up once for a list of turns that nobody answered, and does not read again which states are there", () => {
  const { store, storage, add } = opened();
  add(1, null);
  const base = store.tree.turn(name(1))!;
  for (let n = 2; n <= 300; n++) {
    const place = { id: name(n), parent: name(n - 1), depth: n, start: base.logged, logged: base.logged };
    store.tree.insert({ ...base, ...place, reply: null }, ids());
  }
  const turns = Array.from({ length: 100 }, (_, i) => store.tree.turn(name(300 - i))!);
  const node = vi.spyOn(store.tree, "node");
  storage.arm({ only: /FROM pieces/ });
  const shared = around(store);
  expect(turns.map((turn) => viewOf(turn, store, shared).stateKept)).toEqual(turns.map(() => true));
  expect(storage.statements).toBe(0);
  expect(node.mock.calls.length).toBeLessThan(1000);
  // Behind a turn whose state is not kept.
  const later = { ...base, position: base.position + 3, start: base.logged, logged: base.logged };
  store.tree.insert({ ...later, id: name(301), parent: name(300), depth: 301 }, ids());
  store.tree.insert({ ...later, id: name(302), parent: name(301), depth: 302, reply: null }, ids());
  expect(viewOf(store.tree.turn(name(302))!, store).stateKept).toBe(false);
});
