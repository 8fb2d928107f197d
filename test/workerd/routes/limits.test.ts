/** What a caller meets at its limits, over HTTP; and that looking for something that is not there makes nothing. */
import { listDurableObjectIds } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { endpoints } from "../../../src/routes/index.ts";
import { http } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const as = (key: string, path: string, method = "GET", body?: object) =>
  http(path, { method, body, headers: { authorization: `Bearer ${key}` } });
const chat = (key: string, more: object = {}) =>
  as(key, "/v1/chat/completions", "POST", {
    ...{ model: "tiny", messages: [{ role: "user", content: "hello" }], max_tokens: 3, ...more },
  });
let tenants = 0;
/** A tenant that has used nothing yet, with these limits. */
function tenant(limits: object): string {
  const key = `t${tenants++}`;
  Object.assign(env, { API_KEYS: `${key}:${digest(key)}`, LIMITS: JSON.stringify({ tenant: limits }) });
  return key;
}
beforeAll(async () => {
  await weights.get(async () => toyServed());
});
afterEach(() => {
  vi.restoreAllMocks();
  Object.assign(env, { API_KEYS: "", LIMITS: "" });
});
// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
async function refusal(response: Response): Promise<[number, string, string]> {
  const { error } = (await response.json()) as Json;
  return [response.status, error.code, error.param];
}
const usage = async (key: string): Promise<Json> => ((await (await as(key, "/v1/usage")).json()) as Json).tenant;

it("A6: too many requests are refused with 429, Retry-After and what is left", async () => {
  const key = tenant({ requests_per_minute: 3 });
  const first = await as(key, "/v1/models");
  expect(first.headers.get("x-ratelimit-limit-requests")).toBe("3");
  expect(first.headers.get("x-ratelimit-remaining-requests")).toBe("2");
  expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^(\d+(s|ms)|1m0s)$/);
  for (let n = 0; n < 3; n++) await (await as(key, "/v1/models")).text();
  const refused = await as(key, "/v1/models");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(await refusal(refused)).toEqual([429, "rate_limit_exceeded", "requests_per_minute"]);
});

it("A6: tokens of the day are what was computed, and then turns are refused but nothing else", async () => {
  const key = tenant({ tokens_per_day: 60 });
  const { usage: first } = (await (await chat(key, { conversation: "c" })).json()) as Json;
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBe(first.total_tokens);
  await (await chat(key, { conversation: "d", max_tokens: 400 })).text();
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBe(60);
  expect((await usage(key)).concurrent_turns.used).toBe(0);
  expect(await refusal(await chat(key, { conversation: "c" }))).toEqual([
    ...[429, "rate_limit_exceeded", "tokens_per_day"],
  ]);
  expect((await as(key, "/v1/conversations/c")).status).toBe(200);
});

it("A8: what is left of the day bounds the turn that begins; it ends there and is kept", async () => {
  const key = tenant({ tokens_per_day: 60 });
  const usedUp = () => usage(key).then(({ tokens_per_day: { used } }) => used);
  const { usage: first, choices } = (await (await chat(key, { conversation: "c", max_tokens: 400 })).json()) as Json;
  expect(choices[0].finish_reason).toBe("length");
  expect(first.total_tokens).toBe(60);
  await expect.poll(usedUp).toBe(60);
  const kept = (await (await as(key, "/v1/conversations/c/turns")).json()) as Json;
  expect(kept.data.length).toBe(1);
  expect(await refusal(await chat(key, { conversation: "c" }))).toEqual([
    ...[429, "rate_limit_exceeded", "tokens_per_day"],
  ]);
});

it("A8: turns that run at once do not pass the day's limit together, in any form", async () => {
  const body = { model: "tiny", max_tokens: 400 };
  const messages = [{ role: "user", content: "hello" }];
  const forms: [string, object][] = [
    ["/v1/chat/completions", { ...body, messages, stream: true }],
    ["/v1/chat/completions", { ...body, messages, n: 3 }],
    ["/v1/completions", { ...body, prompt: ["hello", "you"], n: 2 }],
    ["/v1/responses", { model: "tiny", input: "hello" }],
    ["/v1/messages", { ...body, messages }],
  ];
  for (const form of forms) {
    const key = tenant({ tokens_per_day: 100 });
    const [path, asked] = form;
    const all = await Promise.all([form, forms[0]!, forms[3]!].map(([at, body]) => as(key, at, "POST", body)));
    const statuses = await Promise.all(all.map(async (response) => [response.status, await response.text()] as const));
    expect(
      statuses.map(([status]) => status).toSorted(),
      `${path} ${JSON.stringify(asked)} ${JSON.stringify(statuses)}`,
    ).toEqual([200, 429, 429]);
    await expect.poll(async () => (await usage(key)).concurrent_turns.used).toBe(0);
    const { used } = (await usage(key)).tokens_per_day;
    expect(used, path).toBeGreaterThan(50);
    expect(used, path).toBeLessThanOrEqual(100);
  }
});

it("A8: a prompt or a prefix for which the day does not leave enough is refused before it is computed, and keeps nothing", async () => {
  const key = tenant({ tokens_per_day: 20 });
  const long = { messages: [{ role: "user", content: "a longer question, with many words ".repeat(4) }] };
  const refused = await chat(key, { ...long, conversation: "new" });
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refusal(refused)).toEqual([429, "rate_limit_exceeded", "tokens_per_day"]);
  expect(await refusal(await chat(key, { ...long, n: 2 }))).toEqual([429, "rate_limit_exceeded", "tokens_per_day"]);
  const prefix = { name: "p", text: "a longer text ".repeat(20) };
  expect(await refusal(await as(key, "/v1/prefixes", "POST", prefix))).toEqual([
    ...[429, "rate_limit_exceeded", "tokens_per_day"],
  ]);
  expect((await as(key, "/v1/conversations/new")).status).toBe(404);
  expect((await as(key, "/v1/prefixes/p")).status).toBe(404);
  const { tokens_per_day: tokens, concurrent_turns: turns, conversations } = await usage(key);
  expect([tokens.used, turns.used, conversations.used]).toEqual([0, 0, 0]);
  expect((await chat(key, { messages: [{ role: "user", content: "a" }] })).status).toBe(200);
});

it("A8: a request that is repeated with its key finds its turn, however little the day leaves now", async () => {
  const key = tenant({ tokens_per_day: 60 });
  const ask = () =>
    http("/v1/chat/completions", {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "idempotency-key": "once" },
      body: { ...{ model: "tiny", conversation: "i", max_tokens: 25, messages: [{ role: "user", content: "hello" }] } },
    });
  const first = (await (await ask()).json()) as Json;
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBeGreaterThan(20);
  const again = (await (await ask()).json()) as Json;
  expect(again.choices).toEqual(first.choices);
});

it("A6: a new conversation is refused where there are enough, until one is deleted; old ones go on", async () => {
  const key = tenant({ conversations: 2 });
  for (const conversation of ["a", "b"]) expect((await chat(key, { conversation })).status).toBe(200);
  expect(await refusal(await chat(key, { conversation: "c" }))).toEqual([429, "rate_limit_exceeded", "conversations"]);
  expect(await refusal(await as(key, "/v1/conversations", "POST", {}))).toEqual([
    ...[429, "rate_limit_exceeded", "conversations"],
  ]);
  expect((await chat(key, { conversation: "a" })).status).toBe(200);
  expect((await usage(key)).concurrent_turns.used, "what was refused holds nothing").toBe(0);
  await (await as(key, "/v1/conversations/b", "DELETE")).text();
  expect((await chat(key, { conversation: "c" })).status).toBe(200);
});

it("A6: turns at once: one more is refused, whatever form it has, and one that fails holds nothing", async () => {
  const key = tenant({ concurrent_turns: 1 });
  const slow = await chat(key, { conversation: "a", stream: true, max_tokens: 500 });
  expect(await refusal(await chat(key))).toEqual([429, "rate_limit_exceeded", "concurrent_turns"]);
  await slow.text();
  await expect.poll(async () => (await usage(key)).concurrent_turns.used).toBe(0);
  for (const bad of [{ temperature: 9 }, { previous: 1 }, { n: 2, max_tokens: 2 }, { conversation: "x~aaaaaaaa" }])
    await (await chat(key, bad)).text();
  const previous = { model: "tiny", input: "x", previous_response_id: `resp_${"1".repeat(48)}` };
  await (await as(key, "/v1/responses", "POST", previous)).text();
  await expect.poll(async () => (await usage(key)).concurrent_turns.used).toBe(0);
  await (await chat(key, { conversation: "a" })).text();
});

it("A7: nobody is let in when the object that counts is away: 503, and nothing is done", async () => {
  const key = tenant({});
  const before = (await listDurableObjectIds(env.CONVERSATION)).length;
  vi.spyOn(env.DIRECTORY, "getByName").mockImplementation(() => {
    throw new Error("away");
  });
  for (const response of [await chat(key, { conversation: "new" }), await as(key, "/v1/models")]) {
    expect(response.headers.get("retry-after")).not.toBeNull();
    expect((await refusal(response)).slice(0, 2)).toEqual([503, "quota_unavailable"]);
  }
  expect((await listDurableObjectIds(env.CONVERSATION)).length).toBe(before);
});

it("asking for what is not there makes no object, on any route", async () => {
  const key = tenant({});
  await (await chat(key)).text();
  const before = (await listDurableObjectIds(env.CONVERSATION)).length;
  const ids: Record<string, string> = { "/v1/responses": "resp_", "/v1/chat/completions": "chatcmpl-" };
  for (const { definition } of endpoints) {
    const { method, path, open } = definition;
    if (open || !path.includes("{") || path.includes("{model}")) continue;
    const prefix = Object.entries(ids).find(([start]) => path.startsWith(start))?.[1] ?? "";
    const id = path.includes("/completions/{id}") && !prefix ? "cmpl-" : prefix;
    const filled = path
      .replace("{id}", `${id}${"2".repeat(48)}`)
      .replace("{item}", `msg_${"2".repeat(48)}_1`)
      .replaceAll(/\{.+?\}/g, "unknown");
    const body = method === "post" ? { turn: null, items: [{ role: "user", content: "x" }], metadata: {} } : undefined;
    const response = await as(key, filled, method.toUpperCase(), body);
    expect(response.ok, `${method} ${filled}`).toBe(false);
    await response.text();
  }
  await (await chat(key, { prefix: "unknown" })).text();
  await (await chat(key, { conversation: "u~aaaaaaaa" })).text();
  expect((await listDurableObjectIds(env.CONVERSATION)).length).toBe(before);
});

it("A6: values of streams and steps of forecasts count as tokens, and then values are refused but nothing else", async () => {
  const key = tenant({ tokens_per_day: 500 });
  const { id } = (await (await as(key, "/v1/streams", "POST", {})).json()) as Json;
  const feed = (n: number) =>
    as(key, `/v1/streams/${id}/values`, "POST", { values: Array.from({ length: n }, (_, i) => Math.sin(i)) });
  expect((await feed(300)).status).toBe(200);
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBe(300);
  // Eight futures of 31 further steps.
  expect((await as(key, `/v1/streams/${id}/forecast?h=32&paths=8`)).status).toBe(200);
  // Less than what is told at once.
  expect((await usage(key)).tokens_per_day.used).toBe(300);
  expect((await feed(10)).status).toBe(200);
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBe(300 + 8 * 31 + 10);
  expect(await refusal(await feed(1))).toEqual([429, "rate_limit_exceeded", "tokens_per_day"]);
  expect(await refusal(await as(key, `/v1/streams/${id}/forecast`))).toEqual([
    ...[429, "rate_limit_exceeded", "tokens_per_day"],
  ]);
  expect((await as(key, `/v1/streams/${id}`)).status).toBe(200);
  expect((await as(key, `/v1/streams/${id}`, "DELETE")).status).toBe(200);
});
