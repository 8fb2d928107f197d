/** What was deleted is in no file of the server: every way to delete, with the database's files opened afterwards. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { servedPack } from "../support/served-pack.ts";
import { type Started, start } from "../support/start-server.ts";

const CANARY = "zqcanaryqz";
const work = mkdtempSync(join(tmpdir(), "rivulet-deletion-"));
let pack: string;
let folders = 0;
let server: Started | undefined;

beforeAll(async () => {
  pack = await servedPack("tiny", work);
});
afterEach(stop);
afterAll(() => rmSync(work, { recursive: true, force: true }));

async function stop(): Promise<void> {
  server?.supervisor.kill("SIGTERM");
  await server?.ended;
  server = undefined;
}

async function serve() {
  const folder = join(work, `persist-${folders++}`);
  server = await start(["--port", "0", "--persist-to", folder, "--pack", pack]);
  const { url, output } = server;
  expect(url, output()).not.toBe("");
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      method,
      headers: { "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    expect(response.ok, `${method} ${path}: ${text}`).toBe(true);
    return JSON.parse(text);
  };
  const chat = (conversation: string, content: string, more: object = {}) =>
    ask("POST", "/v1/chat/completions", {
      ...{ model: "tiny", conversation, max_tokens: 4, messages: [{ role: "user", content }] },
      ...more,
    });
  /** Files that hold the canary, once the server has closed them. */
  const holders = async () => {
    await stop();
    const files = readdirSync(folder, { recursive: true }).map((name) => join(folder, String(name)));
    return files.filter((file) => statSync(file).isFile() && readFileSync(file).includes(CANARY));
  };
  return { ask, chat, holders };
}

it("the canary is found while it is there", async () => {
  const { chat, holders } = await serve();
  await chat("kept", CANARY);
  expect(await holders()).toHaveLength(1);
});

it("a deleted branch does not come back, and leaves nothing", async () => {
  const { ask, chat, holders } = await serve();
  await chat("c", "one");
  const { id } = await ask("POST", "/v1/conversations/c/fork", { metadata: { note: CANARY } });
  await chat(id, CANARY);
  await chat(id, CANARY.repeat(40));
  await chat("c", "two");
  const path = `/v1/conversations/${encodeURIComponent(id)}`;
  expect(await ask("DELETE", path)).toMatchObject({ deleted: true });
  const { data } = await ask("GET", "/v1/conversations/c/turns?all=true");
  expect(data.map((turn: { status: string }) => turn.status)).toEqual(["incomplete", "incomplete"]);
  await chat("c", "three");
  expect((await ask("GET", "/v1/conversations/c/turns?all=true")).data).toHaveLength(3);
  expect(await holders()).toEqual([]);
});

it("nor do turns that a deleted branch had come by and left behind", async () => {
  const { ask, chat, holders } = await serve();
  await chat("c", "one");
  const { id } = await ask("POST", "/v1/conversations/c/fork", {});
  const [{ id: at }] = (await ask("GET", "/v1/conversations/c/turns")).data;
  await chat(id, CANARY);
  const path = `/v1/conversations/${encodeURIComponent(id)}`;
  await ask("POST", `${path}/rewind`, { turn: at });
  await ask("DELETE", path);
  expect((await ask("GET", "/v1/conversations/c/turns?all=true")).data).toHaveLength(1);
  expect(await holders()).toEqual([]);
});

it("a deleted response leaves nothing, nor do those before it that were deleted first", async () => {
  const { ask, holders } = await serve();
  const respond = (input: string, previous?: string) =>
    ask("POST", "/v1/responses", {
      ...{ model: "tiny", input, max_output_tokens: 4, ...(previous ? { previous_response_id: previous } : {}) },
    });
  const first = await respond(CANARY);
  const second = await respond(CANARY.repeat(120), first.id);
  const other = await respond("another", first.id);
  for (const { id } of [first, second, other]) await ask("DELETE", `/v1/responses/${id}`);
  expect(await holders()).toEqual([]);
});

it("a deleted conversation and prefix leave neither text nor name, in their files and the directory's", async () => {
  const { ask, chat, holders } = await serve();
  await ask("POST", "/v1/prefixes", { name: CANARY, text: `${CANARY} and more` });
  await ask("POST", "/v1/conversations", { metadata: { note: CANARY } }).then(({ id }) =>
    ask("DELETE", `/v1/conversations/${id}`),
  );
  await chat(`${CANARY}-named`, CANARY);
  await chat(`${CANARY}-named`, CANARY);
  await ask("DELETE", `/v1/conversations/${CANARY}-named`);
  await ask("DELETE", `/v1/prefixes/${CANARY}`);
  expect((await ask("GET", "/v1/conversations")).data).toEqual([]);
  expect(await holders()).toEqual([]);
});

it("what has expired leaves nothing", async () => {
  const { ask, chat, holders } = await serve();
  await chat("kept", "one");
  const { id } = await ask("POST", "/v1/conversations/kept/fork", {});
  await chat(id, CANARY);
  const path = `/v1/conversations/${encodeURIComponent(id)}`;
  await ask("POST", path, { metadata: { note: CANARY }, ttl_seconds: 1 });
  await expect
    .poll(async () => (await ask("GET", "/v1/conversations/kept/turns?all=true")).data.length, {
      timeout: 240_000,
    })
    .toBe(1);
  // Where its alarm removed it, the directory hears of it a moment later.
  const listed = async () =>
    (await ask("GET", "/v1/conversations?limit=100")).data.map(({ id: other }: { id: string }) => other);
  await expect.poll(listed, { timeout: 240_000 }).not.toContain(id);
  expect(await holders()).toEqual([]);
});
