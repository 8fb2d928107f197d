import { abortAllDurableObjects } from "cloudflare:test";
import { expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { streamLimits } from "../../../../durable-objects/platform/limits.ts";
import { chat, type ErrorReply, events, say, send, streamText, textOf } from "../../../support/chat-client.ts";
import { gatedToy, pause, until } from "../../../support/gated-toy.ts";
import { inside, turnsOf } from "../../../support/object.ts";

const { gate, toy } = gatedToy();

const streaming = (conversation: string, fields = {}, signal?: AbortSignal) =>
  send({ model: "tiny", messages: [say("go on")], conversation, stream: true, max_tokens: 200, ...fields }, {}, signal);

/** Reads until so many chunks with text came. */
async function readSome(response: Response, chunks: number) {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (text.split('"content"').length - 2 < chunks) {
    const { value, done } = await reader.read();
    if (done) break;
    text += value;
  }
  return { reader, text };
}

it("S1: generation stops within two tokens of its client leaving, and what came is committed as cancelled", async () => {
  // The model waits for its reader, so that the tokens after the farewell can be counted.
  let allowed = 12;
  let forwards = 0;
  gate.at = async (position) => {
    if (position > 20 && ++forwards > allowed) await until(() => forwards <= allowed);
  };
  const response = await streaming("ada");
  const { reader } = await readSome(response, 10);
  await reader.cancel();
  const hasHeard = () =>
    inside("ada", ({ scheduler, store }) => store.journal.running().every((id) => scheduler.get(id)?.cancelled));
  await until(hasHeard, "the turn is cancelled");
  const before = forwards;
  allowed = 1000;
  await until(() => admission.live === 0);
  expect(forwards - before).toBeLessThanOrEqual(2);
  const [turn] = await turnsOf("ada");
  expect(turn).toMatchObject({ depth: 1, status: "cancelled" });
  expect(turn!.reply!.length).toBeGreaterThanOrEqual(10);
  expect(turn!.reply!.length).toBeLessThanOrEqual(14);
});

it.each<[string, object]>([
  ["a whole reply", { conversation: "ada" }],
  ["replies to one prompt", { n: 2 }],
])("S1: %s that takes long begins before its end, so that a client that leaves is noticed", async (_, fields) => {
  streamLimits.heartbeatMs = 30;
  let held = true;
  gate.at = (position) => (held && position > 40 ? until(() => !held) : undefined);
  const body = { model: "tiny", messages: [say("go on")], max_tokens: 60, ...fields };
  const response = await send(body);
  const reader = response.body!.getReader();
  expect(new TextDecoder().decode((await reader.read()).value)).toMatch(/^ +$/);
  await reader.cancel();
  held = false;
  gate.at = () => pause(1);
  await until(() => admission.live === 0);
  if ("conversation" in fields) expect((await turnsOf("ada"))[0]).toMatchObject({ status: "cancelled" });
});

it.each([
  ["a reply that began early", {}, true],
  // Who has named a key finds what became of the turn: nothing ends it, and its status may still be any.
  ["one with a key, which does not", { "idempotency-key": "mine" }, false],
])("gives who stays the same words: %s", async (_, headers, isEarly) => {
  const body = { model: "tiny", messages: [say("go on")], max_tokens: 60 };
  const expected = textOf(await chat({ ...body, conversation: "twin" }));
  streamLimits.heartbeatMs = 30;
  let held = true;
  gate.at = (position) => (held && position > 40 ? until(() => !held) : undefined);
  let begun: Response | undefined;
  const coming = send({ ...body, conversation: "ada" }, headers).then((response) => {
    begun = response;
    return response;
  });
  if (isEarly) await until(() => begun !== undefined);
  else await pause(200);
  expect(begun !== undefined).toBe(isEarly);
  held = false;
  const text = await (await coming).text();
  expect(text.startsWith(" ")).toBe(isEarly);
  expect(textOf(JSON.parse(text))).toBe(expected);
});

it("asks again for a reply that began early and whose object was reset", async () => {
  const body = { model: "tiny", messages: [say("go on")], max_tokens: 60 };
  const expected = textOf(await chat({ ...body, conversation: "twin" }));
  streamLimits.heartbeatMs = 30;
  let held = true;
  gate.at = (position) => (held && position > 40 ? until(() => !held) : undefined);
  const response = await send({ ...body, conversation: "ada" });
  await abortAllDurableObjects();
  held = false;
  const text = await response.text();
  expect(text).toMatch(/^ +\{/);
  expect(textOf(JSON.parse(text))).toBe(expected);
});

it("S1: a whole reply whose client left is stopped too", async () => {
  let highest = 0;
  gate.at = (position) => {
    highest = Math.max(highest, position);
    return pause(2);
  };
  const client = new AbortController();
  const body = { model: "tiny", messages: [say("go on")], conversation: "ada", max_tokens: 5000 };
  const reply = send(body, {}, client.signal).catch(() => undefined);
  // The prompt ends well before: from there on the turn has been accepted and is being answered.
  await until(() => highest > 40);
  client.abort();
  await until(() => admission.live === 0);
  await reply;
  // It leaves its memory slot before its end is written.
  await expect.poll(async () => (await turnsOf("ada"))[0]?.status).toBe("cancelled");
});

it("goes on from a cancelled turn, also when the client saw less of it", async () => {
  let held = true;
  gate.at = (position) => (position > 30 && held ? until(() => !held) : undefined);
  const response = await streaming("ada", { seed: 3 });
  const { reader } = await readSome(response, 5);
  await reader.cancel();
  held = false;
  await until(() => admission.live === 0);
  await expect.poll(async () => (await turnsOf("ada")).length).toBe(1);
  const [turn] = await turnsOf("ada");
  const seen = turn!.reply!.slice(0, -1);
  const next = await chat({
    conversation: "ada",
    messages: [say("go on"), { role: "assistant", content: seen }, say("more")],
  });
  expect(next.header).toBe("resumed");
});

it("a turn whose client left before the first token is kept as cancelled, and the conversation stands where it stood", async () => {
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const response = await streaming("ada");
  await response.body!.cancel();
  held = false;
  await until(() => admission.live === 0);
  expect(await turnsOf("ada")).toMatchObject([{ status: "cancelled", reply: "", logged: 0 }]);
  expect((await chat({ conversation: "ada", messages: [say("one")] })).header).toBe("new");
});

it("S15: a failure after the headers is the last event, in OpenAI's shape, and the conversation stays as it was", async () => {
  const first = await chat({ conversation: "ada", messages: [say("one")] });
  gate.at = (position) => {
    if (position > 60) throw new Error("secret internals");
  };
  const stream = await events(await streaming("ada"));
  expect(stream.at(-1)!.data.error).toEqual({
    message: "internal error",
    type: "server_error",
    param: null,
    code: "bug",
  });
  expect(stream.filter(({ data }) => data.choices?.[0]?.finish_reason)).toEqual([]);
  gate.at = () => {};
  const [turn] = await turnsOf("ada");
  expect(turn).toMatchObject({ status: "failed", error: { code: "bug" } });
  const second = await chat({ conversation: "ada", messages: [say("two")] });
  expect(second.rivulet.parent).toBe(first.rivulet.turn);
});

it("a failure of the model in a whole reply is a status, and tells nothing of the inside", async () => {
  gate.at = () => {
    throw new Error("secret internals");
  };
  const response = await send({ model: "tiny", messages: [say("x")] });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});

it("C10: an object that dies in mid-stream takes the connection; the next request finds the turn finished", async () => {
  const twin = async (content: string, fields = {}) =>
    textOf(await chat({ conversation: "twin", messages: [say(content)], ...fields }));
  await twin("one");
  const expected = [await twin("go on", { max_tokens: 200 }), await twin("two")];
  await chat({ conversation: "ada", messages: [say("one")] });
  gate.at = (position) => (position > 60 ? pause(5) : undefined);
  const response = await streaming("ada");
  const { reader, text } = await readSome(response, 3);
  await abortAllDurableObjects();
  const rest = await (async () => {
    for (let all = text; ; ) {
      const { value, done } = await reader.read();
      if (done) return all;
      all += value;
    }
  })().catch(() => "broken");
  expect(rest).not.toContain("[DONE]");
  gate.at = () => {};
  const two = await chat({ conversation: "ada", messages: [say("two")] });
  const [last, before] = await turnsOf("ada");
  expect([before!.reply, last!.reply]).toEqual(expected);
  expect([two.header, textOf(two)]).toEqual(["resumed", expected[1]]);
});

it("I6: two turns at once on one conversation run one after the other", async () => {
  await chat({ conversation: "ada", messages: [say("one")] });
  gate.at = () => pause(1);
  const fields = { conversation: "ada", messages: [say("two")] };
  const [a, b] = await Promise.all([chat(fields), chat(fields)]);
  const [last, before] = await turnsOf("ada");
  expect([last!.depth, before!.depth]).toEqual([3, 2]);
  expect(new Set([a.usage.prompt_tokens_details.cached_tokens, b.usage.prompt_tokens_details.cached_tokens]).size).toBe(
    2,
  );
  expect([textOf(a), textOf(b)].toSorted()).toEqual([last!.reply, before!.reply].toSorted());
});

it("I6: a conversation lets a few wait, and answers turn_in_progress to more", async () => {
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const turns = Array.from({ length: 6 }, () =>
    send({ model: "tiny", conversation: "ada", messages: [say("x")], max_tokens: 2 }),
  );
  const refused = await Promise.race(turns);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([409, "5"]);
  expect(((await refused.json()) as ErrorReply).error.code).toBe("turn_in_progress");
  held = false;
  const statuses = (await Promise.all(turns)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([200, 200, 200, 200, 200, 409]);
});

it("four generations are live, sixteen wait, and the next gets 503 with Retry-After", async () => {
  let held = true;
  gate.at = () => (held ? until(() => !held) : undefined);
  const ask = () => send({ model: "tiny", messages: [say("x")], max_tokens: 2 });
  const asked = Array.from({ length: 21 }, ask);
  // Whichever comes last: all others have their place, or wait for one.
  const refused = await Promise.race(asked);
  await until(() => toy().live.size === 4);
  expect(admission.live).toBe(4);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
  expect(((await refused.json()) as ErrorReply).error).toMatchObject({ code: "busy", type: "overloaded_error" });
  held = false;
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.toSorted()).toEqual([...Array(20).fill(200), 503]);
});

it("the model never runs far ahead of a reader that is slow", async () => {
  let forwards = 0;
  gate.at = () => {
    forwards++;
  };
  const response = await streaming("ada", { max_tokens: 20_000 });
  const { reader } = await readSome(response, 3);
  let ahead: number;
  do {
    ahead = forwards;
    await pause(500);
  } while (forwards > ahead);
  expect(ahead).toBeLessThan(5000);
  await reader.cancel();
});

it("two conversations at once do not mix", async () => {
  gate.at = () => pause(1);
  const alone = [];
  for (const session of ["a", "b"])
    alone.push(
      streamText(await events(await streaming(`${session}-alone`, { messages: [say(session)], max_tokens: 40 }))),
    );
  const both = await Promise.all(
    ["a", "b"].map(async (session) =>
      streamText(await events(await streaming(session, { messages: [say(session)], max_tokens: 40 }))),
    ),
  );
  expect(both).toEqual(alone);
});

it("H7: one request brings less than the model's context; with a bounded cache a dialogue goes beyond it", async () => {
  Object.assign(toy().manifest, { contextLength: 60 });
  const fed = toy().fed.length;
  for (const fields of [{ conversation: "ada" }, {}, { n: 2 }]) {
    const response = await send({ model: "tiny", messages: [say("x".repeat(60))], ...fields });
    const { error } = (await response.json()) as ErrorReply;
    expect([response.status, error.code, error.param]).toEqual([400, "context_length_exceeded", "messages"]);
  }
  expect(toy().fed.length).toBe(fed);
  for (let i = 0; i < 4; i++) {
    const { usage } = await chat({ conversation: "ada", messages: [say("a few words")], max_tokens: 8 });
    if (i === 3) expect(usage.total_tokens).toBeGreaterThan(60);
  }
});

it("H9: a reply whose end is forbidden stops at max_tokens, with its reason", async () => {
  const eos = Object.fromEntries(toy().manifest.generation.eos.map((id) => [id, -100]));
  const reply = await chat({ messages: [say("go on")], max_tokens: 300, logit_bias: eos });
  expect([reply.choices[0]!.finish_reason, reply.usage.completion_tokens]).toEqual(["length", 300]);
});
