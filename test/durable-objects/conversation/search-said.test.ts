import { expect, it, vi } from "vitest";
import { searchSaid } from "../../../durable-objects/conversation/search-said.ts";
import { ConversationStore } from "../../../durable-objects/storage/conversation-store.ts";
import type { StoredTurn } from "../../../durable-objects/storage/stored-turn.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

it("reads a long turn once, however many of its sections hold a word", () => {
  const store = new ConversationStore(sqliteStorage());
  store.database.open();
  const add = (id: string, parent: string | null, depth: number, content: string) =>
    store.tree.insert(
      {
        ...{ id, parent, depth, createdMs: depth, status: "completed", start: 2 * depth - 2, position: 2 * depth - 1 },
        ...{ logged: 2 * depth, hidden: false, fingerprint: "f", model: "m", origin: "new", reply: "Fine." },
        request: {
          ...{ tenant: "t", persistent: true, model: "m", sampling: {}, stop: [] },
          messages: [{ role: "user", content }],
          reply: { object: "chat.completion", stream: false, includeUsage: false },
        },
        ...{ promptCount: 1, asked: "", history: "", messageCount: 2, hasSystem: false, closed: true, generator: [] },
      } as StoredTurn,
      Uint32Array.of(1, 2),
    );
  add("a".repeat(16), null, 1, "A zebra stands in the garden of my aunt, and she likes it. ".repeat(2000));
  add("b".repeat(16), "a".repeat(16), 2, "The zebra is gone.");
  const read = vi.spyOn(store.tree, "turn");
  const { hits, hasMore } = searchSaid(store, "b".repeat(16), "zebra", 100);
  expect([hits[0]!.turn, hits[1]!.turn, hits.length, hasMore]).toEqual(["b".repeat(16), "a".repeat(16), 100, true]);
  expect(read.mock.calls.length).toBe(2);
});
