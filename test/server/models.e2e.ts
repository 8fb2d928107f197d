/**
 * Several packs at one server: `model` chooses, a conversation stays with its model, and
 * each is loaded when it is needed.
 */
import { appendFileSync, cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ServedPack, servedPack } from "../support/served-pack.ts";
import { type Started, start } from "../support/start-server.ts";

const work = mkdtempSync(join(tmpdir(), "rivulet-models-"));
const folder = join(work, "persist");
let server: Started;

const serve = async (...packs: string[]): Promise<Started> =>
  start(["--port", "0", "--persist-to", folder, ...packs.flatMap((pack) => ["--pack", pack])]);
const stop = async () => {
  server.supervisor.kill("SIGTERM");
  await server.ended;
};
const made = {} as Record<ServedPack, string>;
const both = () => [made.tiny, `other=${made["tiny-long"]}`, `staged=${made["tiny-4"]}`];

beforeAll(async () => {
  for (const name of ["tiny", "tiny-4", "tiny-long"] as const) made[name] = await servedPack(name, work);
  server = await serve(...both());
  expect(server.url, server.output()).not.toBe("");
});
afterAll(async () => {
  await stop();
  rmSync(work, { recursive: true, force: true });
});

async function ask(path: string, body?: object, method = body ? "POST" : "GET") {
  const response = await fetch(`${server.url}${path}`, {
    method,
    ...(body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {}),
  });
  // biome-ignore lint/suspicious/noExplicitAny: replies of many shapes, looked at field by field.
  return { status: response.status, json: (await response.json()) as any };
}
const chat = (model: string, conversation: string | undefined, content: string) =>
  ask("/v1/chat/completions", { model, conversation, max_tokens: 8, messages: [{ role: "user", content }] });

it("lists all of them with their sizes and licences, the default first", async () => {
  const { json } = await ask("/v1/models");
  expect(json.data.map(({ id }: { id: string }) => id)).toEqual(["tiny", "other", "staged"]);
  for (const card of json.data) {
    expect(card).toMatchObject({ parameters: expect.any(Number), dtype: expect.any(String) });
    expect(card.weight_bytes).toBeGreaterThan(100_000);
    expect(card).toHaveProperty("licence");
  }
  expect(json.data[0].fingerprint).not.toBe(json.data[1].fingerprint);
  expect((await ask("/v1/models/other")).json).toEqual(json.data[1]);
});

it("answers with the model that is asked for, and names those that there are", async () => {
  for (const [i, model] of ["tiny", "other", "staged"].entries()) {
    const { status, json } = await chat(model, undefined, "hello");
    expect(status).toBe(200);
    expect(json.model).toBe(model);
    const card = (await ask("/v1/models")).json.data[i];
    expect(json.system_fingerprint).toBe(`fp_${card.fingerprint.slice(0, 16)}`);
  }
  const { status, json } = await chat("third", undefined, "hello");
  expect(status).toBe(404);
  expect(json.error).toMatchObject({ code: "model_unknown", param: "model" });
  expect(json.error.message).toContain('expected "tiny" or "other" or "staged", got "third"');
});

it("keeps a conversation with its model, also after a restart", async () => {
  expect((await chat("other", "ada", "one")).status).toBe(200);
  const refused = await chat("tiny", "ada", "two");
  expect(refused.status).toBe(409);
  expect(refused.json.error).toMatchObject({ code: "model_changed", param: "model" });
  expect(refused.json.error.message).toContain("uses other, got tiny");
  await stop();
  server = await serve(...both());
  const { status, json } = await chat("other", "ada", "two");
  expect(status).toBe(200);
  expect(json.timings.state).toBe("resumed");
  expect(json.usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(10);
  expect((await ask("/v1/conversations/ada")).json.rivulet.model).toBe("other");
});

it("lets the first turn choose for a conversation that was made empty, or what it was made for", async () => {
  const { json: free } = await ask("/v1/conversations", {});
  expect((await chat("other", free.id, "one")).status).toBe(200);
  expect((await chat("tiny", free.id, "two")).status).toBe(409);
  const { json: bound } = await ask("/v1/conversations", {
    model: "other",
    items: [{ role: "user", content: "hello" }],
  });
  expect((await chat("tiny", bound.id, "one")).status).toBe(409);
  expect((await chat("other", bound.id, "one")).status).toBe(200);
  expect((await ask("/v1/conversations", { model: "third" })).status).toBe(404);
});

it("continues a response with its model only", async () => {
  const { json: first } = await ask("/v1/responses", { model: "other", input: "one", max_output_tokens: 4 });
  const next = { input: "two", previous_response_id: first.id, max_output_tokens: 4 };
  expect((await ask("/v1/responses", { ...next, model: "tiny" })).status).toBe(409);
  expect((await ask("/v1/responses", { ...next, model: "other" })).status).toBe(200);
});

it("computes a shared prefix for the model it is for", async () => {
  const made = await ask("/v1/prefixes", { name: "manual", text: "Be brief.", model: "other" });
  expect(made.status, JSON.stringify(made.json)).toBe(200);
  const begin = (model: string, conversation: string) =>
    ask("/v1/chat/completions", {
      ...{ model, conversation, prefix: "manual", max_tokens: 4 },
      messages: [{ role: "user", content: "hello" }],
    });
  expect((await begin("tiny", "with-tiny")).status).toBeGreaterThanOrEqual(400);
  const { status, json } = await begin("other", "with-other");
  expect(status, JSON.stringify(json)).toBe(200);
});

it("imports a file for the model that wrote it", async () => {
  const file = await fetch(`${server.url}/v1/conversations/ada/export`).then((response) => response.arrayBuffer());
  const response = await fetch(`${server.url}/v1/conversations/import?id=copy`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
  expect(response.status, await response.clone().text()).toBe(200);
  const { json } = await chat("other", "copy", "three");
  expect(json.timings.state).toBe("resumed");
});

it("goes on with conversations, prefixes and files under the next version of their model, and under no other", async () => {
  const file = await fetch(`${server.url}/v1/conversations/ada/export`).then((response) => response.arrayBuffer());
  const next = join(work, "next");
  cpSync(made["tiny-long"], next, { recursive: true });
  appendFileSync(join(next, "manifest.json"), "\n");
  await stop();
  server = await serve(made.tiny, `other=${next}`);
  expect((await chat("tiny", "ada", "three")).json.error).toMatchObject({ code: "model_changed", param: "model" });
  const { json } = await chat("other", "ada", "three");
  expect(json.timings).toMatchObject({ state: "rebuilt", rebuilt_because: "model_changed" });
  expect((await chat("other", "ada", "four")).json.timings.state).toBe("resumed");
  const body = { conversation: "new", prefix: "manual", max_tokens: 4, messages: [{ role: "user", content: "hello" }] };
  const begun = await ask("/v1/chat/completions", { model: "other", ...body });
  expect(begun.json.usage.prompt_tokens_details.cached_tokens, JSON.stringify(begun.json)).toBeGreaterThan(0);
  const imported = await fetch(`${server.url}/v1/conversations/import?id=moved`, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: file,
  });
  expect(imported.status, await imported.clone().text()).toBe(200);
  expect((await chat("other", "moved", "three")).json.timings.rebuilt_because).toBe("model_changed");
});

it("tokenizes with the model that is asked for", async () => {
  for (const model of ["tiny", "other"]) {
    const { status, json } = await ask("/tokenize", { model, content: "hello" });
    expect(status).toBe(200);
    expect(json.max_model_len).toBe(model === "tiny" ? 2048 : 65_536);
  }
});

it("lets models that do not fit beside each other take turns", async () => {
  await stop();
  const packs = ["rivulet-150m", "smollm2-135m-instruct"].map((name) =>
    join(import.meta.dirname, "../../models", name),
  );
  server = await start([
    ...["--port", "0", "--persist-to", folder, "--memory", "128M"],
    ...packs.flatMap((pack) => ["--pack", pack]),
  ]);
  const models = (await ask("/v1/models")).json.data.map(({ id }: { id: string }) => id);
  expect(models).toHaveLength(2);
  for (let round = 0; round < 2; round++)
    for (const model of models) {
      const { status, json } = await chat(model, `turns-${model}`, "Say a word.");
      expect(status, JSON.stringify(json)).toBe(200);
      expect(json.timings.state).toBe(round === 0 ? "new" : "resumed");
    }
});

it("refuses two packs of one name, and a name of odd letters", async () => {
  for (const [packs, message] of [
    [[made.tiny, `tiny=${made["tiny-4"]}`], "two packs are called tiny; give one another: name=folder"],
    [[`a b=${made.tiny}`], "expected a name of letters, digits and . _ : -, got a b"],
    [[made.tiny, join(work, "none")], "expected a folder with a manifest.json"],
  ] as const) {
    const started = await serve(...packs);
    expect(started.output()).toContain(message);
    expect(await started.ended).toBe(2);
  }
});
