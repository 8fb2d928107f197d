import { abortAllDurableObjects, runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { listDirectory } from "../../../../durable-objects/directory/directory-client.ts";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { GONE } from "../../../../durable-objects/storage/database.ts";
import { gatedToy } from "../../../support/gated-toy.ts";
import {
  askObject,
  contentOf,
  converse,
  inside,
  named,
  refused,
  rows,
  stub,
  told,
  turnRequest,
} from "../../../support/object.ts";

const { gate } = gatedToy();
afterEach(() => {
  vi.restoreAllMocks();
});

interface View {
  id: string;
  conversation: string;
  expiresMs: number | null;
}
const tables = (conversation: string) =>
  rows(conversation, "SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'");
const alarmOf = (conversation: string) => inside(conversation, (_, { storage }) => storage.getAlarm());
const make = (conversation: string, fields = {}) =>
  told<View>(
    askObject(named(conversation), "/head/main", { method: "PUT", conversation, body: { model: "tiny", ...fields } }),
  );
const remove = (conversation: string, head = "main") =>
  askObject(named(conversation), `/head/${head}`, { method: "DELETE", conversation });
const fork = (conversation: string, fields = {}) =>
  told<View>(askObject(named(conversation), "/head", { conversation, body: fields }));
const listed = async () =>
  (await listDirectory(env, "local", { kind: "conversation", limit: 100, order: "asc" })).entries;
const idsListed = async () => (await listed()).map(({ id }) => id).sort();
/** From here on it is this many milliseconds later, and stands still. */
function later(ms: number): void {
  const now = Date.now();
  vi.spyOn(Date, "now").mockImplementation(() => now + ms);
}

it("L7: at its expiry a conversation is gone completely, at once, from the list too; one used 1 ms before stays", async () => {
  const names = Array.from({ length: 30 }, (_, n) => `idle-${n}`);
  later(0);
  for (const name of [...names, "used"]) {
    await make(name, { ttlSeconds: 60 });
    await converse(name, "one");
  }
  await make("kept");
  later(59_999);
  await converse("used", "two");
  later(2);
  for (const name of [...names, "used", "kept"]) await runDurableObjectAlarm(stub(name));
  for (const name of names) expect([await tables(name), await alarmOf(name)], name).toEqual([[], null]);
  expect(await idsListed()).toEqual(["kept", "used"]);
  expect((await converse("used", "three")).timings.state).toBe("resumed");
  expect(await alarmOf("used")).toBeGreaterThan(Date.now());
});

it("an expired conversation is not seen, even before its alarm rings", async () => {
  await make("ada", { ttlSeconds: 60 });
  await converse("ada", "one");
  later(60_000);
  expect(await refused(askObject(named("ada"), "/head/main"))).toMatchObject({ code: "not_found" });
  expect((await converse("ada", "two")).timings.state).toBe("new");
});

it("a turn that runs when its conversation expires ends first, and keeps it", async () => {
  await make("ada", { ttlSeconds: 60 });
  let go = () => {};
  const held = new Promise<void>((resolve) => {
    go = resolve;
  });
  gate.at = () => held;
  const reply = converse("ada", "one");
  await expect.poll(() => admission.live).toBe(1);
  later(61_000);
  const alarm = runDurableObjectAlarm(stub("ada"));
  gate.at = () => {};
  go();
  expect(contentOf(await reply)).not.toBe("");
  await alarm;
  const view = await told<View>(askObject(named("ada"), "/head/main"));
  expect(view.expiresMs).toBeGreaterThanOrEqual(Date.now() + 59_000);
});

it("a time to live can be changed and taken back", async () => {
  await make("ada", { ttlSeconds: 60 });
  const changed = await told<View>(askObject(named("ada"), "/head/main", { body: { ttlSeconds: null } }));
  expect(changed.expiresMs).toBeNull();
  later(3_600_000);
  await runDurableObjectAlarm(stub("ada"));
  expect(await idsListed()).toEqual(["ada"]);
});

it("a turn puts off the alarm of the one before, which would ring for nothing", async () => {
  later(0);
  await converse("ada", "one");
  const first = (await alarmOf("ada"))!;
  later(limits.alarmMs);
  await converse("ada", "two");
  expect(await alarmOf("ada")).toBeGreaterThan(first);
  expect(await alarmOf("ada")).toBeGreaterThanOrEqual(Date.now() + limits.alarmMs);
});

it("L4: a clock that jumps back deletes nothing early", async () => {
  await make("ada", { ttlSeconds: 60 });
  later(-3_600_000);
  await runDurableObjectAlarm(stub("ada"));
  await converse("ada", "one");
  expect(await idsListed()).toEqual(["ada"]);
});

it("a deletion leaves nothing in storage, no alarm and no row in the list", async () => {
  await converse("ada", "one");
  expect(await idsListed()).toEqual(["ada"]);
  await told(remove("ada"));
  expect([await tables("ada"), await alarmOf("ada"), await idsListed()]).toEqual([[], null, []]);
  expect(await refused(remove("ada"))).toMatchObject({ code: "not_found" });
  expect((await converse("ada", "two")).timings.state).toBe("new");
  expect(await idsListed()).toEqual(["ada"]);
});

it("a deletion among forks takes what only that one needs", async () => {
  await converse("ada", "one");
  const before = await fork("ada");
  await converse("ada", "two");
  await converse("ada", "three");
  expect(await rows("ada", "SELECT id FROM turns")).toHaveLength(3);
  await told(remove("ada"));
  expect(await rows("ada", "SELECT id FROM turns")).toHaveLength(1);
  expect(await rows("ada", "SELECT DISTINCT turn FROM pieces")).toHaveLength(1);
  expect(await idsListed()).toEqual([before.conversation]);
  const body = turnRequest("other", { head: before.id, conversation: before.conversation });
  const reply = await told<{ timings: { state: string; prefill_tokens: number } }>(
    askObject(named("ada"), "/turn", { body, conversation: before.conversation }),
  );
  expect(reply.timings.state).toBe("forked");
  await told(remove("ada", before.id));
  expect(await tables("ada")).toEqual([]);
});

it("I7: a deletion during a turn wins: the stream ends as cancelled, those who wait find nothing, no row stays", async () => {
  await converse("ada", "one");
  let tokens = 0;
  gate.at = () => new Promise((resolve) => setTimeout(resolve, 5)).then(() => void tokens++);
  const asked = turnRequest("two", { conversation: "ada", maxTokens: 2000 });
  const stream = await askObject(named("ada"), "/turn", {
    conversation: "ada",
    body: { ...asked, reply: { ...asked.reply, stream: true } },
  });
  const text = stream.text();
  const waiting = refused(
    askObject(named("ada"), "/turn", { conversation: "ada", body: turnRequest("three", { conversation: "ada" }) }),
  );
  await expect.poll(() => tokens).toBeGreaterThan(5);
  await told(remove("ada"));
  const told_ = await text;
  expect(told_).toContain('"finish_reason":');
  expect(told_.match(/"finish_reason":"/g)).toHaveLength(1);
  expect(told_).toContain("data: [DONE]");
  expect(await waiting).toMatchObject({ code: "not_found" });
  expect(await tables("ada")).toEqual([]);
  expect(await idsListed()).toEqual([]);
});

it("I7: turn, fork and deletion at once, in any order, leave no orphan", async () => {
  for (let round = 0; round < 12; round++) {
    const name = `c${round}`;
    await converse(name, "one");
    const works = [
      () => askObject(named(name), "/turn", { conversation: name, body: turnRequest("two", { conversation: name }) }),
      () => askObject(named(name), "/head", { conversation: name, body: {} }),
      () => remove(name),
    ];
    const order = [...works.slice(round % 3), ...works.slice(0, round % 3)];
    const answers = await Promise.all((round % 2 ? order.toReversed() : order).map((work) => work()));
    await Promise.all(answers.map((answer) => answer.text()));
    expect(
      answers.every(({ status }) => status < 500),
      answers.map(({ status }) => status).join(),
    ).toBe(true);
    await runDurableObjectAlarm(stub(name));
    if ((await tables(name)).length === 0) continue;
    const orphans = `SELECT 'turn' AS what, id FROM turns WHERE parent IS NOT NULL AND parent NOT IN (SELECT id FROM turns)
      UNION ALL SELECT 'piece', turn FROM pieces WHERE turn NOT IN (SELECT id FROM turns)
      UNION ALL SELECT 'head', id FROM heads WHERE turn <> '${GONE}' AND turn NOT IN (SELECT id FROM turns)`;
    expect(await rows(name, orphans), `round ${round}`).toEqual([]);
    const heads = await rows(name, "SELECT id FROM heads");
    const mine = (await idsListed()).filter((id) => id === name || id.startsWith(`${name}~`));
    expect(mine).toHaveLength(heads.length);
  }
});

it("the list hears of a conversation once, of changes, and of no turn", async () => {
  await converse("ada", "one");
  const [first] = await listed();
  await converse("ada", "two");
  await converse("ada", "three");
  await abortAllDurableObjects();
  // The directory counts every turn towards the limits, so it is asked; what it must not hear of
  // a turn is an entry of the list.
  const asked: string[] = [];
  const getByName = env.DIRECTORY.getByName.bind(env.DIRECTORY);
  const spy = vi.spyOn(env.DIRECTORY, "getByName").mockImplementation((name) => {
    const directory = getByName(name);
    const fetch = (url: string, init: RequestInit) => {
      asked.push(new URL(url).pathname);
      return directory.fetch(url, init);
    };
    return { fetch } as never;
  });
  await converse("ada", "four");
  expect(asked).not.toContain("/entry");
  await told(askObject(named("ada"), "/head/main", { conversation: "ada", body: { metadata: { a: "b" } } }));
  expect(asked).toContain("/entry");
  spy.mockRestore();
  const [changed] = await listed();
  expect(changed!.revision).toBeGreaterThan(first!.revision);
  expect(changed!.info).toMatchObject({ metadata: { a: "b" }, turns: 4 });
});

it("what the list could not be told is told by the alarm, though the instance has ended", async () => {
  const down = vi.spyOn(env.DIRECTORY, "getByName").mockImplementation(() => {
    throw new Error("no directory today");
  });
  await converse("ada", "one");
  await converse("bob", "one");
  await told(remove("bob"));
  // Without it they would wait for the next request.
  for (const name of ["ada", "bob"]) expect(await alarmOf(name)).toBeLessThanOrEqual(Date.now() + 30_000);
  await abortAllDurableObjects();
  down.mockRestore();
  expect(await idsListed()).toEqual([]);
  for (const name of ["ada", "bob"]) await runDurableObjectAlarm(stub(name));
  expect(await idsListed()).toEqual(["ada"]);
  expect(await tables("bob")).toEqual([]);
});

it("a deletion that fails at any statement can be done again, and the list agrees with what is there", async () => {
  for (let failAt = 1; ; failAt++) {
    await converse("ada", "one");
    const plan = await inside("ada", ({ store: { database } }) => {
      const state = { left: failAt, failed: false };
      const { exec } = Object.getPrototypeOf(database);
      database.exec = (...args) => {
        state.left--;
        state.failed ||= state.left === 0;
        if (state.left === 0) throw Object.assign(new Error("by plan"), { code: "storage_unavailable" });
        return exec.apply(database, args);
      };
      return state;
    });
    const response = await remove("ada");
    await response.text();
    await runDurableObjectAlarm(stub("ada"));
    if (!plan.failed) return expect(failAt).toBeGreaterThan(15);
    if (!response.ok && (await tables("ada")).length > 0) {
      expect(await idsListed()).toEqual(["ada"]);
      await told(remove("ada"));
    }
    await runDurableObjectAlarm(stub("ada"));
    expect([await tables("ada"), await idsListed()], `statement ${failAt}`).toEqual([[], []]);
  }
});
