/**
 * Layer 4: the real server, ended by SIGKILL at exact places and at random ones, and started again on the same folder.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { FaultPlan, FaultPoint } from "../../durable-objects/platform/fault-points.ts";
import { Barrier } from "../kill/barrier.ts";
import { type Dialogue, storedTurns, type Told, toldOf, turnOf, undisturbed } from "../kill/dialogue.ts";
import { KillableServer } from "../kill/killable-server.ts";
import { killRun } from "../kill/run.ts";
import { Broken, type TurnClient } from "../kill/turn-client.ts";
import { servedPack } from "../support/served-pack.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-kill-"));
const servers: KillableServer[] = [];
/** Never disturbed: it tells what the others should. */
let twin: KillableServer;
let pack: string;
let barrier: Barrier;
let folders = 0;

beforeAll(async () => {
  pack = await servedPack("tiny", work);
  barrier = await Barrier.open();
  twin = new KillableServer({ folder: join(work, "twin"), pack });
  await twin.start();
});
afterEach(async () => {
  barrier.at = () => {};
  for (const server of servers.splice(0)) await server.end();
});
afterAll(async () => {
  await twin?.end();
  barrier.close();
  rmSync(work, { recursive: true, force: true });
});

function newServer(): KillableServer {
  const server = new KillableServer({ folder: join(work, `persist-${folders++}`), pack });
  servers.push(server);
  return server;
}
/** Faults of one start. */
const at = (point: FaultPoint, from: number, more: FaultPlan = {}) => ({
  FAULTS: JSON.stringify({ ...more, [point]: { action: "barrier", from } } satisfies FaultPlan),
  FAULT_HOOK: barrier.url,
});
const dialogue = (fields: Partial<Dialogue> = {}): Dialogue => ({
  ...{ model: "tiny", conversation: "killed", turns: 2, maxTokens: 60, seed: 7 },
  ...fields,
});

/** Reads on until the turn is finished, however often it must come back. */
async function finish(client: TurnClient, url: string): Promise<void> {
  for (let tries = 0; !client.finished; tries++) {
    expect(tries, client.broken).toBeLessThan(100);
    if ((await client.connect(url)) !== "finished") await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The dialogue's last turn is ended at `point`; what it and the store tell after a new start with `env`. */
async function killedAt(point: FaultPoint, from: number, plan: Dialogue, env: Record<string, string> = {}) {
  const server = newServer();
  await server.start(at(point, from));
  const told = [];
  for (let n = 0; n < plan.turns - 1; n++) {
    const client = turnOf(plan, n);
    await finish(client, server.url);
    told.push(toldOf(client));
  }
  const client = turnOf(plan, plan.turns - 1);
  const reached = barrier.reached();
  const broken = client.connect(server.url);
  expect(await reached).toBe(point);
  await server.kill();
  expect(await broken).toBe("broken");
  const seen = client.lastId;
  await server.start(env);
  await finish(client, server.url);
  told.push(toldOf(client));
  return { server, client, seen, told, stored: await storedTurns(server.url, plan) };
}

const expectations = new Map<string, Promise<Told[]>>();
/**
 * What a dialogue tells that nothing disturbs. It is held once for each plan, under a name of
 * its own: names change no reply.
 */
function expectedOf({ conversation: _, ...plan }: Dialogue): Promise<Told[]> {
  const key = JSON.stringify(plan);
  const known = expectations.get(key) ?? undisturbed(twin.url, { ...plan, conversation: `twin-${expectations.size}` });
  expectations.set(key, known);
  return known;
}

it.each(["turn.accepted", "turn.begin"] as const)(
  "C1, I4: killed at %s, after acceptance and before the first token, the turn is completed once; the request sent again finds it",
  async (point) => {
    const plan = dialogue();
    const expected = await expectedOf(plan);
    const { told, seen, client, server } = await killedAt(point, 2, plan);
    expect(seen).toBe(0);
    expect(told).toEqual(expected);
    if (point === "turn.accepted") expect([client.comebacks.resumed, client.comebacks.repeated > 1]).toEqual([0, true]);
    const forgetful = turnOf(plan, 1);
    await finish(forgetful, server.url);
    expect(toldOf(forgetful)).toEqual(expected[1]);
    expect(await storedTurns(server.url, plan)).toHaveLength(2);
  },
);

it("C2: killed after some tokens, its client gets exactly the rest, from the id it had seen", async () => {
  const plan = dialogue();
  const expected = await expectedOf(plan);
  const { told, seen, client, stored } = await killedAt("turn.token", 60 + 25, plan);
  expect(seen).toBeGreaterThan(5);
  expect(client.comebacks.resumed).toBeGreaterThan(0);
  expect(told).toEqual(expected);
  expect(stored).toHaveLength(2);
});

it("C3: killed between checkpoints it goes on from the last one; a generator that is not kept would show", async () => {
  const plan = dialogue({ turns: 1, maxTokens: 700 });
  const expected = await expectedOf(plan);
  const { told } = await killedAt("turn.token", 620, plan);
  expect(told).toEqual(expected);
  // Other numbers tell another text, or end before the place that the client had seen.
  const without = { FAULTS: JSON.stringify({ off: ["generator"] }) };
  const control = await killedAt("turn.token", 620, plan, without).then(
    (killed) => killed.told,
    (thrown) => {
      if (thrown instanceof Broken) return thrown.message;
      throw thrown;
    },
  );
  expect(control).not.toEqual(expected);
});

it.each(["commit.before", "commit.after"] as const)(
  "O1, O2: killed at %s a turn is there once, and whole",
  async (point) => {
    const plan = dialogue();
    const expected = await expectedOf(plan);
    const { told, stored } = await killedAt(point, 2, plan);
    expect(told).toEqual(expected);
    expect(stored.map(({ reply }) => reply)).toEqual(expected.map(({ text }) => text));
  },
);

it("C4: after 20 kills at random times a dialogue of 10 turns is that of the undisturbed run", async () => {
  const [server, other] = [newServer(), newServer()];
  await server.start();
  await other.start();
  const run = { ...dialogue({ turns: 10, maxTokens: 60, seed: 3 }), kills: 20, limitMs: 550_000 };
  const report = await killRun(server, other, run);
  expect(report.starts).toBe(21);
  expect(report.resumed + report.repeated).toBeGreaterThan(5);
});

it("C18: an alarm that was due while the server was down rings after its start: what expired meanwhile is gone", async () => {
  const server = newServer();
  await server.start();
  const post = (path: string, body: object) =>
    fetch(`${server.url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  // The first request takes the longest, and the four seconds begin after it.
  await post("/v1/conversations", {});
  const { id } = (await (await post("/v1/conversations", { ttl_seconds: 4 })).json()) as { id: string };
  const listed = async () => {
    const { data } = (await (await fetch(`${server.url}/v1/conversations`)).json()) as { data: { id: string }[] };
    return data.map((conversation) => conversation.id);
  };
  expect(await listed()).toContain(id);
  await server.kill();
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await server.start();
  // The list is another object: asking it does not wake the conversation.
  await expect.poll(listed, { timeout: 240_000 }).not.toContain(id);
  expect(await listed()).toHaveLength(1);
});

it("C18: the alarm of a turn that was due while the server was down rings after its start, and the turn is finished", async () => {
  const plan = dialogue({ conversation: "alarmed" });
  const expected = await expectedOf(plan);
  const server = newServer();
  await server.start(at("turn.token", 60 + 25, { limits: { alarmMs: 2000 } }));
  await finish(turnOf(plan, 0), server.url);
  const reached = barrier.reached();
  const broken = turnOf(plan, 1).connect(server.url);
  await reached;
  await server.kill();
  await broken;
  await new Promise((resolve) => setTimeout(resolve, 3000));
  barrier.at = () => {};
  barrier.visits.length = 0;
  await server.start(at("commit.after", 1));
  // No request wakes the conversation: what it tells of its end comes by the alarm.
  await expect.poll(() => barrier.visits, { timeout: 240_000 }).toEqual(["commit.after"]);
  const stored = await storedTurns(server.url, plan);
  expect(stored.map(({ reply }) => reply)).toEqual(expected.map(({ text }) => text));
});

it("C20: killed while the weights are read, the next start reads and verifies them again", async () => {
  const golden = async (url: string) => ((await (await fetch(`${url}/readyz`)).json()) as { golden: string }).golden;
  const server = newServer();
  for (const delayMs of [0, 5, 20]) {
    const starting = server.start().catch(() => undefined);
    await expect.poll(() => server.isListening, { interval: 2, timeout: 240_000 }).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    server.strike();
    await starting;
    await server.end();
  }
  await server.start();
  expect(await golden(server.url)).toBe(await golden(twin.url));
});

it("S2: a turn in the background goes on when its client leaves, and the rest can be read after any id", async () => {
  const plan = dialogue({ turns: 1, maxTokens: 400 });
  const [expected] = await expectedOf(plan);
  const server = newServer();
  await server.start();
  const client = turnOf(plan, 0, { background: true });
  await client.connect(server.url, (tokens) => {
    if (tokens === 10) client.leave();
  });
  expect(client.finished).toBe(false);
  await expect.poll(async () => (await storedTurns(server.url, plan)).length, { timeout: 240_000 }).toBe(1);
  await finish(client, server.url);
  expect(toldOf(client)).toEqual(expected);
});
