import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { PIECE_BYTES } from "../../../../durable-objects/storage/state-pieces.ts";
import { chat, type ErrorReply, type Reply, say, send, textOf } from "../../../support/chat-client.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { gatedToy } from "../../../support/gated-toy.ts";
import { inside, rows, stub, turnsOf } from "../../../support/object.ts";

const { toy } = gatedToy({ ballast: PIECE_BYTES + 1000 });

const turn = (conversation: string, content: string, fields = {}) =>
  chat({ conversation, messages: [say(content)], ...fields });
/** What a dialogue without faults answers. */
async function undisturbed(contents: string[], session = "undisturbed"): Promise<string[]> {
  const texts: string[] = [];
  for (const content of contents) texts.push(textOf(await turn(session, content)));
  return texts;
}

it("C8: turn 20 feeds only its own tokens, after eviction with spoiled memory, and answers as if nothing had happened", async () => {
  const contents = Array.from({ length: 20 }, (_, n) => `message ${n}`);
  const expected = await undisturbed(contents);
  let last: (Reply & { header: string | null }) | undefined;
  for (const content of contents) {
    await inside("ada", (instance) => {
      instance.store = undefined as never;
    });
    await evictDurableObject(stub("ada"));
    const before = toy().fed.length;
    last = await turn("ada", content);
    expect(textOf(last)).toBe(expected.shift());
    // The tokens of the message, the one that the turn before left unfed, and the reply's own but its last.
    const own = toy().prompt.append({ hasSystem: false, closed: false }, [{ role: "user", content }]).length;
    if (content !== "message 0") expect(toy().fed.length - before).toBe(own + 1 + 7);
  }
  const { usage, timings, header } = last!;
  expect([timings.state, header]).toEqual(["resumed", "resumed"]);
  expect(timings.prefill_tokens).toBe(usage.prompt_tokens - usage.prompt_tokens_details.cached_tokens);
  expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(600);
  expect(timings.prefill_tokens).toBeLessThan(40);
});

it("needs the state it keeps: the same last message alone is answered otherwise", async () => {
  const [, expected] = await undisturbed(["one", "two"]);
  expect(textOf(await turn("other", "two"))).not.toBe(expected);
});

it("takes the whole history again, and feeds only its tail", async () => {
  const first = await turn("ada", "one");
  const second = await turn("ada", "two");
  const history = [
    say("one"),
    { role: "assistant", content: textOf(first) },
    say("two"),
    { role: "assistant", content: textOf(second) },
  ];
  const third = await chat({ conversation: { id: "ada" }, messages: [...history, say("three")] });
  expect(textOf(third)).toBe((await undisturbed(["one", "two", "three"]))[2]);
  expect(third.timings.prefill_tokens).toBeLessThan(40);
});

it("refuses another history with conversation_conflict and keeps its own", async () => {
  const first = textOf(await turn("ada", "one"));
  const conflicts = [
    [say("ONE"), { role: "assistant", content: first }, say("two")],
    [say("one"), { role: "assistant", content: "never said" }, say("two")],
  ];
  for (const messages of conflicts) {
    const response = await send({ model: "tiny", conversation: "ada", messages });
    expect(response.status).toBe(409);
    expect(((await response.json()) as ErrorReply).error).toMatchObject({
      code: "conversation_conflict",
      param: "messages",
    });
  }
  expect(textOf(await turn("ada", "two"))).toBe((await undisturbed(["one", "two"]))[1]);
});

it("knows a session by body or header, and keeps sessions apart", async () => {
  await turn("ada", "one");
  const two = { model: "tiny", messages: [say("two")], max_tokens: 8 };
  const states: unknown[] = [];
  for (const [header, id] of [
    ["x-session-id", "ada"],
    ["x-session-affinity", "ada"],
    ["session_id", "ada"],
    ["x-session-id", "bob"],
  ] as const) {
    states.push((await send(two, { [header]: id })).headers.get("x-rivulet-state"));
  }
  expect(states).toEqual(["resumed", "resumed", "resumed", "new"]);
  expect((await send(two, { "x-session-id": "a b" })).status).toBe(400);
});

/** Runs the turn with a store of which each statement is reported, with the rows that it wrote. */
async function turnReported(content: string, wrote: (rows: number) => void): Promise<void> {
  await inside("ada", (instance, { storage }) => {
    const sql = {
      exec: (query: string, ...bindings: never[]) => {
        const cursor = storage.sql.exec(query, ...bindings);
        const got = cursor.toArray();
        wrote(cursor.rowsWritten);
        return { toArray: () => got, rowsWritten: cursor.rowsWritten };
      },
    };
    instance.store = new ConversationStore({
      sql,
      transactionSync: <T>(work: () => T) => storage.transactionSync(work),
      sync: () => storage.sync(),
    } as never);
  });
  await turn("ada", content);
}

it("a conversation's first turn writes the tables once, and few rows besides", async () => {
  let written = 0;
  await turnReported("message 1", (rows) => {
    written += rows;
  });
  // 26 of them make the tables: a new database takes none of the migrations.
  expect(written).toBe(35);
});

it("an ordinary turn is two commits of its object: what was accepted, and its end", async () => {
  const commits: number[] = [];
  for (let n = 1; n <= 10; n++) {
    let isOpen = false;
    commits[n] = 0;
    await turnReported(`message ${n}`, (rows) => {
      // What is written between two turns of the event loop is one commit, and one sync to disk.
      if (rows === 0 || isOpen) return;
      isOpen = true;
      commits[n]!++;
      setTimeout(() => {
        isOpen = false;
      }, 0);
    });
  }
  expect(commits.slice(3)).toEqual(commits.slice(3).map(() => 2));
});

it("L6: an ordinary turn writes at most 9 rows, the tenth as many as the third", async () => {
  const written: number[] = [];
  for (let n = 1; n <= 10; n++) {
    written[n] = 0;
    await turnReported(`message ${n}`, (rows) => {
      written[n]! += rows;
    });
  }
  expect(written[3]).toBeLessThanOrEqual(9);
  expect(written[10]).toBe(written[3]);
  expect(await rows("ada", "SELECT count(*) AS n FROM pieces")).toEqual([{ n: 10 }]);
});

it.each([false, true])(
  "C5, C6: a turn with a state of several pieces whose n-th writing statement fails (forever: %s) was never accepted or is finished later, and never half of it is there",
  async (forever) => {
    // Names of their own: a reset may miss an object that the runtime is putting to sleep.
    const expected = await undisturbed(["one", "two", "three"], `undisturbed-${forever}`);
    let told = false;
    for (let failAt = 1, failures = 1; failures > 0; failAt++) {
      const session = `faulty-${forever}-${failAt}`;
      await turn(session, "one");
      const faulty = await inside(session, (instance, { storage }) => {
        const shim = new FaultyStorage(storage as never);
        instance.store = new ConversationStore(shim);
        // That reads fail as well is the subject of storage/statements.test.ts.
        shim.arm({ failAt, forever, only: /^\s*(INSERT|UPDATE|DELETE)/ });
        return shim;
      });
      const two = { model: "tiny", conversation: session, messages: [say("two")], max_tokens: 8 };
      const response = await send(two, { "idempotency-key": "k" });
      failures = faulty.failures;
      faulty.arm({});
      const { error } = (await response.json()) as Partial<ErrorReply>;
      if (error) expect([response.status, error.code], `statement ${failAt}`).toEqual([500, "storage_unavailable"]);
      // One that was accepted is finished later, and its client is told what a repetition without a key would do.
      const isKept = await inside(session, ({ store }) => store.journal.running().length === 1);
      if (error?.message.includes("Idempotency-Key")) expect(isKept, `statement ${failAt}`).toBe(true);
      told ||= error?.message.includes("Idempotency-Key") ?? false;
      const again = await send(two, { "idempotency-key": "k" });
      expect(textOf((await again.json()) as Reply), `statement ${failAt}`).toBe(expected[1]);
      expect(textOf(await turn(session, "three"))).toBe(expected[2]);
      expect((await turnsOf(session)).map(({ status }) => status)).toEqual(["incomplete", "incomplete", "incomplete"]);
      expect(failAt).toBeLessThan(120);
    }
    expect(told).toBe(forever);
  },
);

const damages: [what: string, damage: string, rebuilt: "some" | "all"][] = [
  ["V1: a flipped bit in the last state", "UPDATE pieces SET bytes = zeroblob(length(bytes)) WHERE id = 3", "some"],
  ["V2: a missing piece of the last state", "DELETE FROM pieces WHERE id = 4", "some"],
  [
    "V2: pieces in each other's place",
    "UPDATE pieces SET bytes = (SELECT bytes FROM pieces AS other WHERE other.id = 7 - pieces.id) WHERE id > 2",
    "some",
  ],
  ["V1: both states damaged", "UPDATE pieces SET bytes = zeroblob(length(bytes))", "all"],
];
it.each(damages)("%s: rebuilt from what is left, said so, same answer", async (_, damage, rebuilt) => {
  const expected = await undisturbed(["one", "two", "three", "four"]);
  await turn("ada", "one");
  const { usage } = await turn("ada", "two");
  const held = usage.total_tokens - 1;
  await rows("ada", damage);
  const third = await turn("ada", "three");
  expect(textOf(third)).toBe(expected[2]);
  expect([third.header, third.timings.state]).toEqual(["rebuilt", "rebuilt"]);
  const { cached_tokens } = third.usage.prompt_tokens_details;
  expect(third.timings.rebuilt_tokens! + cached_tokens).toBe(held);
  expect(cached_tokens === 0).toBe(rebuilt === "all");
  const fourth = await turn("ada", "four");
  expect([textOf(fourth), fourth.header]).toEqual([expected[3], "resumed"]);
});

it("draws on from the same random numbers when the state had to be rebuilt", async () => {
  const dice = { temperature: 2, max_tokens: 20 };
  const texts: string[] = [];
  for (const session of ["whole", "damaged"]) {
    await turn(session, "one", { ...dice, seed: 5 });
    await turn(session, "two", dice);
    if (session === "damaged") await rows(session, "UPDATE pieces SET bytes = zeroblob(length(bytes))");
    texts.push(textOf(await turn(session, "three", dice)));
  }
  expect(texts[0]).toBe(texts[1]);
});

it("another tenant's conversation does not exist, whatever routed there", async () => {
  await turn("ada", "one");
  await inside("ada", ({ store }) => store.database.exec("UPDATE family SET owner = 'somebody'"));
  const response = await send({ model: "tiny", conversation: "ada", messages: [say("two")] });
  expect([response.status, ((await response.json()) as ErrorReply).error.code]).toEqual([404, "not_found"]);
});

it("V6, abort: memory lost between turns costs nothing", async () => {
  const expected = await undisturbed(["one", "two"]);
  await turn("ada", "one");
  await abortAllDurableObjects();
  const second = await turn("ada", "two");
  expect([textOf(second), second.header]).toEqual([expected[1], "resumed"]);
});
