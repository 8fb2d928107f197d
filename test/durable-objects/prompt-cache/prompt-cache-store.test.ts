import { expect, it } from "vitest";
import {
  DIGEST_BYTES,
  type NewState,
  PromptCacheStore,
} from "../../../durable-objects/prompt-cache/prompt-cache-store.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const TTL = 1000;
const BYTES = 100;

/** Borders of a prompt whose slices are letters. */
function borders(prompt: string): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(prompt.length * DIGEST_BYTES);
  // As a chained digest has it: what lies before a border is in it.
  for (let n = 0; n < prompt.length; n++)
    all.fill(0, n * DIGEST_BYTES).set(new TextEncoder().encode(prompt.slice(0, n + 1).padEnd(16)), n * DIGEST_BYTES);
  return all;
}

function opened(maxBytes = 10 * BYTES) {
  const storage = sqliteStorage();
  const store = new PromptCacheStore(storage, { ttlMs: TTL, maxBytes }, 32);
  let nowMs = 5000;
  const tick = (ms = 1) => (nowMs += ms);
  async function* chunks(bytes: number, fill: number) {
    for (let at = 0; at < bytes; at += 7) yield new Uint8Array(Math.min(7, bytes - at)).fill(fill);
  }
  const keep = (prompt: string, fields: Partial<NewState> = {}, bytes = BYTES, sent = bytes) => {
    const state = { borders: borders(prompt), shared: false, beganMs: nowMs, ...fields };
    return store.keep(state, bytes, chunks(sent, prompt.length), () => tick());
  };
  const find = (prompt: string) => store.find(borders(prompt), tick());
  const bytesOf = (prompt: string) => {
    const { state } = find(prompt);
    return state && Buffer.concat(state.pieces.map((id) => store.piece(id)));
  };
  const pieces = () => storage.sql.exec("SELECT id, bytes FROM pieces").toArray();
  return { store, keep, find, bytesOf, tick, now: () => nowMs, pieces };
}

it("gives the longest state that a prompt begins with, whole, and says how far any other went the same way", async () => {
  const { keep, find, bytesOf } = opened();
  expect(find("abc")).toEqual({ state: undefined, shared: 0 });
  await keep("ab");
  await keep("abcd");
  await keep("abcxyz");
  expect(find("abcdef")).toMatchObject({ state: { slices: 4, bytes: BYTES }, shared: 4 });
  expect(find("abcx")).toMatchObject({ state: { slices: 2 }, shared: 4 });
  expect(find("a")).toEqual({ state: undefined, shared: 1 });
  expect(find("xbcd")).toEqual({ state: undefined, shared: 0 });
  expect(bytesOf("abcdef")).toEqual(Buffer.alloc(BYTES, 4));
});

it("within its budget the longest unused goes, and what is too large is not kept", async () => {
  const { keep, find, bytesOf, store, pieces } = opened(3 * BYTES);
  for (const prompt of ["a", "b", "c"]) await keep(prompt);
  find("a");
  await keep("d");
  expect(["a", "b", "c", "d"].map((prompt) => find(prompt).state?.slices)).toEqual([1, undefined, 1, 1]);
  expect(await keep("e", {}, 3 * BYTES + 1)).toBe(false);
  expect(store.size).toEqual({ states: 3, bytes: 3 * BYTES });
  // Rows are written over: the file does not grow.
  for (const prompt of ["fgh", "ghi", "hij", "ijk"]) await keep(prompt);
  expect(pieces().length).toBe(3 * Math.ceil(BYTES / 32));
  expect(bytesOf("ijk")).toEqual(Buffer.alloc(BYTES, 3));
});

it("of a row of prompts the last two states stay, and what others share", async () => {
  const { keep, find, store } = opened(100 * BYTES);
  await keep("a", { shared: true });
  let origin = find("a").state!.id;
  for (let n = 2; n < 9; n++) {
    await keep("abcdefghi".slice(0, n), { origin });
    origin = find("abcdefghi".slice(0, n)).state!.id;
  }
  expect(store.size.states).toBe(3);
  expect(["a", "ab", "abcdefg", "abcdefgh"].map((prompt) => find(prompt).state?.slices)).toEqual([1, 1, 7, 8]);
});

it("two that are written at once do not share rows", async () => {
  const { keep, bytesOf } = opened();
  await Promise.all([keep("ab"), keep("xyz"), keep("m")]);
  for (const prompt of ["ab", "xyz", "m"]) expect(bytesOf(prompt)).toEqual(Buffer.alloc(BYTES, prompt.length));
});

it("V2: a sender that ended in the middle leaves nothing that is found", async () => {
  const { keep, find, store, now, pieces } = opened();
  expect(await keep("ab", {}, BYTES, BYTES - 1)).toBe(false);
  expect(find("ab").state).toBeUndefined();
  await store.expire(now());
  expect(pieces()).toEqual([]);
});

it("L7: nothing outlives its time after its last use, and what is cleared does not come back from a prompt that came before", async () => {
  const { keep, find, store, tick, now, pieces } = opened();
  await keep("ab");
  tick(TTL - 10);
  expect(find("ab").state).toBeDefined();
  tick(TTL - 10);
  expect(find("ab").state).toBeDefined();
  expect(store.earliestMs).toBe(now() + TTL);
  tick(TTL);
  expect(find("ab").state).toBeUndefined();
  await store.expire(now());
  expect([store.size.states, pieces()]).toEqual([0, []]);
  const before = now();
  const late = keep("abc", { beganMs: before });
  await store.clear(tick());
  expect(await late).toBe(false);
  expect(await keep("abc", { beganMs: before })).toBe(false);
  expect(find("abc").state).toBeUndefined();
  tick();
  expect(await keep("abc")).toBe(true);
});
