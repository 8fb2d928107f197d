/** What a history costs that the conversation does not hold, and where one that it holds goes on. */
import { expect, it, vi } from "vitest";
import { ConversationStore } from "../../../durable-objects/storage/conversation-store.ts";
import { chain, continuation } from "../../../durable-objects/turn/match-history.ts";
import type { Failure } from "../../../src/core/failure.ts";
import type { Message } from "../../../src/tokenizer/text-codec.ts";
import { sqliteStorage } from "../../support/sqlite-storage.ts";

const TURNS = 200;
const name = (n: number) => n.toString(16).padStart(16, "0");
const asks = (n: number): Message => ({ role: "user", content: `question ${n}` });
const says = (n: number): Message => ({ role: "assistant", content: `answer ${n}` });
/** Of the first `turns` turns. */
const told = (turns: number): Message[] => Array.from({ length: turns }, (_, n) => [asks(n), says(n)]).flat();

const request = {
  ...{ tenant: "local", persistent: true, model: "m", sampling: {}, stop: [] },
  reply: { object: "chat.completion" as const, stream: false, includeUsage: false },
};

function dialogue() {
  const store = new ConversationStore(sqliteStorage());
  store.database.open();
  let history = "";
  for (let n = 0; n < TURNS; n++) {
    const asked = chain(history, asks(n));
    history = chain(asked, says(n));
    store.tree.insert(
      {
        ...{ id: name(n), parent: n === 0 ? null : name(n - 1), depth: n + 1, createdMs: n, status: "completed" },
        ...{ start: 2 * n, position: 2 * n + 1, logged: 2 * n + 2, hidden: false, promptCount: 1, hasSystem: false },
        ...{ request: { ...request, messages: [asks(n)] }, fingerprint: "f", model: "m", origin: "new" },
        ...{ reply: says(n).content, asked, history, messageCount: 2 * (n + 1), closed: true, generator: [] },
      },
      Uint32Array.of(n, n),
    );
  }
  const tip = store.tree.turn(name(TURNS - 1))!;
  const reads = [vi.spyOn(store.tree, "turn"), vi.spyOn(store.tree, "node")];
  return { store, tip, reads: () => reads.map(({ mock }) => mock.calls.length) };
}

it("reads each turn of a conversation once for a history that it does not hold", () => {
  const { store, tip, reads } = dialogue();
  const other: Message[] = [asks(7000), says(7000), asks(7001)];
  const refused = () => continuation(store.tree, tip, { messages: [{ role: "system", content: "s" }, ...other] });
  expect(refused).toThrow(expect.objectContaining({ code: "conversation_conflict" } satisfies Partial<Failure>));
  const [turns, nodes] = reads();
  // A few more are read for how the conversation began and how it ends.
  expect(turns).toBeLessThan(TURNS + 10);
  expect(nodes).toBe(0);
});

it.each([0, 1, 150, TURNS])("goes on behind turn %i where a history of so many turns is told again", (turns) => {
  const { store, tip, reads } = dialogue();
  const found = continuation(store.tree, tip, { messages: [...told(turns), asks(9999)] });
  // A question alone is a new one.
  expect(found.parent?.id).toBe(turns === 0 ? tip.id : name(turns - 1));
  expect(found.fresh).toEqual([asks(9999)]);
  expect(reads()[0]).toBeLessThan(TURNS - turns + 5);
});
