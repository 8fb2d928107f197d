/** Who listens to a stream over a WebSocket is told what who listens to its server-sent events is told. */
import { evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { streamObject } from "../../../../src/api/streams/names.ts";
import { http } from "../../../support/chat-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- events of many shapes
type Json = any;
afterEach(() => Object.assign(env, { LIMITS: "" }));

const ask = async (method: string, path: string, body?: object): Promise<Json> => {
  const response = await http(path, { method, body });
  return response.json();
};
const upgrade = (path: string, headers: Record<string, string> = {}) =>
  http(path, { headers: { upgrade: "websocket", ...headers } });

async function listen(path: string) {
  const response = await upgrade(path);
  expect(response.status).toBe(101);
  const socket = response.webSocket!;
  const frames: Json[] = [];
  let closed: number | undefined;
  socket.addEventListener("message", ({ data }) => frames.push(JSON.parse(String(data))));
  socket.addEventListener("close", ({ code }) => {
    closed = code;
  });
  socket.accept();
  return { socket, frames, closed: () => closed };
}
const sockets = async () => (await ask("GET", "/v1/usage")).tenant.sockets.used;

it("values, alerts and forecasts come as frames, and no more when it leaves", async () => {
  const { id } = await ask("POST", "/v1/streams", { alerts: [{ name: "gone", when: "gap" }] });
  const [first, other] = [await listen(`/v1/streams/${id}/events?h=3`), await listen(`/v1/streams/${id}/events`)];
  expect(await sockets()).toBe(2);
  const reply = await ask("POST", `/v1/streams/${id}/values`, { values: [1, 2, 4, null] });
  await expect
    .poll(() => first.frames.map(({ type }) => type))
    .toEqual(["stream.values", "stream.alert", "stream.forecast"]);
  expect(other.frames.map(({ type }) => type)).toEqual(["stream.values", "stream.alert"]);
  const [values, alert, forecast] = first.frames;
  expect(values).toEqual({ type: "stream.values", ...reply });
  expect(alert).toMatchObject({ name: "gone", position: 3, stream: id });
  expect(forecast.steps).toEqual((await ask("GET", `/v1/streams/${id}/forecast?h=3`)).steps);
  other.socket.close(1000);
  await expect.poll(sockets).toBe(1);
  await ask("POST", `/v1/streams/${id}/values`, { values: [3] });
  await expect.poll(() => first.frames.length).toBe(5);
  expect(other.frames).toHaveLength(2);
  await ask("DELETE", `/v1/streams/${id}`);
  await expect.poll(first.closed).toBe(1000);
  await expect.poll(sockets).toBe(0);
});

it("a stream that is not there, another origin, and a tenant with enough sockets get no socket", async () => {
  expect((await upgrade(`/v1/streams/stream_${"0".repeat(32)}/events`)).status).toBe(404);
  const { id } = await ask("POST", "/v1/streams", {});
  expect((await upgrade(`/v1/streams/${id}/events`, { origin: "http://elsewhere.example" })).status).toBe(403);
  Object.assign(env, { LIMITS: JSON.stringify({ tenant: { sockets: 0 } }) });
  const refused = await upgrade(`/v1/streams/${id}/events`);
  expect([refused.status, ((await refused.json()) as Json).error.param]).toEqual([429, "sockets"]);
});

it("listens on while its stream's object is not in memory, with the forecast that it asked for", async () => {
  const { id } = await ask("POST", "/v1/streams", {});
  await ask("POST", `/v1/streams/${id}/values`, { values: [1, 2, 4] });
  const { socket, frames, closed } = await listen(`/v1/streams/${id}/events?h=2`);
  const evict = async () => {
    const stub = env.STREAM.getByName(streamObject(env, "local", id));
    await evictDurableObject(stub as never, { webSockets: "hibernate" } as never);
  };
  for (const [i, value] of [3, 5].entries()) {
    await evict();
    expect(closed()).toBeUndefined();
    await ask("POST", `/v1/streams/${id}/values`, { values: [value] });
    await expect.poll(() => frames.length).toBe(2 * (i + 1));
    expect(frames.slice(-2)).toMatchObject([
      { type: "stream.values", position: 4 + i },
      { type: "stream.forecast", steps: [{}, {}] },
    ]);
  }
  await evict();
  expect(await sockets()).toBe(1);
  socket.close(1000);
  await expect.poll(sockets).toBe(0);
});
