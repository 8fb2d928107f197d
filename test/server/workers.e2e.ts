/**
 * Several processes behind one port: every request finds its conversation, lists and counts are those of
 * all, and one that dies comes back.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { WebSocket } from "ws";
import { workerFolder } from "../../scripts/serve-workers.ts";
import { storedTurns, toldOf, turnOf } from "../kill/dialogue.ts";
import { servedPack } from "../support/served-pack.ts";
import { post, type Started, serverPid, start } from "../support/start-server.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-workers-"));
const running: Started[] = [];
/** Two processes for tests that kill neither, and their folder. */
let shared: Started;
let sharedFolder: string;
let pack: string;
let longPack: string;
let folders = 0;

beforeAll(async () => {
  [pack, longPack] = [await servedPack("tiny", work), await servedPack("tiny-long", work)];
  sharedFolder = newFolder();
  await serve(sharedFolder, 2, {}, ["--pack", `long=${longPack}`]);
  shared = running.pop()!;
});
afterEach(async () => {
  for (const { supervisor, ended } of running.splice(0)) {
    supervisor.kill("SIGTERM");
    await ended;
  }
});
afterAll(async () => {
  shared?.supervisor.kill("SIGTERM");
  await shared?.ended;
  rmSync(work, { recursive: true, force: true });
});

const newFolder = () => join(work, `persist-${folders++}`);
async function serve(
  folder: string,
  workers: number,
  env: Record<string, string> = {},
  more: string[] = [],
): Promise<string> {
  const args = ["--port", "0", "--persist-to", folder, "--pack", pack, "--workers", String(workers), ...more];
  const started = await start(args, env, true);
  running.push(started);
  expect(started.url, started.output()).not.toBe("");
  return started.url;
}
async function stop(): Promise<void> {
  const { supervisor, ended } = running.pop()!;
  supervisor.kill("SIGTERM");
  expect(await ended).toBe(0);
}

const say = (content: string) => [{ role: "user", content }];
const names = Array.from({ length: 12 }, (_, n) => `talk-${n}`);
const ask = async (url: string, fields: object) => {
  const response = await post(url, fields);
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
};
// biome-ignore lint/suspicious/noExplicitAny: what comes is what is looked at.
type Json = any;
const get = async (url: string): Promise<Json> => (await fetch(url)).json();
const conversationsIn = (folder: string, worker: number): number => {
  const objects = join(workerFolder(folder, worker), "objects", "rivulet-Conversation");
  return existsSync(objects) ? readdirSync(objects).filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file)).length : 0;
};
const metric = async (url: string, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\S+)$`, "m").exec(await (await fetch(`${url}/metrics`)).text())?.[1]);

it("conversations are divided among the processes, and lists, counts and metrics are those of all", async () => {
  // It is the first that asks this server.
  const { url } = shared;
  await Promise.all(names.map((conversation) => ask(url, { conversation, messages: say("one") })));
  expect(conversationsIn(sharedFolder, 0)).toBe(0);
  for (const worker of [1, 2]) expect(conversationsIn(sharedFolder, worker)).toBeGreaterThan(0);
  const listed = async () =>
    (await get(`${url}/v1/conversations?limit=100`)).data.map(({ id }: { id: string }) => id).toSorted();
  await expect.poll(listed).toEqual(names.toSorted());
  const usage = async () => (await get(`${url}/v1/usage`)).tenant;
  await expect.poll(async () => (await usage()).concurrent_turns.used).toBe(0);
  expect((await usage()).conversations.used).toBe(names.length);
  expect(await metric(url, "rivulet_completion_tokens_total")).toBeGreaterThanOrEqual(names.length);
  expect(await metric(url, "rivulet_time_to_first_token_seconds_count")).toBe(names.length);
  const second = await Promise.all(names.map((conversation) => ask(url, { conversation, messages: say("two") })));
  expect(second.map(({ timings }) => timings.state)).toEqual(names.map(() => "resumed"));
  await Promise.all(names.map((name) => fetch(`${url}/v1/conversations/${name}`, { method: "DELETE" })));
  await expect.poll(listed).toEqual([]);
});

it("every way to name a turn leads to its process: ids of responses, forks, prefixes, sockets, streams of events", async () => {
  const url = await serve(newFolder(), 3);
  const respond = async (body: object): Promise<Json> => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/responses`, {
      ...{ method: "POST", headers },
      body: JSON.stringify({ model: "tiny", max_output_tokens: 8, ...body }),
    });
    expect(response.status).toBe(200);
    return response.json();
  };
  for (let n = 0; n < 6; n++) {
    const first = await respond({ input: `number ${n}` });
    const next = await respond({ input: "and then?", previous_response_id: first.id });
    expect(next.usage.input_tokens_details.cached_tokens).toBeGreaterThan(0);
    expect((await get(`${url}/v1/responses/${next.id}`)).id).toBe(next.id);
  }
  const sent = await fetch(`${url}/v1/prefixes`, {
    ...{ method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify({ name: "shared", text: "You are one of several. ".repeat(8) }),
  });
  expect(sent.status, await sent.text()).toBeLessThan(300);
  await expect.poll(async () => (await get(`${url}/v1/prefixes/shared`)).status).toBe("completed");
  for (const conversation of names) {
    const { usage } = await ask(url, { conversation, prefix: "shared", messages: say("hello") });
    expect(usage.prompt_tokens_details.cached_tokens, conversation).toBeGreaterThan(20);
  }
  const fork = await fetch(`${url}/v1/conversations/talk-0/fork`, {
    ...{ method: "POST", headers: { "content-type": "application/json" }, body: "{}" },
  });
  const { id } = (await fork.json()) as Json;
  expect((await ask(url, { conversation: id, messages: say("again") })).timings.state).toBe("forked");

  const stream = await post(url, { conversation: "talk-1", messages: say("stream"), stream: true });
  const events = (await stream.text()).split("\n\n").flatMap((event) => /^data: .*/m.exec(event) ?? []);
  expect(events.length).toBeGreaterThan(3);
  expect(events.at(-1)).toBe("data: [DONE]");

  const socket = new WebSocket(`${url.replace("http", "ws")}/v1/responses`);
  await new Promise((resolve) => socket.once("open", resolve));
  const done = new Promise<{ type: string }>((resolve) =>
    socket.on("message", (data) => {
      const event = JSON.parse(String(data));
      if (/completed|incomplete|failed|error/.test(event.type)) resolve(event);
    }),
  );
  socket.send(JSON.stringify({ type: "response.create", model: "tiny", input: "by socket", max_output_tokens: 8 }));
  expect((await done).type).toMatch(/completed|incomplete/);
  socket.close();
});

it("a history that is sent again without a name is found, whichever process computes", async () => {
  const { url } = shared;
  const messages: { role: string; content: string }[] = say("a long beginning, word after word, ".repeat(20));
  for (let n = 0; n < 8; n++) {
    const { choices, usage } = await ask(url, { messages });
    if (n > 0) expect(usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(usage.prompt_tokens / 2);
    messages.push(choices[0].message, ...say(`more ${n}`));
  }
});

it("a process that is killed is started again, loses nothing, and the others go on meanwhile", async () => {
  const folder = newFolder();
  const url = await serve(folder, 2);
  for (const conversation of names) await ask(url, { conversation, messages: say("one") });
  const pid = serverPid(workerFolder(folder, 1));
  process.kill(pid, "SIGKILL");
  const states = new Set<string>();
  for (const conversation of names) {
    // A request waits for its process to be there again.
    states.add((await ask(url, { conversation, messages: say("two") })).timings.state);
  }
  expect([...states]).toEqual(["resumed"]);
  expect(serverPid(workerFolder(folder, 1))).not.toBe(pid);
  await expect.poll(running[0]!.output).toContain("worker 1 ended (SIGKILL); starting it again");
});

it("where the process that takes requests is killed, what the others compute goes on, and its readers come back for the rest", async () => {
  const folder = newFolder();
  const url = await serve(folder, 2, {}, ["--pack", `long=${longPack}`]);
  // None of the four may be over before all have begun.
  const plan = { model: "long", turns: 1, maxTokens: 1500, seed: 5 };
  const turn = (conversation: string) => turnOf({ ...plan, conversation }, 0, { logit_bias: { 257: -100 } });
  const undisturbed = turn("undisturbed");
  expect(await undisturbed.connect(url)).toBe("finished");
  const clients = names.slice(0, 4).map(turn);
  let killed = false;
  const outcomes = clients.map((client) =>
    client.connect(url, (tokens) => {
      if (tokens < 5 || killed || clients.some((other) => other.id === undefined)) return;
      killed = true;
      process.kill(serverPid(folder), "SIGKILL");
    }),
  );
  expect(await Promise.all(outcomes)).toEqual(clients.map(() => "broken"));
  for (const client of clients)
    while (!client.finished)
      if ((await client.connect(url)) !== "finished") await new Promise((resolve) => setTimeout(resolve, 100));
  expect(clients.map(toldOf)).toEqual(clients.map(() => toldOf(undisturbed)));
  for (const conversation of names.slice(0, 4)) {
    const stored = await storedTurns(url, { conversation });
    expect(stored.map(({ status }) => status)).toEqual(["incomplete"]);
  }
});

it("where a client leaves, its turn is cancelled in whichever process it is computed", async () => {
  const { url } = shared;
  for (const conversation of ["left-1", "left-2", "left-3", "left-4"]) {
    // A reply that no token ends takes seconds: one of some hundred tokens can be over before this
    // process gets a moment to leave.
    const plan = { model: "long", conversation, turns: 1, maxTokens: 30_000, seed: 5 };
    const client = turnOf(plan, 0, { logit_bias: { 257: -100 } });
    await client.connect(url, (tokens) => {
      if (tokens === 3) client.leave();
    });
    const states = async () => (await storedTurns(url, { conversation })).map(({ status }) => status);
    await expect.poll(states, { timeout: 240_000 }).toEqual(["cancelled"]);
  }
});

it("a folder goes on with any number of processes, and nothing of them is left", async () => {
  const folder = newFolder();
  const cached: number[] = [];
  for (const workers of [1, 3, 2, 1]) {
    const url = await serve(folder, workers);
    const replies = await Promise.all(
      names.slice(0, 6).map((conversation) => ask(url, { conversation, messages: say("next") })),
    );
    const states = replies.map(({ timings }) => timings.state);
    expect(states).toEqual(states.map(() => (cached.length === 0 ? "new" : "resumed")));
    cached.push(Math.min(...replies.map(({ usage }) => usage.prompt_tokens_details.cached_tokens)));
    const pids = Array.from({ length: workers === 1 ? 1 : workers + 1 }, (_, worker) =>
      serverPid(workerFolder(folder, worker)),
    );
    await stop();
    for (const pid of pids)
      expect(existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/cmdline`).length > 0).toBe(false);
  }
  expect(cached).toEqual(cached.toSorted((a, b) => a - b));
  expect(new Set(cached).size).toBe(cached.length);
});
