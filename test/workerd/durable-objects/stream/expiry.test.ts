/** A stream's end by its time to live: gone at once and completely, unless a value came in between. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { streamObject } from "../../../../src/api/streams/names.ts";
import { http } from "../../../support/chat-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
afterEach(() => vi.useRealTimers());

const ask = async (method: string, path: string, body?: object) => {
  const response = await http(path, { method, body });
  return { status: response.status, json: (await response.json()) as Json };
};
const later = (seconds: number) => {
  const nowMs = Date.now() + 1000 * seconds;
  vi.useFakeTimers({ toFake: ["Date"], now: nowMs });
};
const stub = (id: string) => env.STREAM.getByName(streamObject(env, "local", id));
const tables = (id: string) =>
  runInDurableObject(stub(id), (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name IN ('stream', 'states', 'history')").toArray(),
  );
const begin = async (ttl: number | null) => {
  const { json } = await ask("POST", "/v1/streams", { name: "short", ttl_seconds: ttl });
  await ask("POST", `/v1/streams/${json.id}/values`, { values: [1, 2, 3] });
  return String(json.id);
};
const idsListed = async () =>
  ((await ask("GET", "/v1/streams?limit=100")).json.data as { id: string }[]).map(({ id }) => id);

it("L7: by its alarm, with its rows, its alarm and its place in the list", async () => {
  const id = await begin(60);
  expect((await ask("GET", `/v1/streams/${id}`)).json.expires_at).toBeGreaterThan(Date.now() / 1000 + 50);
  later(61);
  expect(await runDurableObjectAlarm(stub(id))).toBe(true);
  expect(await tables(id)).toEqual([]);
  expect(await runDurableObjectAlarm(stub(id))).toBe(false);
  expect(await idsListed()).not.toContain(id);
  expect((await ask("GET", `/v1/streams/${id}`)).status).toBe(404);
});

it("L7: by its alarm, where it was given its time later", async () => {
  const id = await begin(null);
  await ask("POST", `/v1/streams/${id}`, { ttl_seconds: 60 });
  later(61);
  expect(await runDurableObjectAlarm(stub(id))).toBe(true);
  expect(await tables(id)).toEqual([]);
});

it("L7: by the request that comes after it, where the alarm is late", async () => {
  const id = await begin(60);
  later(61);
  expect((await ask("POST", `/v1/streams/${id}/values`, { values: [4] })).status).toBe(404);
  expect(await tables(id)).toEqual([]);
  expect(await idsListed()).not.toContain(id);
});

it("L7: a value just before puts it off; without a time to live there is no end", async () => {
  const [id, lasting] = [await begin(60), await begin(null)];
  later(59);
  expect((await ask("POST", `/v1/streams/${id}/values`, { values: [4] })).status).toBe(200);
  vi.useRealTimers();
  later(100);
  // It rings at the first time, and finds that it is not due.
  await runDurableObjectAlarm(stub(id));
  expect((await ask("GET", `/v1/streams/${id}`)).json.position).toBe(4);
  expect(await runDurableObjectAlarm(stub(lasting))).toBe(false);
  vi.useRealTimers();
  later(125);
  await runDurableObjectAlarm(stub(id));
  expect(await tables(id)).toEqual([]);
  expect((await ask("GET", `/v1/streams/${lasting}`)).json.position).toBe(3);
});
