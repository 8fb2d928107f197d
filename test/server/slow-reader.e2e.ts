/** Layer 4: clients of the real server that read slowly or not at all, over sockets of their own. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { storedTurns } from "../kill/dialogue.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { post } from "../support/start-server.ts";
import { tinyPack } from "../support/tiny-pack.ts";

/**
 * An event with 20 alternatives has about 1.5 kB: more than the kernel buffers (some 4 MB) and the server's together.
 */
const TOKENS = 8000;
const STALL_MS = 2000;
const MB = 2 ** 20;

const work = mkdtempSync(join(tmpdir(), "rivulet-slow-"));
let server: KillableServer;
const sockets: Socket[] = [];

beforeAll(async () => {
  const pack = await tinyPack(work);
  // Its own, as it is written to.
  const manifest = join(pack, "manifest.json");
  writeFileSync(
    manifest,
    readFileSync(manifest, "utf8").replace(/("max_position_embeddings":\s*)2048/, (_, name) => `${name}16384`),
  );
  server = new KillableServer({ folder: join(work, "persist"), pack });
  await server.start({ FAULTS: JSON.stringify({ limits: { stallMs: STALL_MS } }) });
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  await server.end();
  rmSync(work, { recursive: true, force: true });
});

const body = (conversation: string, more: object = {}) => ({
  ...{ model: "tiny", conversation, messages: [{ role: "user", content: "tell me all" }], max_tokens: TOKENS },
  ...{ stream: true, logprobs: true, top_logprobs: 20, seed: 7, temperature: 0.8, logit_bias: { 257: -100 } },
  ...more,
});

/** Sends the request and reads nothing until it is told to. */
function request(conversation: string, more: object = {}): Socket {
  const { hostname, port } = new URL(server.url);
  const socket = connect(Number(port), hostname).pause();
  sockets.push(socket);
  socket.on("error", () => {});
  const json = JSON.stringify(body(conversation, more));
  const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\ncontent-length: ${json.length}`;
  socket.write(`${head}\r\n\r\n${json}`);
  return socket;
}
const residentBytes = () =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8"))![1]);
const ended = (conversation: string) =>
  expect.poll(
    async () => (await storedTurns(server.url, { conversation }).catch(() => [])).map(({ status }) => status),
    {
      timeout: 240_000,
      interval: 200,
    },
  );

it("S7: a reader that reads nothing is given up, its turn ends, others are served, and its stream can be resumed", async ({
  annotate,
}) => {
  await post(server.url, { messages: [{ role: "user", content: "warm" }] });
  const before = residentBytes();
  request("stalled");
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes() - before);
  }, 50);
  await new Promise((resolve) => setTimeout(resolve, 500));
  for (let i = 0; i < 3; i++) {
    const other = await post(server.url, { conversation: "other", messages: [{ role: "user", content: `${i}` }] });
    expect(other.status).toBe(200);
  }
  await ended("stalled").toEqual(["cancelled"]);
  clearInterval(watch);
  const [turn] = await storedTurns(server.url, { conversation: "stalled" });
  const { usage, response_id: id } = turn as unknown as { usage: { completion_tokens: number }; response_id: string };
  // It ran into the bound, and not to its end. The heap grows before it is collected, so its bound is a wide one.
  expect(usage.completion_tokens).toBeGreaterThan(300);
  expect(usage.completion_tokens).toBeLessThan(TOKENS);
  expect(most).toBeLessThan(400 * MB);
  await annotate(`stalled: ${usage.completion_tokens} tokens, ${(most / MB).toFixed(0)} MB more`);
  const path = `/v1/chat/completions/${id.replace("resp_", "chatcmpl-")}?stream=true&starting_after=100`;
  const rest = await (await fetch(`${server.url}${path}`)).text();
  // Where it was cut within a character, the text still held has an event of its own.
  const ids = rest.match(/^id: (\d+)$/gm)!;
  expect([99, 98]).toContain(usage.completion_tokens - ids.length);
  expect(ids).toEqual(ids.map((_, i) => `id: ${i + 101}`));
  expect(rest.trimEnd().endsWith("data: [DONE]")).toBe(true);
});

it("S7: a turn in the background goes to its end without its reader", async () => {
  request("background", { background: true, max_tokens: 4500 });
  await ended("background").toEqual(["incomplete"]);
});

it("S6: a slow reader gets every event, at its pace, while others are served", async () => {
  // With its usual patience: on a busy machine this process itself may stand still for two seconds.
  await server.end();
  await server.start();
  const socket = request("slow", { max_tokens: 5000 });
  let text = "";
  let other = 0;
  const whole = new Promise<void>((resolve) => {
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (text.includes("data: [DONE]")) return resolve();
      socket.pause();
      setTimeout(() => socket.resume(), 5);
    });
  });
  socket.resume();
  let done = false;
  void whole.then(() => {
    done = true;
  });
  while (!done) {
    expect((await post(server.url, { messages: [{ role: "user", content: "x" }], max_tokens: 2 })).status).toBe(200);
    other++;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(other).toBeGreaterThan(1);
  expect([...text.matchAll(/^id: (\d+)/gm)].map(([, id]) => Number(id))).toEqual(
    Array.from({ length: 5002 }, (_, i) => i),
  );
});
