import { expect, it } from "vitest";
import { SCHEMA_VERSION } from "../../durable-objects/schema.ts";
import { PIECE_BYTES, Store, type Turn } from "../../durable-objects/store.ts";
import { FaultyStorage } from "../support/faulty-storage.ts";
import { sqliteStorage } from "../support/sqlite-storage.ts";

const identity = { owner: "local", fingerprint: "f" };
const turn = (n: number, logged: number): Turn => ({
  n,
  replyId: `r${n}`,
  createdMs: n,
  messages: [{ role: "user", content: `m${n}` }],
  reply: `a${n}`,
  reason: "stop",
  asked: "q",
  history: `h${n}`,
  messageCount: 2 * n,
  hasSystem: false,
  closed: true,
  position: logged - 1,
  logged,
  generator: [1, 2, 3, n],
});
function bytesOf(length: number, seed: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = i * 31 + (i >> 8) + seed;
  return bytes;
}
/** As expect().toEqual, which takes seconds on megabytes. */
const expectSame = (got: Uint8Array, expected: Uint8Array) => expect(Buffer.compare(got, expected)).toBe(0);
const SMALL = 100;
const ids = (...values: number[]) => Uint32Array.from(values);

function opened(storage = new FaultyStorage(sqliteStorage()), pieceBytes = SMALL) {
  const store = new Store(storage, pieceBytes);
  store.open();
  return { store, storage };
}

it("gives back turns, ids and states as they were committed, and keeps two states", () => {
  const { store } = opened();
  expect(store.identity()).toBeUndefined();
  for (let n = 1; n <= 5; n++) store.commit(turn(n, 2 * n), ids(2 * n - 2, 2 * n - 1), bytesOf(10 + n, n), identity);
  expect(store.identity()).toEqual(identity);
  const [last, before, ...none] = store.recent();
  expect(none).toEqual([]);
  expect(last).toMatchObject(turn(5, 10));
  expectSame(store.state(last!.state), bytesOf(15, 5));
  expectSame(store.state(before!.state), bytesOf(14, 4));
  expect([...store.ids(3, 9)]).toEqual([3, 4, 5, 6, 7, 8]);
  expect(() => store.ids(3, 11)).toThrow("the token log ends at 10");
});

it.each([0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2_000_001, 8_400_000])(
  "V8: cuts a state of %i bytes into rows that fit",
  (bytes) => {
    const { store } = opened(undefined, PIECE_BYTES);
    store.commit(turn(1, 2), ids(1, 2), bytesOf(bytes, 1), identity);
    const [last] = store.recent();
    expect(last!.state.chunks.length).toBe(Math.ceil(bytes / PIECE_BYTES));
    expectSame(store.state(last!.state), bytesOf(bytes, 1));
  },
);

it("V8: refuses a row larger than the platform takes", () => {
  const { store } = opened(undefined, PIECE_BYTES);
  const large = { ...turn(1, 2), reply: "é".repeat(1_000_000) };
  expect(() => store.commit(large, ids(1, 2), bytesOf(1, 1), identity)).toThrow("a row of");
  expect(store.recent()).toEqual([]);
});

it("writes over the rows of states it no longer keeps", () => {
  const storage = sqliteStorage();
  const { store } = opened(new FaultyStorage(storage));
  for (let n = 1; n <= 8; n++) store.commit(turn(n, n), ids(n), bytesOf(SMALL + n, n), identity);
  expect(storage.sql.exec("SELECT count(*) AS n FROM chunks").toArray()).toEqual([{ n: 4 }]);
});

it.each([false, true])(
  "C5, C6: a commit that fails at any statement leaves the turn before it whole (forever: %s)",
  (forever) => {
    for (let failAt = 1; ; failAt++) {
      const { store, storage } = opened();
      store.commit(turn(1, 2), ids(1, 2), bytesOf(2 * SMALL, 1), identity);
      store.commit(turn(2, 4), ids(3, 4), bytesOf(2 * SMALL, 2), identity);
      storage.arm({ failAt, forever });
      const commit = () => store.commit(turn(3, 6), ids(5, 6), bytesOf(2 * SMALL, 3), identity);
      if (storage.failures === 0 && failAt > 20) throw new Error("the loop never ends");
      try {
        commit();
        storage.arm({});
        expect(failAt).toBeGreaterThan(5);
        return;
      } catch (thrown) {
        expect(thrown).toMatchObject({ code: "storage_unavailable" });
      }
      storage.arm({});
      const [last, before] = store.recent();
      expect(last).toMatchObject(turn(2, 4));
      expectSame(store.state(last!.state), bytesOf(2 * SMALL, 2));
      expectSame(store.state(before!.state), bytesOf(2 * SMALL, 1));
      expect(() => store.ids(0, 5)).toThrow("the token log ends at 4");
      commit();
      expectSame(store.state(store.recent()[0]!.state), bytesOf(2 * SMALL, 3));
    }
  },
);

it("C6, V5: a migration that fails at any statement can be done again", () => {
  for (let failAt = 1; ; failAt++) {
    const storage = new FaultyStorage(sqliteStorage());
    const store = new Store(storage);
    storage.arm({ failAt });
    try {
      store.open();
      expect(failAt).toBeGreaterThan(5);
      return;
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: "storage_unavailable" });
    }
    store.open();
    store.commit(turn(1, 2), ids(1, 2), bytesOf(3, 1), identity);
    expect(store.recent().length).toBe(1);
  }
});

it("V1, V2: no damaged state is given out", () => {
  const damages: [string, string][] = [
    ["a flipped bit", "UPDATE chunks SET bytes = zeroblob(length(bytes)) WHERE id = 1"],
    ["a short piece", "UPDATE chunks SET bytes = substr(bytes, 1, length(bytes) - 1) WHERE id = 2"],
    ["a missing piece", "DELETE FROM chunks WHERE id = 1"],
    ["swapped pieces", "UPDATE chunks SET bytes = (SELECT bytes FROM chunks AS other WHERE other.id = 3 - chunks.id)"],
  ];
  for (const [what, damage] of damages) {
    const storage = sqliteStorage();
    const { store } = opened(new FaultyStorage(storage));
    store.commit(turn(1, 2), ids(1, 2), bytesOf(2 * SMALL, 1), identity);
    storage.sql.exec(damage);
    expect(() => store.state(store.recent()[0]!.state), what).toThrow("is damaged");
  }
});

it("V4: leaves a database of a later release alone", () => {
  const { store, storage } = opened();
  storage.sql.exec("INSERT INTO schema_version (version) VALUES (?)", SCHEMA_VERSION + 1);
  const before = storage.statements;
  expect(() => store.open()).toThrow("by a later release");
  expect(storage.statements - before).toBe(2);
});
