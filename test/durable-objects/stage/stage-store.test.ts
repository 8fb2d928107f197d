/** What a stage keeps of its conversation, once another pack goes on with it. */
import { expect, it } from "vitest";
import { StageStore } from "../../../durable-objects/stage/stage-store.ts";
import type { Saved } from "../../../src/backends/backend.ts";
import type { Stored } from "../../../src/backends/pipeline/stage.ts";
import { failure } from "../../backends/backend.suite.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const [EARLIER, LATER] = ["1".repeat(64), "2".repeat(64)];
const state = (position: number): Saved => ({
  position,
  tensors: [
    { name: "scan", dtype: "f32", shape: [100], data: new Uint8Array(new Float32Array(100).fill(position).buffer) },
  ],
});
/** Pieces of 100 bytes, so that each state has several. */
const opened = (storage: ReturnType<typeof sqliteStorage>, fingerprint: string) =>
  new StageStore(storage, fingerprint, 100);

it("drops the epochs of the earlier pack with the first one of the later, and no others", async () => {
  const storage = sqliteStorage();
  const count = (table: string) => storage.sql.exec(`SELECT count(*) AS n FROM ${table}`).toArray()[0]!.n;
  const earlier = opened(storage, EARLIER);
  const stored: Stored[] = [];
  for (let epoch = 1; epoch <= 5; epoch++) stored.push(await earlier.store(epoch, state(epoch), epoch - 1));
  expect(opened(storage, EARLIER).load(stored[0]!)).toEqual(earlier.load(stored[0]!));
  const pieces = Number(count("pieces"));
  const later = opened(storage, LATER);
  // Until it has stored something the earlier pack may come again.
  expect(earlier.load(stored[4]!).position).toBe(5);
  const next = await later.store(6, state(6), undefined);
  expect([count("epochs"), count("pieces")]).toEqual([1, pieces / 5]);
  expect(later.newest()).toBe(6);
  await later.store(7, state(7), 6);
  expect(later.load(next).position).toBe(6);
  expect((await failure(() => earlier.load(stored[4]!))).code).toBe("state_unreadable");
});

it("a store of an earlier release, which does not say whose its epochs are, keeps them until they are old", async () => {
  const storage = sqliteStorage();
  const stored = await opened(storage, EARLIER).store(1, state(1), undefined);
  storage.sql.exec("DROP TABLE pack");
  const store = opened(storage, EARLIER);
  await store.store(2, state(2), 1);
  expect(store.load(stored).position).toBe(1);
});
