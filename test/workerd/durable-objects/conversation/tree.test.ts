import { expect, it } from "vitest";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { PIECE_BYTES } from "../../../../durable-objects/storage/state-pieces.ts";
import { chat, type ErrorReply, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { gatedToy, pause, stream, until } from "../../../support/gated-toy.ts";
import { askObject, inside, named, rows, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy({ ballast: 2 * PIECE_BYTES + 1000 });

interface Told {
  id: string;
  turn: string | null;
  turns: number;
  recomputeTokens?: number;
}

/** Asks the object as a route does. */
async function of<T = Told>(
  conversation: string,
  path: string,
  body?: object,
  method = body ? "POST" : "GET",
): Promise<T> {
  const asking = { conversation, method, ...(body ? { body } : {}) };
  const response = await askObject(named(conversation.split("~")[0]!), path, asking);
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(text), (JSON.parse(text) as ErrorReply).error);
  return JSON.parse(text) as T;
}
const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });
const dialogue = async (conversation: string, contents: string[]) => {
  const replies: (Reply & { header: string | null })[] = [];
  for (const content of contents) replies.push(await turn(conversation, content));
  return replies;
};
/** Until the tenant's list knows of every conversation here. */
const told = (conversation: string) =>
  until(() => inside(conversation, ({ store }) => store.heads.all().every((head) => head.revision === head.told)));
/** Rows as the platform counts them. */
async function written(conversation: string, work: () => Promise<unknown>): Promise<number> {
  const before = await inside(conversation, ({ store }) => store.database.rowsWritten);
  await work();
  return (await inside(conversation, ({ store }) => store.database.rowsWritten)) - before;
}

it("L6: a turn of three pieces writes eight rows, at any depth; a fork at most three with what the list is told", async () => {
  await turn("ada", "zero");
  await told("ada");
  const counts: number[] = [];
  for (let n = 1; n <= 40; n++) counts.push(await written("ada", () => turn("ada", `message ${n}`)));
  expect(new Set(counts)).toEqual(new Set([8]));
  const forking = () => of("ada", "/head", { at: undefined }).then(() => told("ada"));
  expect(await written("ada", forking)).toBeLessThanOrEqual(3);
  const { parent } = (await turnsOf("ada"))[0]!;
  expect(await written("ada", () => of("ada", "/head/main/rewind", { to: parent }))).toBeLessThanOrEqual(2);
  await told("ada");
  // Where a branch begins, its first turn opens a lane of the index.
  expect(await written("ada", () => turn("ada", "another way"))).toBeLessThanOrEqual(9);
});

it("a fork goes on from its turn without computing it again, and neither branch knows of the other", async () => {
  const [one] = await dialogue("ada", ["one", "two"]);
  const fork = await of("ada", "/head", { at: one!.rivulet.turn });
  const fed = toy().fed.length;
  const other = await turn(`ada~${fork.id}`, "two");
  expect(toy().fed.length - fed).toBeLessThan(60);
  expect([other.header, other.rivulet.parent]).toEqual(["forked", one!.rivulet.turn]);
  const [, two] = await dialogue("twin", ["one", "two"]);
  expect(textOf(other)).toBe(textOf(two!));
  expect(textOf(await turn("ada", "three"))).toBe(textOf(await turn("twin", "three")));
  expect(textOf(await turn(`ada~${fork.id}`, "three"))).toBe(
    textOf((await dialogue("third", ["one", "two", "three"]))[2]!),
  );
});

it("forks at a temperature go other ways, and each the same again with a seed", async () => {
  const [one] = await dialogue("ada", ["one"]);
  const dice = { temperature: 2, max_tokens: 30 };
  const texts: string[] = [];
  for (const fields of [{}, {}, { seed: 3 }, { seed: 3 }]) {
    const { id } = await of("ada", "/head", { at: one!.rivulet.turn });
    texts.push(textOf(await turn(`ada~${id}`, "two", { ...dice, ...fields })));
  }
  expect(texts[0]).not.toBe(texts[1]);
  expect(texts[2]).toBe(texts[3]);
});

it("a rewind goes back to a turn and its state, and to the beginning", async () => {
  const [one] = await dialogue("ada", ["one", "two", "three"]);
  const rewound = await of("ada", "/head/main/rewind", { to: one!.rivulet.turn });
  expect(rewound).toMatchObject({ turn: one!.rivulet.turn, turns: 1, recomputeTokens: 0 });
  const [, two] = await dialogue("twin", ["one", "two"]);
  expect(textOf(await turn("ada", "two"))).toBe(textOf(two!));
  await of("ada", "/head/main/rewind", { to: null });
  const again = await turn("ada", "one");
  expect([again.header, textOf(again)]).toEqual(["new", textOf(one!)]);
  await expect(of("ada", "/head/main/rewind", { to: two!.rivulet.turn })).rejects.toMatchObject({ code: "not_found" });
  await expect(of("ada", "/head", { at: "f".repeat(16) })).rejects.toMatchObject({ code: "not_found" });
});

it("a turn whose state was thinned out is computed again from the nearest kept one, and says so", async () => {
  const replies = await dialogue(
    "ada",
    Array.from({ length: 40 }, (_, n) => `message ${n + 1}`),
  );
  const kept = await inside("ada", ({ store }) =>
    [...store.states.kept()].map(({ turn: id }) => store.tree.node(id)!.depth),
  );
  expect(kept.toSorted((a, b) => a - b)).toEqual([24, 32, 36, 38, 39, 40]);
  const { recomputeTokens } = await of("ada", "/head/main/rewind", { to: replies[19]!.rivulet.turn });
  expect(recomputeTokens).toBeGreaterThan(100);
  const next = await turn("ada", "message 21");
  expect([next.header, next.timings.rebuilt_tokens, textOf(next)]).toEqual([
    "rebuilt",
    recomputeTokens,
    textOf(replies[20]!),
  ]);
  expect((await turn("ada", "message 22")).header).toBe("resumed");
});

it("a history that is told again goes on where the family has it: at an ancestor, beside a sibling, at the beginning", async () => {
  const [one, two] = await dialogue("ada", ["one", "two", "three"]);
  const told = (...pairs: [string, Reply][]) =>
    pairs.flatMap(([content, reply]) => [say(content), { role: "assistant", content: textOf(reply) }]);
  const ask = (messages: object[]) => chat({ conversation: "ada", messages });
  const beside = await ask([...told(["one", one!]), say("TWO")]);
  expect([beside.header, beside.rivulet.parent]).toEqual(["forked", one!.rivulet.turn]);
  // The head stands there now; the branch that it left is found all the same.
  const back = await ask([...told(["one", one!], ["two", two!]), say("THREE")]);
  expect([back.header, back.rivulet.parent]).toEqual(["forked", two!.rivulet.turn]);
  const again = await ask([...told(["one", one!]), say("two")]);
  expect([again.rivulet.parent, textOf(again)]).toEqual([one!.rivulet.turn, textOf(two!)]);
});

it("messages without a reply are fed with the next turn", async () => {
  await dialogue("ada", ["one"]);
  const fed = toy().fed.length;
  await of("ada", "/head/main/messages", { messages: [say("first")] });
  await of("ada", "/head/main/messages", { messages: [say("second")] });
  expect(toy().fed.length).toBe(fed);
  const third = await turn("ada", "third");
  await dialogue("twin", ["one"]);
  const history = [say("first"), say("second"), say("third")];
  const [seen] = await turnsOf("twin");
  const whole = await chat({
    conversation: "twin",
    messages: [say("one"), { role: "assistant", content: seen!.reply }, ...history],
  });
  expect(textOf(third)).toBe(textOf(whole));
});

it("a system message among them stays one: it is read where it stands, as often as the turn is made again", async () => {
  await dialogue("ada", ["one"]);
  await of("ada", "/head/main/messages", { messages: [say("first")] });
  const system = { role: "system", content: "second" };
  const added = await of<{ id: string }>("ada", "/head/main/messages", { messages: [system] });
  interface Page {
    turns: { id: string; messages: object[] }[];
  }
  const { turns } = await of<Page>("ada", "/turns?head=main");
  expect(turns.find(({ id }) => id === added.id)?.messages).toEqual([system]);
  const third = await turn("ada", "third");
  const ids = await inside("ada", ({ store }) => [...store.tree.ownIds(third.rivulet.turn)]);
  await of("ada", "/head/main/rewind", { to: added.id });
  const again = await turn("ada", "third");
  expect(textOf(again)).toBe(textOf(third));
  expect(await inside("ada", ({ store }) => [...store.tree.ownIds(again.rivulet.turn)])).toEqual(ids);
  // Without it the model reads something else.
  await of("ada", "/head/main/rewind", { to: turns.at(-2)!.id });
  const without = await turn("ada", "third");
  expect(await inside("ada", ({ store }) => [...store.tree.ownIds(without.rivulet.turn)])).not.toEqual(ids);
});

it("the turns of a family and of a path are listed, oldest first, with what each cost", async () => {
  const [one, two] = await dialogue("ada", ["one", "two"]);
  await of("ada", "/head", { at: one!.rivulet.turn });
  await of("ada", "/head/main/rewind", { to: one!.rivulet.turn });
  const three = await turn("ada", "three");
  interface Page {
    turns: { id: string; parent: string | null; reply: string; stateKept: boolean; heads: string[] }[];
    hasMore: boolean;
  }
  const all = await of<Page>("ada", "/turns");
  expect(all.turns.map(({ id }) => id)).toEqual([one, two, three].map((reply) => reply!.rivulet.turn));
  expect(all.turns.map(({ heads }) => heads.length)).toEqual([1, 0, 1]);
  const path = await of<Page>("ada", "/turns?head=main&limit=1");
  expect([path.turns.map(({ reply }) => reply), path.hasMore]).toEqual([[textOf(one!)], true]);
  const rest = await of<Page>("ada", `/turns?head=main&after=${one!.rivulet.turn}`);
  expect([rest.turns.map(({ reply }) => reply), rest.hasMore]).toEqual([[textOf(three)], false]);
});

it("I7: fork and rewind beside a running turn wait for it or stand apart; nothing is lost", async () => {
  const [one] = await dialogue("ada", ["one"]);
  gate.at = () => pause(1);
  const tail = await stream("ada", "two", { max_tokens: 30 });
  const [fork, rewound] = await Promise.all([
    of("ada", "/head", { at: one!.rivulet.turn }),
    of("ada", "/head/main/rewind", { to: one!.rivulet.turn }),
    tail.end(),
  ]);
  expect([fork.turn, rewound.turn]).toEqual([one!.rivulet.turn, one!.rivulet.turn]);
  expect((await turnsOf("ada")).length).toBe(2);
  gate.at = () => {};
  expect((await turn("ada", "three")).rivulet.parent).toBe(one!.rivulet.turn);
});

it("a turn that is forgotten is gone with its state, one that others follow is hidden", async () => {
  const [one, two] = await dialogue("ada", ["one", "two"]);
  const forget = (id: string) => of("ada", `/turn/${id}`, undefined, "DELETE");
  await forget(one!.rivulet.turn);
  await expect(of("ada", `/turn/${one!.rivulet.turn}`)).rejects.toMatchObject({ code: "not_found" });
  await forget(two!.rivulet.turn);
  expect((await turnsOf("ada")).length).toBe(1);
  expect(await rows("ada", "SELECT count(*) AS n FROM pieces")).toEqual([{ n: 3 }]);
  const next = await turn("ada", "two");
  expect([next.rivulet.parent, textOf(next)]).toEqual([one!.rivulet.turn, textOf(two!)]);
});

it.each([false, true])(
  "C6: fork, rewind, messages and removal, each statement failing in turn (forever: %s), are whole or not at all",
  async (forever) => {
    const [one, two] = await dialogue("ada", ["one", "two"]);
    const shim = await inside("ada", (instance, { storage }) => {
      const faulty = new FaultyStorage(storage as never);
      instance.store = new ConversationStore(faulty);
      return faulty;
    });
    const tables = () =>
      rows("ada", "SELECT (SELECT count(*) FROM heads) AS heads, (SELECT count(*) FROM turns) AS turns");
    const works: [string, () => Promise<unknown>][] = [
      ["fork", () => of("ada", "/head", { at: one!.rivulet.turn })],
      ["rewind", () => of("ada", "/head/main/rewind", { to: one!.rivulet.turn })],
      ["messages", () => of("ada", "/head/main/messages", { messages: [say("x")] })],
      ["delete", () => of("ada", `/turn/${two!.rivulet.turn}`, undefined, "DELETE")],
    ];
    for (const [name, work] of works) {
      for (let failAt = 1, outcome = ""; outcome !== "done"; failAt++) {
        const before = await tables();
        shim.arm({ failAt, forever });
        outcome = await work().then(
          () => "done",
          (thrown) => thrown.code,
        );
        const { failures } = shim;
        shim.arm({});
        // It may be done and only the list not told of it, which is made good later.
        if (outcome !== "done")
          expect([outcome, failures > 0], `${name} ${failAt}`).toEqual(["storage_unavailable", true]);
        if (outcome !== "done") expect(await tables(), `${name} ${failAt}`).toEqual(before);
        expect(failAt).toBeLessThan(120);
      }
    }
    expect((await turn("ada", "after")).header).toMatch(/resumed|forked/);
  },
);
