/**
 * A server whose machine allows it 1,024 descriptors, and more callers than that is enough for: it refuses
 * clearly, stays up, and serves again.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectionsFor } from "../../scripts/serve-door.ts";
import { serverPid } from "../support/start-server.ts";
import { type ToyServer, toyServer } from "../support/toy-server.ts";

const DESCRIPTORS = 1024;
const room = connectionsFor(DESCRIPTORS);
let server: ToyServer;
let pid: number;
const sockets: WebSocket[] = [];
const idle: Socket[] = [];

beforeAll(async () => {
  server = await toyServer({}, DESCRIPTORS);
  pid = serverPid(server.folder);
});
afterAll(() => server?.stop());

const chat = async () => {
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json", connection: "close" },
    body: JSON.stringify({ model: "tiny", max_tokens: 8, temperature: 0, messages: [{ role: "user", content: "Hi" }] }),
  });
  const body = (await response.json()) as { choices?: [{ message: { content: string } }]; error?: { code: string } };
  return [response.status, body.error?.code ?? body.choices![0].message.content];
};
/** Whether it was let in. */
const socket = (): Promise<boolean> =>
  new Promise((resolve) => {
    const made = new WebSocket(`${server.url.replace("http", "ws")}/v1/responses`);
    made.addEventListener("open", () => {
      sockets.push(made);
      resolve(true);
    });
    made.addEventListener("error", () => resolve(false));
  });
const isAlive = () => serverPid(server.folder) === pid && readFileSync(`/proc/${pid}/stat`, "utf8").length > 0;

it("says how many connections it has room for", () => {
  expect(server.started.output()).toContain(`${room} connections at once`);
});

it("lets so many WebSockets in, refuses the others, and does not end", { timeout: 600_000 }, async () => {
  const golden = await chat();
  expect(golden[0]).toBe(200);
  const wanted = room + 60;
  let admitted = 0;
  for (let n = 0; n < wanted; n += 20) {
    const batch = await Promise.all(Array.from({ length: 20 }, socket));
    admitted += batch.filter(Boolean).length;
  }
  expect(admitted).toBeLessThanOrEqual(room);
  expect(admitted).toBeGreaterThan(room - 10);
  expect(await chat()).toEqual([503, "busy"]);
  expect(isAlive()).toBe(true);
  for (const made of sockets.splice(0)) made.close();
  await expect.poll(async () => (await chat())[0], { timeout: 240_000, interval: 500 }).toBe(200);
  expect(await chat()).toEqual(golden);
});

it("nor do a thousand connections that say nothing end it", { timeout: 600_000 }, async () => {
  const golden = await chat();
  for (let n = 0; n < 1000; n++) {
    const made = connect(Number(new URL(server.url).port), "127.0.0.1");
    made.on("error", () => {});
    idle.push(made);
  }
  await expect.poll(() => idle.every(({ connecting }) => !connecting), { timeout: 120_000, interval: 200 }).toBe(true);
  expect(isAlive()).toBe(true);
  for (const made of idle.splice(0)) made.destroy();
  await expect.poll(async () => (await chat())[0], { timeout: 240_000, interval: 500 }).toBe(200);
  expect(await chat()).toEqual(golden);
  expect(isAlive()).toBe(true);
});
