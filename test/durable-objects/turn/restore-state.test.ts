import { expect, it } from "vitest";
import type { ConversationStore } from "../../../durable-objects/storage/conversation-store.ts";
import type { Accepted } from "../../../durable-objects/storage/journal.ts";
import { restore } from "../../../durable-objects/turn/restore-state.ts";
import type { Backend, Saved } from "../../../src/backends/backend.ts";
import { encodeState } from "../../../src/state/codec.ts";

const fingerprint = "ab".repeat(32);
const stored = () =>
  encodeState({
    fingerprint,
    position: 3,
    pending: [],
    sampler: { generator: [1, 2, 3, 4], recent: [5], reply: [] },
    tensors: [
      { name: "layer.ssm", dtype: "f32", shape: [2], data: new Uint8Array(Float32Array.of(1, -2).buffer) },
      { name: "layer.keys", dtype: "int8", shape: [3], data: Uint8Array.of(1, 255, 128) },
    ],
  });

/** What opening a stored state was given, as it was then and as it is once the state is restored. */
async function given(copiesSaved: Pick<Backend, "copiesSaved">) {
  const bytes = stored();
  const set = { turn: "t", position: 3, rows: [1], stretches: [] };
  const store = {
    pieces: { of: () => set, read: () => bytes, readStretches: () => [], stretchReader: () => ({ count: 0 }) },
    tree: { ids: () => new Uint32Array(0), path: () => [] },
  } as unknown as ConversationStore;
  let saved: Saved | undefined;
  const lengths = () => saved!.tensors.map(({ data }) => data.length);
  let before: number[] = [];
  const open = (state: Saved) => {
    saved = state;
    before = lengths();
    return {};
  };
  const slot = { asker: { owner: "owner" }, takeWarm: () => undefined };
  const turn = { id: "t", parent: null, fingerprint, request: {} } as Accepted;
  await restore(store, { ...copiesSaved, open } as unknown as Backend, turn, new Uint32Array(0), slot);
  return [before, lengths()];
}

it("frees a stored state once the engine has its copy, and leaves it to a backend that may need it again", async () => {
  expect(await given({ copiesSaved: true })).toEqual([
    [8, 3],
    [0, 0],
  ]);
  expect(await given({})).toEqual([
    [8, 3],
    [8, 3],
  ]);
});
