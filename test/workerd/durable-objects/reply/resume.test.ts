import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { expect, it } from "vitest";
import { streamLimits } from "../../../../durable-objects/platform/limits.ts";
import { chat, type ErrorReply, http, type Reply, say, textOf } from "../../../support/chat-client.ts";
import { ask, gatedToy, pause, stream, Tail, until } from "../../../support/gated-toy.ts";
import { inside, stub, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy();

const get = (path: string, headers: Record<string, string> = {}) => http(`/v1/chat/completions/${path}`, { headers });
const cancel = (id: string) => http(`/v1/chat/completions/${id}/cancel`, { method: "POST" });
const idOf = async (conversation: string, turn = 0) => {
  const key = stub(conversation).id.name;
  return `chatcmpl-${key}${(await turnsOf(conversation))[turn]!.id}`;
};
/** Of the turn that the conversation is at. */
const idOfRunning = async (conversation: string) => {
  const [turn] = await inside(conversation, ({ store }) => store.journal.running());
  return `chatcmpl-${stub(conversation).id.name}${turn}`;
};
const after = async (id: string, n: number) => new Tail(await get(`${id}?stream=true&starting_after=${n}`));

it("S4: a finished stream gives exactly what follows any id, and 204 when that is nothing", async () => {
  const whole = await stream("ada", "one", { max_tokens: 12 });
  expect(await whole.end()).toBe("done");
  const id = await idOf("ada");
  for (const n of [0, 1, 5, 12]) {
    const rest = await after(id, n);
    expect(await rest.end()).toBe("done");
    expect(rest.seen).toEqual(whole.seen.filter((event) => event.id! > n));
  }
  const again = new Tail(await get(`${id}?stream=true`));
  await again.end();
  expect(again.seen).toEqual(whole.seen);
  for (const n of [whole.last, whole.last + 1])
    expect((await get(`${id}?stream=true&starting_after=${n}`)).status).toBe(204);
  const byHeader = new Tail(await get(`${id}?stream=true`, { "last-event-id": "5" }));
  await byHeader.end();
  expect(byHeader.seen[0]!.id).toBe(6);
});

it("S4: garbage is 400, an unknown or another tenant's id 404", async () => {
  await chat({ conversation: "ada", messages: [say("one")] });
  const id = await idOf("ada");
  const status = async (path: string) => {
    const response = await get(path);
    return [response.status, ((await response.json()) as ErrorReply).error.code];
  };
  expect(await status(`${id}?stream=true&starting_after=x`)).toEqual([400, "request_invalid"]);
  expect(await status(`${id}?stream=true&starting_after=-1`)).toEqual([400, "request_invalid"]);
  expect(await status("chatcmpl-1")).toEqual([404, "not_found"]);
  expect(await status(`${id.slice(0, -1)}${id.endsWith("0") ? "1" : "0"}`)).toEqual([404, "not_found"]);
  expect(await status(`chatcmpl-${"0".repeat(48)}`)).toEqual([404, "not_found"]);
});

it("a stored reply is byte for byte what its request got, and is told so again", async () => {
  const response = await ask("ada", "one", { max_tokens: 12, logprobs: true, top_logprobs: 2 });
  const text = await response.text();
  const { id } = JSON.parse(text) as Reply;
  for (let i = 0; i < 2; i++) expect(await (await get(id)).text()).toBe(text);
});

it("S5: three readers at different places get exactly their rest, then what is new, all the same", async () => {
  gate.at = () => pause(1);
  const first = await stream("ada", "one");
  await first.text(40);
  const id = await idOfRunning("ada");
  const others = await Promise.all([0, 17, 60].map((n) => after(id, n)));
  const ends = await Promise.all([first, ...others].map((tail) => tail.end()));
  expect(ends).toEqual(["done", "done", "done", "done"]);
  for (const [i, n] of [0, 17, 60].entries())
    expect(others[i]!.seen).toEqual(first.seen.filter((event) => event.id! > n));
  expect(first.content.length).toBe(200);
});

it("S3: a background turn goes on without its reader, past an eviction", async () => {
  const expected = textOf(await chat({ conversation: "twin", messages: [say("one")], max_tokens: 200 }));
  gate.at = () => pause(1);
  const first = await stream("ada", "one", { background: true });
  await first.text(10);
  await first.cancel();
  await evictDurableObject(stub("ada")).catch(() => {});
  await until(async () => (await turnsOf("ada")).length === 1);
  const [turn] = await turnsOf("ada");
  expect([turn!.status, turn!.reply]).toEqual(["incomplete", expected]);
  const rest = await after(await idOf("ada"), first.last);
  await rest.end();
  expect(first.content + rest.content).toBe(expected);
});

it("a background turn that is not streamed answers at once with 202", async () => {
  gate.at = () => pause(1);
  const response = await ask("ada", "one", { background: true });
  const early = (await response.json()) as Reply & { status: string };
  expect([response.status, early.status]).toEqual([202, "in_progress"]);
  // It may have no place yet, so that nothing runs is no sign of its end.
  let done = early;
  while (done.status === "in_progress") {
    await pause(20);
    done = (await (await get(early.id)).json()) as Reply & { status: string };
  }
  expect([done.id, textOf(done).length]).toEqual([early.id, 200]);
});

it("S9: a long prefill is filled with comments and no data", async () => {
  streamLimits.heartbeatMs = 30;
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const tail = await stream("ada", "x".repeat(200), { max_tokens: 5 });
  await tail.commented(5);
  held = false;
  expect(await tail.end()).toBe("done");
  expect(tail.comments).toBeGreaterThan(4);
  expect(tail.seen.map(({ id }) => id)).toEqual([0, 1, 2, 3, 4, 5, 6]);
});

it("S12: cancel ends a turn once, says the same when repeated, and changes nothing after the end", async () => {
  gate.at = () => pause(1);
  const tail = await stream("ada", "one", { max_tokens: 5000, background: true });
  await tail.text(10);
  const id = await idOfRunning("ada");
  const [a, b] = await Promise.all([cancel(id), cancel(id)]);
  const text = await a.text();
  expect([a.status, b.status, await b.text()]).toEqual([200, 200, text]);
  expect(await tail.end()).toBe("done");
  expect(tail.seen.filter(({ finish }) => finish !== null).length).toBe(1);
  expect(textOf(JSON.parse(text))).toBe(tail.content);
  expect(await (await cancel(id)).text()).toBe(text);
  expect((await turnsOf("ada")).map(({ status }) => status)).toEqual(["cancelled"]);
  const done = await chat({ conversation: "ada", messages: [say("two")] });
  expect(done.header).toBe("resumed");
  expect(((await (await cancel(done.id)).json()) as Reply).choices[0]!.finish_reason).toBe("length");
});

it("a turn that an instance left behind can be cancelled as well", async () => {
  gate.at = () => pause(1);
  const tail = await stream("ada", "one", { max_tokens: 5000 });
  await tail.text(10);
  const id = await idOfRunning("ada");
  await abortAllDurableObjects();
  const response = await cancel(id);
  expect(response.status).toBe(200);
  expect((await turnsOf("ada")).map(({ status }) => status)).toEqual(["cancelled"]);
  expect(toy().live.size).toBe(0);
});

it("S12: a turn that is computed again and cancelled keeps every word that its reader was shown", async () => {
  gate.at = () => pause(1);
  const tail = await stream("ada", "one", { max_tokens: 5000 });
  await tail.text(40);
  const id = await idOfRunning("ada");
  const seen = tail.last;
  await abortAllDurableObjects();
  const rest = await after(id, seen);
  const response = await cancel(id);
  expect(await rest.end()).toBe("done");
  const reply = textOf((await response.json()) as Reply);
  expect(reply).toBe(tail.content + rest.content);
  expect((await turnsOf("ada")).map(({ status }) => status)).toEqual(["cancelled"]);
});

it("O4: a turn that fails before it has come again to where its reader was tells its end all the same", async () => {
  gate.at = () => pause(1);
  const tail = await stream("ada", "one", { max_tokens: 5000 });
  await tail.text(10);
  const id = await idOfRunning("ada");
  gate.at = () => {
    throw new Error("broken");
  };
  await abortAllDurableObjects();
  const seen = tail.last;
  for (const times of ["while it fails", "afterwards"]) {
    const rest = await after(id, seen);
    expect([await rest.end(), rest.seen.at(-1)?.error?.code], times).toEqual(["done", "bug"]);
    expect(rest.last).toBeLessThan(seen);
  }
  expect((await get(`${id}?stream=true&starting_after=1`)).status).toBe(204);
});

it("C4: a turn that is cut off again and again, each time after a few more tokens, is finished", async () => {
  const expected = await stream("twin", "one", { max_tokens: 60 });
  expect(await expected.end()).toBe("done");
  gate.at = () => pause(1);
  let tail = await stream("ada", "one", { max_tokens: 60 });
  await tail.text(1);
  const id = await idOfRunning("ada");
  let content = "";
  for (let crash = 0; crash < 25; crash++) {
    await tail.text(2);
    await abortAllDurableObjects();
    await tail.end();
    content += tail.content;
    tail = await after(id, Math.max(tail.last, content.length));
  }
  gate.at = () => {};
  expect(await tail.end()).toBe("done");
  expect([content + tail.content, tail.seen.at(-1)?.error]).toEqual([expected.content, undefined]);
});

it("S15: what went wrong is told again, once, to whoever resumes", async () => {
  gate.at = (position) => {
    if (position > 60) throw new Error("secret internals");
  };
  const tail = await stream("ada", "one");
  expect(await tail.end()).toBe("done");
  gate.at = () => {};
  const rest = await after(await idOf("ada"), 5);
  expect(await rest.end()).toBe("done");
  expect(rest.seen).toEqual(tail.seen.filter(({ id }) => id! > 5));
  expect(rest.seen.filter(({ error }) => error).length).toBe(1);
  expect((await get(`${await idOf("ada")}?stream=true&starting_after=${rest.last}`)).status).toBe(204);
  expect((await get(await idOf("ada"))).status).toBe(500);
});
