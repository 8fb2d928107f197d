import { abortAllDurableObjects, evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { expect, it, vi } from "vitest";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { countsOf, type EventName } from "../../../../src/core/event-counts.ts";
import { chat, http, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { ask, gatedToy, pause, stream, Tail, until } from "../../../support/gated-toy.ts";
import { inside, rows, stub, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy();
/** Draws from many letters, so that a lost generator shows. */
const dice = { temperature: 2, seed: 5 };

const counted = (name: EventName) => countsOf().get(name) ?? 0;
const runningOf = (conversation: string) => inside(conversation, ({ store }) => store.journal.running());
const rest = async (conversation: string, id: string, after: number) =>
  new Tail(
    await http(`/v1/chat/completions/chatcmpl-${stub(conversation).id.name}${id}?stream=true&starting_after=${after}`),
  );
const expectedOf = async (contents: string[], fields: object = dice, tokens = 200) => {
  const texts: string[] = [];
  for (const content of contents)
    texts.push(
      textOf(await chat({ conversation: "undisturbed", messages: [say(content)], max_tokens: tokens, ...fields })),
    );
  return texts;
};

/** Streams "two" as a second turn, and kills the object after `tokens` of it. */
async function killedAt(tokens: number, fields: object = dice) {
  await chat({ conversation: "ada", messages: [say("one")], max_tokens: 200, ...fields });
  gate.at = () => pause(1);
  const tail = await stream("ada", "two", fields);
  if (tokens > 0) await tail.text(tokens);
  const [id] = await runningOf("ada");
  await abortAllDurableObjects();
  expect(await tail.end()).not.toBe("done");
  gate.at = () => {};
  return { tail, id: id! };
}

it.each(["alarm", "request"])("C1: killed before its first token, a turn is done by the next %s, once", async (how) => {
  const [, expected] = await expectedOf(["one", "two"]);
  await chat({ conversation: "ada", messages: [say("one")], max_tokens: 200, ...dice });
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const tail = await stream("ada", "two", dice);
  await abortAllDurableObjects();
  held = false;
  expect(await tail.end()).not.toBe("done");
  if (how === "alarm") expect(await runDurableObjectAlarm(stub("ada"))).toBe(true);
  else await chat({ conversation: "ada", messages: [say("three")] });
  const turns = (await turnsOf("ada")).map(({ reply }) => reply).reverse();
  expect(turns.length).toBe(how === "alarm" ? 2 : 3);
  expect(turns[1]).toBe(expected);
});

it("C2, C10: killed after k tokens without a checkpoint, the rest follows any id without gap or repeat", async () => {
  const [, expected] = await expectedOf(["one", "two"]);
  const { tail, id } = await killedAt(40);
  expect(tail.last).toBeGreaterThan(39);
  const [all, tailEnd] = [await rest("ada", id, 0), await rest("ada", id, tail.last)];
  expect(await Promise.all([all.end(), tailEnd.end()])).toEqual(["done", "done"]);
  expect(all.content).toBe(expected);
  expect(tail.content + tailEnd.content).toBe(expected);
  expect(tailEnd.seen.filter(({ finish }) => finish !== null).length).toBe(1);
});

it("C3: killed between two checkpoints, at most what lies between them is computed again", async () => {
  limits.checkpointTokens = 64;
  const [, expected] = await expectedOf(["one", "two"]);
  const { tail, id } = await killedAt(150);
  const before = toy().fed.length;
  const more = await rest("ada", id, tail.last);
  expect(await more.end()).toBe("done");
  expect(tail.content + more.content).toBe(expected);
  expect(toy().fed.length - before).toBeLessThanOrEqual(200 - 150 + 64);
});

it("C3: a long prompt has checkpoints too", async () => {
  limits.checkpointTokens = 64;
  const long = "x".repeat(640);
  const [expected] = await expectedOf([long], dice, 20);
  gate.at = (position) => (position > 400 ? pause(1000) : undefined);
  const fed = toy().fed.length;
  const tail = await stream("ada", long, { ...dice, max_tokens: 20 });
  await until(() => toy().fed.length > fed + 400);
  await abortAllDurableObjects();
  await tail.end();
  gate.at = () => {};
  const before = toy().fed.length;
  await runDurableObjectAlarm(stub("ada"));
  expect((await turnsOf("ada")).map(({ reply }) => reply)).toEqual([expected]);
  expect(toy().fed.length - before).toBeLessThan(660 + 20 - 384 + 16);
});

it("O3, control of C2: a generator that is not kept draws other letters", async () => {
  limits.checkpointTokens = 64;
  const [, expected] = await expectedOf(["one", "two"]);
  const { tail, id } = await killedAt(150);
  armFaults({ off: ["generator"] });
  const more = await rest("ada", id, tail.last);
  await more.end();
  expect(tail.content + more.content).not.toBe(expected);
});

it("C9: an eviction during an open stream does not harm it", async () => {
  const [expected] = await expectedOf(["one"], {});
  gate.at = () => pause(1);
  const tail = await stream("ada", "one");
  await tail.text(10);
  const [how] = await Promise.all([tail.end(), evictDurableObject(stub("ada")).catch(() => {})]);
  if (how === "done") expect(tail.content).toBe(expected);
  else expect(expected!.startsWith(tail.content)).toBe(true);
  await until(async () => (await turnsOf("ada")).length === 1);
  expect((await turnsOf("ada"))[0]!.reply).toBe(expected);
});

it("C11: fifty conversations killed at once all come back by their alarms, none twice, not all at once", async () => {
  const [expected] = await expectedOf(["one"], {}, 20);
  limits.alarmMs = 4000;
  const names = Array.from({ length: 50 }, (_, i) => `many-${i}`);
  // There are places for four at once.
  for (let from = 0; from < names.length; from += 4) {
    let held = true;
    gate.at = () => (held ? until(() => !held) : undefined);
    const some = names.slice(from, from + 4);
    await Promise.all(some.map((name) => stream(name, "one", { max_tokens: 20 })));
    await abortAllDurableObjects();
    held = false;
    await Promise.all(some.map((name) => inside(name, () => {})));
  }
  const alarms = await Promise.all(names.map((name) => inside(name, (_, { storage }) => storage.getAlarm())));
  expect(new Set(alarms).size).toBeGreaterThan(40);
  gate.at = () => {};
  const replies = async () => (await Promise.all(names.map(turnsOf))).map((turns) => turns.map(({ reply }) => reply));
  await until(async () => (await replies()).every((turns) => turns.length > 0), "all are back");
  expect(await replies()).toEqual(names.map(() => [expected]));
});

it("C12: the call of an earlier release's Worker has none of the fields that came since, that of a later one has others", async () => {
  const expected = textOf(await chat({ conversation: "undisturbed", messages: [say("one")], max_tokens: 20 }));
  const first = {
    ...{ tenant: "local", persistent: true, head: "main", model: "tiny", messages: [say("one")], maxTokens: 20 },
    ...{ sampling: {}, stop: [], reply: { object: "chat.completion", stream: false, includeUsage: false } },
  };
  for (const [conversation, more] of Object.entries({ ada: {}, bob: { notYetKnown: { of: ["any", "shape"] } } })) {
    const init = { method: "POST", body: JSON.stringify({ ...first, ...more }) };
    const response = await stub(conversation).fetch("http://object/turn", init);
    expect([response.status, textOf((await response.json()) as Reply)], conversation).toEqual([200, expected]);
    expect((await chat({ conversation, messages: [say("two")] })).header).toBe("resumed");
  }
});

it("C14: at the platform's signal a turn stops, keeps a checkpoint, and goes on by the alarm; its stream with it", async () => {
  const [expected] = await expectedOf(["one"]);
  let raise = false;
  toy().backend.cpuSignal = () => {
    const raised = raise;
    raise = false;
    return raised;
  };
  const [signals, checkpoints, resumed] = [
    counted("cpu_signal"),
    counted("checkpoint_written"),
    counted("turn_resumed"),
  ];
  let tokens = 0;
  gate.at = (_, ids) => {
    if (ids.length === 1 && ++tokens === 50) raise = true;
  };
  const tail = await stream("ada", "one", dice);
  expect([await tail.end(), tail.content]).toEqual(["done", expected]);
  expect(counted("cpu_signal") - signals).toBe(1);
  expect(counted("checkpoint_written") - checkpoints).toBe(1);
  expect(counted("turn_resumed") - resumed).toBe(1);
});

it("C15: at 2,000 units an invocation, a turn of more work is spread over several, to the same bytes", async () => {
  const [expected] = await expectedOf(["one"], dice, 1200);
  Object.assign(toy().manifest, { parameters: 4e6 });
  limits.unitsPerInvocation = 2000;
  const resumed = counted("turn_resumed");
  const tail = await stream("ada", "one", { ...dice, max_tokens: 1200 });
  expect([await tail.end(), tail.content]).toEqual(["done", expected]);
  expect(tail.seen.map(({ id }) => id)).toEqual(Array.from({ length: 1202 }, (_, i) => i));
  expect(counted("turn_resumed") - resumed).toBe(2);
  Object.assign(toy().manifest, { parameters: undefined });
});

it("C15: what a turn took is told of all its invocations", async () => {
  const beganMs = Date.now();
  let passes = 0;
  gate.at = () => void passes++;
  // A pass takes ten milliseconds, and nothing else takes any.
  const clock = vi.spyOn(Date, "now").mockImplementation(() => beganMs + 10 * passes);
  Object.assign(toy().manifest, { parameters: 4e6 });
  const asked = { ...dice, max_tokens: 300 };
  try {
    await chat({ conversation: "ada", messages: [say("one ".repeat(50))], ...asked });
    await rows("ada", "DELETE FROM pieces");
    await evictDurableObject(stub("ada"));
    limits.unitsPerInvocation = 400;
    passes = 0;
    const resumed = counted("turn_resumed");
    const { timings } = await chat({ conversation: "ada", messages: [say("two ".repeat(50))], ...asked });
    expect(counted("turn_resumed") - resumed).toBeGreaterThan(5);
    expect(timings.rebuild_ms! + timings.prefill_ms! + timings.decode_ms!).toBe(10 * passes);
    const { sliceTokens } = toy().backend;
    expect(timings.rebuild_ms).toBeGreaterThanOrEqual((10 * timings.rebuilt_tokens!) / sliceTokens);
    expect(timings.prefill_ms).toBeGreaterThanOrEqual((10 * timings.prefill_tokens!) / sliceTokens);
  } finally {
    clock.mockRestore();
    Object.assign(toy().manifest, { parameters: undefined });
  }
});

it("C16: an alarm that throws twice is rung again, and the third one finishes the turn", async () => {
  const [, expected] = await expectedOf(["one", "two"]);
  limits.alarmMs = 200;
  const { id } = await killedAt(10);
  armFaults({ alarm: { action: "throw", times: 2 } });
  expect(await runningOf("ada")).toEqual([id]);
  await until(async () => (await turnsOf("ada")).length === 2, "the turn is finished");
  expect((await turnsOf("ada"))[0]!.reply).toBe(expected);
});

it("C17: alarms beside a request that computes the turn do nothing", async () => {
  const before = toy().fed.length;
  const [expected] = await expectedOf(["one"]);
  const once = toy().fed.length - before;
  gate.at = () => pause(1);
  const tail = await stream("ada", "one", dice);
  await tail.text(20);
  await Promise.all([runDurableObjectAlarm(stub("ada")), inside("ada", (instance) => instance.alarm())]);
  expect([await tail.end(), tail.content]).toEqual(["done", expected]);
  expect((await turnsOf("ada")).length).toBe(1);
  expect(toy().fed.length - before).toBe(2 * once);
});

it.each([true, false])(
  "C17: who has lost the lease says no more of the turn (control without the lease: %s)",
  async (kept) => {
    const [expected] = await expectedOf(["one"]);
    gate.at = () => pause(1);
    const tail = await stream("ada", "one", dice);
    await tail.text(20);
    const [id] = await runningOf("ada");
    await rows("ada", "UPDATE journal SET epoch = epoch + 1");
    if (!kept) armFaults({ off: ["lease"] });
    const how = await tail.end();
    if (!kept) {
      expect(how).toBe("done");
      return;
    }
    expect([how, tail.seen.at(-1)!.error?.code]).toEqual(["ended", "storage_unavailable"]);
    expect(tail.seen.filter(({ finish }) => finish !== null)).toEqual([]);
    const more = await rest("ada", id!, tail.seen.filter(({ text }) => text !== "").at(-1)!.id!);
    expect(await more.end()).toBe("done");
    expect(tail.content + more.content).toBe(expected);
  },
);

it("C17: an alarm that rings while a turn is on its way to the disk does nothing to it", async () => {
  const [, expected] = await expectedOf(["one", "two"]);
  await chat({ conversation: "ada", messages: [say("one")], max_tokens: 200, ...dice });
  const before = counted("turn_resumed");
  let isHeld = true;
  await inside("ada", ({ store: { database } }) => {
    const written = database.written.bind(database);
    database.written = async () => {
      database.written = written;
      await until(() => !isHeld);
      await written();
    };
  });
  const asked = stream("ada", "two", dice);
  await expect.poll(() => runningOf("ada")).toHaveLength(1);
  await inside("ada", (instance) => instance.alarm());
  isHeld = false;
  const tail = await asked;
  expect([await tail.end(), tail.content]).toEqual(["done", expected]);
  expect((await turnsOf("ada")).length).toBe(2);
  expect(counted("turn_resumed") - before).toBe(0);
});

it("C19: when the last of the alarm's tries fails, the turn ends as failed, once, and the conversation can be used", async () => {
  await killedAt(10);
  armFaults({ alarm: { action: "throw", times: 100 } });
  const failed = counted("turn_failed");
  for (const retryCount of [6, 6])
    await inside("ada", (instance) => instance.alarm({ retryCount } as AlarmInvocationInfo));
  expect(counted("turn_failed") - failed).toBe(1);
  const [last] = await turnsOf("ada");
  expect(last).toMatchObject({ status: "failed", error: { code: "storage_unavailable" } });
  armFaults(undefined);
  const next = await chat({ conversation: "ada", messages: [say("three")] });
  expect(next.header).toBe("resumed");
});

it("a turn that is taken up again and again without progress is given up", async () => {
  const { id } = await killedAt(10);
  await inside("ada", ({ store }) => {
    for (let i = 0; i <= limits.attempts; i++) store.journal.take(id);
  });
  await runDurableObjectAlarm(stub("ada"));
  expect((await turnsOf("ada"))[0]).toMatchObject({ id, status: "failed" });
});

it("who comes back while a turn's end is on its way to the disk gets the turn as before and after it", async () => {
  const [expected] = await expectedOf(["one"]);
  armFaults({ "commit.after": { action: "delay", ms: 500 } });
  const tail = await stream("ada", "one", dice);
  await expect.poll(() => runningOf("ada")).toEqual([]);
  const again = await rest("ada", (await turnsOf("ada"))[0]!.id, 0);
  expect([await again.end(), await tail.end()]).toEqual(["done", "done"]);
  expect(again.content).toBe(expected);
});

it.each(["turn.begin", "turn.token", "commit.before", "commit.after", "checkpoint.before", "checkpoint.after"])(
  "the object dies at %s: the turn is finished, to the same text",
  async (point) => {
    limits.checkpointTokens = 64;
    const [, expected, third] = await expectedOf(["one", "two", "three"]);
    await chat({ conversation: "ada", messages: [say("one")], max_tokens: 200, ...dice });
    armFaults({ [point]: { action: "abort" } });
    const response = await ask("ada", "two", dice).catch(() => undefined);
    expect(response?.ok ?? false).toBe(false);
    armFaults(undefined);
    const next = await chat({ conversation: "ada", messages: [say("three")], max_tokens: 200, ...dice });
    expect([(await turnsOf("ada"))[1]!.reply, textOf(next)]).toEqual([expected, third]);
    expect((await turnsOf("ada")).length).toBe(3);
  },
);
