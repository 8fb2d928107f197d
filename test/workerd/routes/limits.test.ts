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
  expect(first.headers.get("x-ratelimit-reset-requests")).toMatch(/^\d+(s|ms)$/);
  for (let n = 0; n < 3; n++) await (await as(key, "/v1/models")).text();
  const refused = await as(key, "/v1/models");
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(refused.headers.get("x-ratelimit-remaining-requests")).toBe("0");
  expect(await refusal(refused)).toEqual([429, "rate_limit_exceeded", "requests_per_minute"]);
});

it("A6: tokens of the day are what was computed, and then turns are refused but nothing else", async () => {
  const key = tenant({ tokens_per_day: 5 });
  await (await chat(key, { conversation: "c" })).text();
  await expect.poll(async () => (await usage(key)).tokens_per_day.used).toBeGreaterThan(5);
  expect((await usage(key)).concurrent_turns.used).toBe(0);
  expect(await refusal(await chat(key, { conversation: "c" }))).toEqual([
    ...[429, "rate_limit_exceeded", "tokens_per_day"],
  ]);
  expect((await as(key, "/v1/conversations/c")).status).toBe(200);
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
