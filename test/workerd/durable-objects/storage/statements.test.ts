/**
 * C6: storage fails at its n-th statement, for every n, once and from then on: whatever was asked is whole or not
 * there, and can be asked again.
 */
import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { expect, it } from "vitest";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { ConversationStore } from "../../../../durable-objects/storage/conversation-store.ts";
import { chat, type ErrorReply, http, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { FaultyStorage } from "../../../support/faulty-storage.ts";
import { ask, gatedToy, pause, stream, Tail, until } from "../../../support/gated-toy.ts";
import { askObject, contentOf, converse, inside, named, rows, stub, turnsOf } from "../../../support/object.ts";

const { gate } = gatedToy();
const usualAlarmMs = limits.alarmMs;
/** Far above what any of them takes. */
const STATEMENTS_MAX = 150;
const key = { "idempotency-key": "k" };

const shimmed = (conversation: string, failAt: number, forever: boolean) =>
  inside(conversation, (instance, { storage }) => {
    const shim = new FaultyStorage(storage as never);
    instance.store = new ConversationStore(shim);
    shim.arm({ failAt, forever });
    return shim;
  });
/** A turn beside the work, of the object alone: its way through the Worker would take as long as all of it. */
const turn = async (conversation: string, content: string) => contentOf(await converse(conversation, content));
const expectedOf = async (conversation: string, contents: string[]) => {
  const texts: string[] = [];
  for (const content of contents) texts.push(await turn(conversation, content));
  return texts;
};
/** What the object says to a route: "done", or the code of its failure. */
async function asked(conversation: string, path: string, method: string, body?: object): Promise<string> {
  const response = await askObject(named(conversation), path, { conversation, method, ...(body ? { body } : {}) });
  const answer = (await response.json()) as Partial<ErrorReply>;
  if (answer.error) expect([response.status, answer.error.code]).toEqual([500, "storage_unavailable"]);
  return answer.error?.code ?? "done";
}
const many = (conversation: string, table: string) =>
  rows(conversation, `SELECT count(*) AS n FROM ${table}`).then(
    ([row]) => Number(row!.n),
    () => 0,
  );

interface Scenario {
  before?: (conversation: string) => Promise<unknown>;
  /** With storage that fails. */
  work: (conversation: string) => Promise<unknown>;
  /** With storage that is well again. */
  after: (conversation: string, expected: string[], how: unknown) => Promise<void>;
}

const two = (conversation: string) => ask(conversation, "two", { max_tokens: 8 }, key);
const whole = async (conversation: string, content: string, expected: string) => {
  const again = await ask(conversation, content, { max_tokens: 8 }, key);
  expect(textOf((await again.json()) as Reply)).toBe(expected);
};
async function replied(response: Response): Promise<void> {
  const { error } = (await response.json()) as Partial<ErrorReply>;
  if (error) expect([response.status, error.code]).toEqual([500, "storage_unavailable"]);
}

const scenarios: Record<string, Scenario> = {
  "create, empty": {
    work: (name) => asked(name, "/head/main", "PUT", { model: "tiny" }),
    after: async (name, [one], how) => {
      const made = await many(name, "heads");
      expect(await many(name, "family")).toBe(made);
      if (how === "done") expect(made).toBe(1);
      expect(await asked(name, "/head/main", "PUT", { model: "tiny" })).toBe("done");
      expect(await turn(name, "one")).toBe(one);
    },
  },
  "create by a turn": {
    work: async (name) => replied(await ask(name, "one", { max_tokens: 8 }, key)),
    after: async (name, [one, second]) => {
      await whole(name, "one", one!);
      expect(await turn(name, "two")).toBe(second);
      expect((await turnsOf(name)).map(({ status }) => status)).toEqual(["incomplete", "incomplete"]);
    },
  },
  turn: {
    before: (name) => turn(name, "one"),
    work: async (name) => replied(await two(name)),
    after: async (name, [, second, third]) => {
      await whole(name, "two", second!);
      expect(await turn(name, "three")).toBe(third);
      expect((await turnsOf(name)).length).toBe(3);
    },
  },
  resume: {
    before: async (name) => {
      await turn(name, "one");
      gate.at = () => pause(1);
      const tail = await stream(name, "two", { max_tokens: 8 });
      await tail.text(2);
      await abortAllDurableObjects();
      await tail.end();
      gate.at = () => {};
    },
    work: (name) => runDurableObjectAlarm(stub(name)).catch(() => {}),
    after: async (name, [, second, third]) => {
      const [left] = await inside(name, ({ store }) => store.journal.running());
      if (left) {
        const path = `/v1/chat/completions/chatcmpl-${stub(name).id.name}${left}?stream=true`;
        const tail = new Tail(await http(path));
        expect([await tail.end(), tail.content]).toEqual(["done", second]);
      }
      expect((await turnsOf(name)).map(({ reply }) => reply)[0]).toBe(second);
      expect(await turn(name, "three")).toBe(third);
      expect((await turnsOf(name)).length).toBe(3);
    },
  },
  fork: {
    before: (name) => turn(name, "one"),
    work: (name) => asked(name, "/head", "POST", {}),
    after: async (name, [, second], how) => {
      const heads = await inside(name, ({ store }) => store.heads.all());
      // It may be there though its client was told of a failure: only the list did not hear of it.
      expect(heads.length).toBeGreaterThanOrEqual(how === "done" ? 2 : 1);
      expect(new Set(heads.map((head) => head.turn)).size).toBe(1);
      expect(await turn(name, "two")).toBe(second);
      for (const { id } of heads)
        if (id !== "main") await chat({ conversation: `${name}~${id}`, messages: [say("two")] });
    },
  },
  delete: {
    before: async (name) => {
      await turn(name, "one");
      await turn(name, "two");
    },
    work: (name) => asked(name, "/head/main", "DELETE"),
    after: async (name, [one, , third], how) => {
      const left = [await many(name, "heads"), await many(name, "turns")];
      if (how === "done") expect(left).toEqual([0, 0]);
      else if (left[0] === 1) {
        expect(left[1]).toBe(2);
        expect(await turn(name, "three")).toBe(third);
        expect(await asked(name, "/head/main", "DELETE")).toBe("done");
      }
      await runDurableObjectAlarm(stub(name));
      expect([await many(name, "heads"), await many(name, "turns"), await many(name, "pieces")]).toEqual([0, 0, 0]);
      expect(await turn(name, "one")).toBe(one);
    },
  },
};

/** Nothing is left of it, so that the next round may have its name. */
async function forgotten(conversation: string): Promise<void> {
  const heads = await inside(conversation, ({ store }) => (store.database.exists ? store.heads.all() : []));
  for (const { id } of heads) expect(await asked(conversation, `/head/${id}`, "DELETE")).toBe("done");
  await until(async () => (await many(conversation, "turns")) === 0);
}

for (const [what, { before, work, after }] of Object.entries(scenarios))
  it.for([false, true])(`C6: ${what}, each statement failing in turn (forever: %s)`, async (forever, { annotate }) => {
    const name = `${what.replaceAll(/\W+/g, "-")}-${forever}`;
    const expected = await expectedOf(`undisturbed-${name}`, ["one", "two", "three"]);
    let failAt = 0;
    for (let failures = 1; failures > 0; ) {
      expect(++failAt).toBeLessThan(STATEMENTS_MAX);
      await before?.(name);
      limits.alarmMs = 100;
      const shim = await shimmed(name, failAt, forever);
      const how = await work(name);
      await until(() => inside(name, ({ scheduler }) => scheduler.isIdle || shim.failures > 0));
      failures = shim.failures;
      shim.arm({});
      await after(name, expected, how).catch((cause: unknown) => {
        throw new Error(`statement ${failAt}: ${cause}`, { cause });
      });
      limits.alarmMs = usualAlarmMs;
      await forgotten(name);
    }
    expect(failAt).toBeGreaterThan(5);
    await annotate(`${failAt - 1} statements failed, ${forever ? "and all after them" : "once each"}`);
  });
