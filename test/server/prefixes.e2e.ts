/**
 * Layer 4: shared prefixes on the real server: its process is ended by SIGKILL in the midst of one, and more of them
 * than there are memory slots come beside chats.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { FaultPlan } from "../../durable-objects/platform/fault-points.ts";
import { Barrier } from "../kill/barrier.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { randomFrom } from "../kill/random.ts";
import { longTinyPack } from "../support/tiny-pack.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-prefixes-"));
const TEXT = "All of the manual. ".repeat(300);
const LONG = "a manual of many pages ".repeat(10_000);
/** Alarms that no test would wait for: what goes on goes on by a request. */
const limits = { alarmMs: 3_600_000, checkpointTokens: 600 };

let barrier: Barrier;
let pack: string;
let server: KillableServer;
let folders = 0;

beforeAll(async () => {
  [barrier, pack] = [await Barrier.open(), await longTinyPack(work, 2 ** 20)];
});
afterEach(async () => {
  barrier.at = () => {};
  await server.end();
});
afterAll(() => {
  barrier.close();
  rmSync(work, { recursive: true, force: true });
});

interface Shown {
  status: "in_progress" | "completed" | "failed";
  tokens: number;
  tokens_done: number;
}

async function newServer(faults: FaultPlan = {}): Promise<void> {
  // As much as an isolate has: four memory slots.
  const args = ["--memory", "128M"];
  server = new KillableServer({ folder: join(work, `persist-${folders++}`), pack, args });
  await server.start(faultsOf(faults));
}
const faultsOf = (faults: FaultPlan) => ({ FAULTS: JSON.stringify({ limits, ...faults }), FAULT_HOOK: barrier.url });

async function ask<T>(path: string, body?: object, headers: Record<string, string> = {}): Promise<T> {
  const response = await fetch(`${server.url}/v1${path}`, {
    method: body ? "POST" : "GET",
    headers: { "content-type": "application/json", ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return JSON.parse(text) as T;
}
const prefix = (name: string) => ask<Shown>(`/prefixes/${name}`);

/** What a conversation says that begins with the prefix: other bytes wherever its state or its text is another. */
async function begunWith(name: string): Promise<string> {
  const messages = [{ role: "user", content: "What does it say?" }];
  const body = { model: "tiny", conversation: `of-${name}`, prefix: name, messages, max_tokens: 24, temperature: 0 };
  const { choices } = await ask<{ choices: { message: { content: string } }[] }>("/chat/completions", body);
  return choices[0]!.message.content;
}

it.each([
  ["turn.accepted", 1],
  ["checkpoint.before", 1],
  ["checkpoint.after", 3],
  ["commit.before", 1],
  ["commit.after", 1],
] as const)(
  "C1, I4: killed at %s, a prefix is computed on by the request that comes again, whatever its alarm does",
  async (point, from) => {
    await newServer({ [point]: { action: "barrier", from } });
    const reached = barrier.reached();
    const broken = ask("/prefixes", { name: "manual", text: TEXT }).catch(() => "broken");
    expect(await reached).toBe(point);
    await server.kill();
    expect(await broken).toBe("broken");
    await server.start(faultsOf({}));
    const again = await ask<Shown>("/prefixes", { name: "manual", text: TEXT });
    expect(again).toMatchObject({ status: "completed", tokens: again.tokens_done });
  },
);

it("C4, I4: killed again and again at random times, a prefix is in the end what an undisturbed one is", async () => {
  await newServer();
  const text = "All of the manual. ".repeat(3000);
  await ask("/prefixes", { name: "undisturbed", text });
  const random = randomFrom(11);
  for (const background of [true, false, true, false, true, false]) {
    const path = `/prefixes${background ? "?background=true" : ""}`;
    const asked = ask(path, { name: "disturbed", text }, { "idempotency-key": "once" }).catch(() => "broken");
    await new Promise((resolve) => setTimeout(resolve, random.below(400)));
    await server.kill();
    await asked;
    await server.start(faultsOf({}));
  }
  const again = await ask<Shown>("/prefixes", { name: "disturbed", text }, { "idempotency-key": "once" });
  expect(again).toMatchObject({ status: "completed", tokens: (await prefix("undisturbed")).tokens });
  expect(await begunWith("disturbed")).toBe(await begunWith("undisturbed"));
});

it("R2: more long prefixes than there are memory slots leave one for chats", async () => {
  await newServer();
  const names = ["a", "b", "c", "d", "e"];
  // Those for which there is no place wait for one.
  for (const name of names) void ask("/prefixes?background=true", { name, text: LONG }).catch(() => {});
  const computing = async () => {
    const shown = await Promise.all(names.map((name) => prefix(name).catch(() => undefined)));
    return shown.filter((one) => one?.status === "in_progress" && one.tokens_done > 0).length;
  };
  await expect.poll(computing, { timeout: 240_000 }).toBe(3);
  const chat = (n: number) =>
    ask<{ usage: object }>("/chat/completions", {
      model: "tiny",
      messages: [{ role: "user", content: `chat ${n}` }],
      max_tokens: 8,
    });
  for (let n = 0; n < 6; n++) await chat(n);
  expect(await computing()).toBe(3);
});
