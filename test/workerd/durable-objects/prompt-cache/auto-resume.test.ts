/** A client that names no conversation and sends its whole history every time. The model is a real one, though tiny. */
import { reset, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash, createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { UNKEYED } from "../../../../src/api/shared/ids.ts";
import { chat, events, http, type Reply, say, send, streamText, textOf } from "../../../support/chat-client.ts";

const settings = env as unknown as Record<string, string>;
const cached = ({ usage }: Reply): number => usage.prompt_tokens_details.cached_tokens;
const system = (content: string) => ({ role: "system", content });
const assistant = (content: string) => ({ role: "assistant", content });
const LONG = "The valve of the third pump is opened at noon and closed at four. ".repeat(8);
const digest = (key: string) => createHash("sha256").update(key).digest("hex");

beforeEach(() => Object.assign(settings, { AUTO_RESUME_TTL: "3600", API_KEYS: "" }));
afterEach(async () => {
  expect(admission.live).toBe(0);
  vi.useRealTimers();
  await reset();
});

const cacheOf = (tenant: string) => {
  const name = createHmac("sha256", env.SESSION_KEY || UNKEYED).update(JSON.stringify(["prompt-cache", tenant]));
  return env.PROMPT_CACHE.getByName(name.digest("hex"));
};
const size = async () => (await (await http("/v1/prompt-cache")).json()) as { states: number; bytes: number };
const clear = () => http("/v1/prompt-cache", { method: "DELETE" });

/** What the same request gives where nothing is kept. */
async function computedInOne<T>(work: () => Promise<T>): Promise<T> {
  settings.AUTO_RESUME_TTL = "0";
  try {
    return await work();
  } finally {
    settings.AUTO_RESUME_TTL = "3600";
  }
}

const logprobs = { logprobs: true, top_logprobs: 4 };

it("reads of a loop's growing history only what is new, and replies as if it were computed in one, bit by bit", async () => {
  const messages = [system(LONG), say("begin")];
  const shares: number[] = [];
  for (let call = 0; call < 6; call++) {
    const asked = { messages, max_tokens: 6, ...logprobs };
    const reply = await chat(asked);
    expect(reply.choices).toEqual((await computedInOne(() => chat(asked))).choices);
    expect(reply.timings.prefill_tokens).toBe(reply.usage.prompt_tokens - cached(reply));
    expect(reply.timings.state).toBe(call === 0 ? "new" : "resumed");
    shares.push(cached(reply) / reply.usage.prompt_tokens);
    messages.push(assistant(textOf(reply)), say("and then?"));
  }
  expect(shares[0]).toBe(0);
  expect(Math.min(...shares.slice(1))).toBeGreaterThan(0.7);
});

it("samples the same numbers with a seed, penalties included, whole and streamed", async () => {
  const first = { messages: [system(LONG), say("one")] };
  await chat(first);
  const asked = { messages: first.messages, seed: 7, temperature: 1.5, repetition_penalty: 1.8, max_tokens: 12 };
  const reply = await chat(asked);
  expect(cached(reply)).toBeGreaterThan(0);
  expect(textOf(reply)).toBe(textOf(await computedInOne(() => chat(asked))));
  expect(streamText(await events(await send({ model: "tiny", ...asked, stream: true })))).toBe(textOf(reply));
});

it("two new dialogues with the same system message and tools share it, and what any two begin with", async () => {
  const tools = [{ type: "function", function: { name: "look", description: LONG, parameters: { type: "object" } } }];
  const opening = { tools, max_tokens: 4 };
  await chat({ ...opening, messages: [system(LONG), say("What is the weather?")] });
  const second = await chat({ ...opening, messages: [system(LONG), say("Name a river.")] });
  expect(cached(second) / second.usage.prompt_tokens).toBeGreaterThan(0.9);
  // Where a document and its question are one message, the second shows where they part.
  const document = (question: string) => ({ messages: [say(`${LONG}${LONG}\n${question}`)], max_tokens: 4 });
  expect(cached(await chat(document("When does it open, and is that every day of the year?")))).toBe(0);
  expect(cached(await chat(document("Who says so, and where is that person to be found?")))).toBe(0);
  expect(cached(await chat(document("Why is it closed at four, and not at five or six?")))).toBeGreaterThan(900);
});

it("works the same for completions, several choices, responses and messages", async () => {
  const ask = async (path: string, body: object) => {
    const response = await http(path, { body: { model: "tiny", ...body } });
    expect(response.status).toBe(200);
    // biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
    return (await response.json()) as any;
  };
  const twice = async (
    path: string,
    body: object,
    count: (reply: never) => number,
    text: (reply: never) => unknown,
  ) => {
    const first = (await ask(path, body)) as never;
    const second = (await ask(path, body)) as never;
    const alone = (await computedInOne(() => ask(path, body))) as never;
    expect([count(first), text(second)]).toEqual([0, text(alone)]);
    expect(count(second)).toBeGreaterThan(400);
    await clear();
  };
  const chatUsage = ({ usage }: Reply) => usage.prompt_tokens_details.cached_tokens;
  const choices = ({ choices }: Reply) => choices;
  await twice("/v1/completions", { prompt: LONG, max_tokens: 4, seed: 1 }, chatUsage, choices);
  await twice("/v1/chat/completions", { messages: [say(LONG)], n: 2, max_tokens: 4, seed: 1 }, chatUsage, choices);
  type Response = { usage: { input_tokens_details: { cached_tokens: number } }; output: { content: unknown }[] };
  await twice(
    "/v1/responses",
    { input: LONG, store: false, max_output_tokens: 4 },
    ({ usage }: Response) => usage.input_tokens_details.cached_tokens,
    ({ output }: Response) => output[0]!.content,
  );
  type Message = { usage: { cache_read_input_tokens: number }; content: unknown };
  await twice(
    "/v1/messages",
    { messages: [say(LONG)], max_tokens: 4 },
    ({ usage }: Message) => usage.cache_read_input_tokens,
    ({ content }: Message) => content,
  );
});

it("A3: what one tenant's prompts left is found by no other tenant", async () => {
  settings.API_KEYS = `ann:${digest("a")},bob:${digest("b")}`;
  const messages = [system(`${LONG} canary-51c0`), say("Say the word.")];
  const as = async (key: string) =>
    (await (
      await send({ model: "tiny", max_tokens: 2, messages }, { authorization: `Bearer ${key}` })
    ).json()) as Reply;
  expect(cached(await as("a"))).toBe(0);
  expect(cached(await as("a"))).toBeGreaterThan(400);
  expect(cached(await as("b"))).toBe(0);
  // Not even in the same object, should an address ever be wrong: the borders are the tenant's own.
  const rows = (tenant: string) =>
    runInDurableObject(cacheOf(tenant), (_, { storage }) =>
      storage.sql.exec("SELECT hex(borders) AS b FROM states").toArray(),
    );
  const [own, other] = [await rows("ann"), await rows("bob")];
  expect(own.length * other.length).toBeGreaterThan(0);
  expect(other.some(({ b }) => own.some((row) => row.b === b))).toBe(false);
});

it("conversations share what they begin with; the end of a prompt stays their own, and what one left goes when it is deleted", async () => {
  const tell = (conversation: string, said: string) =>
    chat({ messages: [system(LONG), say(said)], conversation, temperature: 0 });
  const said = `Name a river. ${LONG}`;
  expect(cached(await tell("first", said))).toBe(0);
  expect((await size()).states).toBe(1);
  const second = await tell("second", "What is the weather?");
  expect(cached(second)).toBeGreaterThan(400);
  expect(cached(second)).toBeLessThan(600);
  const alone = await computedInOne(() => tell("third", "What is the weather?"));
  expect(textOf(second)).toBe(textOf(alone));
  const next = [say("and then?")];
  const after = await chat({ messages: next, conversation: "second", temperature: 0 });
  expect(textOf(after)).toBe(textOf(await chat({ messages: next, conversation: "third", temperature: 0 })));
  const removed = await http("/v1/conversations/first", { method: "DELETE" });
  expect(removed.status).toBe(200);
  expect(await size()).toMatchObject({ states: 0, bytes: 0 });
  expect(cached(await tell("fourth", "What is the weather?"))).toBe(0);
});

it("a stored response that brings its whole history goes on too; what it left goes with it when it is deleted", async () => {
  const ask = async (said: string) => {
    const input = [system(LONG), say(said)];
    const body = JSON.stringify({ model: "tiny", input, max_output_tokens: 4 });
    const headers = { "content-type": "application/json" };
    const response = await http("/v1/responses", { headers, body });
    return (await response.json()) as { id: string; usage: { input_tokens_details: { cached_tokens: number } } };
  };
  const count = ({ usage }: Awaited<ReturnType<typeof ask>>) => usage.input_tokens_details.cached_tokens;
  const first = await ask("one");
  expect(count(first)).toBe(0);
  expect(count(await ask("two"))).toBeGreaterThan(400);
  expect((await size()).states).toBe(1);
  expect((await http(`/v1/responses/${first.id}`, { method: "DELETE" })).status).toBe(200);
  expect(await size()).toMatchObject({ states: 0, bytes: 0 });
  expect(count(await ask("two"))).toBe(0);
});

it("keeps nothing of a short prompt, and nothing where it is switched off", async () => {
  await chat({ messages: [say("hi")] });
  await computedInOne(() => chat({ messages: [say(LONG)] }));
  expect(await size()).toMatchObject({ states: 0, bytes: 0 });
});

it("L7: what is deleted or has expired is gone from storage, and is not found again", async () => {
  const messages = [system(LONG), say("hello")];
  await chat({ messages });
  expect(await size()).not.toMatchObject({ states: 0 });
  expect((await clear()).status).toBe(200);
  const left = () =>
    runInDurableObject(cacheOf("local"), (_, { storage }) => [
      ...storage.sql.exec("SELECT id FROM states UNION ALL SELECT id FROM pieces").toArray(),
    ]);
  expect([await size(), await left()]).toMatchObject([{ states: 0, bytes: 0 }, []]);
  expect(cached(await chat({ messages }))).toBe(0);
  expect(cached(await chat({ messages }))).toBeGreaterThan(0);
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_001 });
  expect(cached(await chat({ messages: [system(LONG), say("another question, when all has expired")] }))).toBe(0);
  await clear();
  vi.setSystemTime(Date.now() + 1);
  await chat({ messages });
  expect((await size()).states).toBe(1);
  vi.setSystemTime(Date.now() + 3_600_001);
  expect(await runDurableObjectAlarm(cacheOf("local"))).toBe(true);
  expect(await left()).toEqual([]);
});

it("V1: a state that was damaged is not used", async () => {
  const messages = [system(LONG), say("hello")];
  const whole = await chat({ messages, ...logprobs });
  await runInDurableObject(cacheOf("local"), (_, { storage }) => {
    for (const { id, bytes } of storage.sql.exec<{ id: number; bytes: ArrayBuffer }>("SELECT id, bytes FROM pieces")) {
      const damaged = new Uint8Array(bytes);
      damaged[damaged.length >> 1]! ^= 1;
      storage.sql.exec("UPDATE pieces SET bytes = ? WHERE id = ?", damaged, id);
    }
  });
  const again = await chat({ messages, ...logprobs });
  expect([cached(again), again.choices]).toEqual([0, whole.choices]);
  expect(cached(await chat({ messages }))).toBeGreaterThan(400);
});

it("a prompt that cannot be computed in one go is refused before it is begun, but not what was left of it, nor in a conversation", async () => {
  const whole = limits.unitsWithoutPause;
  const request = { model: "tiny", max_tokens: 2, messages: [system(LONG), say("Name a river.")] };
  try {
    limits.unitsWithoutPause = 10;
    const refused = await send(request);
    const { error } = (await refused.json()) as { error: { code: string; param: string; message: string } };
    expect([refused.status, error.code, error.param]).toEqual([400, "context_length_exceeded", "messages"]);
    expect(error.message).toContain('Name a "conversation"');
    const most = Number(/at most (\d+) tokens/.exec(error.message)![1]);
    expect((await send({ ...request, conversation: "ada" })).status).toBe(200);
    await clear();
    limits.unitsWithoutPause = whole;
    expect((await chat(request)).usage.prompt_tokens).toBeGreaterThan(most);
    limits.unitsWithoutPause = 10;
    expect(cached(await chat(request))).toBeGreaterThan(0);
  } finally {
    limits.unitsWithoutPause = whole;
  }
});
