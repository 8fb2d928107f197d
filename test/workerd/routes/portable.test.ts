import { reset } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { PREFIX_MAX_BYTES } from "../../../src/api/conversations/prefix.ts";
import { chat, say, textOf } from "../../support/chat-client.ts";
import { type Toy, toyServed } from "../../support/toy-served.ts";

let toy: Toy;
beforeAll(async () => {
  toy = toyServed({ contextLength: 20_000 });
  await weights.get(async () => toy);
});
afterEach(async () => {
  Object.assign(env, { API_KEYS: "", SESSION_KEY: "" });
  await reset();
});

const ask = (path: string, init?: RequestInit) => exports.default.fetch(`http://rivulet${path}`, init);
const json = (body: object, headers = {}): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
});
async function told(asked: Promise<Response>, status = 200) {
  const response = await asked;
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text);
}
const withSecret = () => Object.assign(env, { SESSION_KEY: "a secret" });
const exported = async (id: string, headers = {}) => {
  const response = await ask(`/v1/conversations/${id}/export`, { headers });
  expect(response.status).toBe(200);
  return response.arrayBuffer();
};
const octets = { "content-type": "application/octet-stream" };
const imported = (file: BodyInit, query = "", headers = {}) =>
  ask(`/v1/conversations/import${query}`, { method: "POST", body: file, headers: { ...octets, ...headers } });

it("a conversation goes out as a file and comes in under another name, and again under its own once it is gone", async () => {
  withSecret();
  await chat({ conversation: "ada", messages: [say("one")] });
  await told(ask("/v1/conversations/ada", json({ metadata: { a: "b" } })));
  const response = await ask("/v1/conversations/ada/export");
  expect(response.headers.get("content-type")).toBe("application/vnd.rivulet.conversation");
  expect(response.headers.get("content-disposition")).toContain("attachment");
  const file = await response.arrayBuffer();
  expect(await told(imported(file, "?id=copy"))).toMatchObject({
    id: "copy",
    object: "conversation",
    metadata: { a: "b" },
    rivulet: { turns: 1 },
  });
  const two = { messages: [say("two")], seed: 1 };
  const expected = textOf(await chat({ conversation: "ada", ...two }));
  expect(textOf(await chat({ conversation: "copy", ...two }))).toBe(expected);
  expect(await told(imported(file), 409)).toMatchObject({ error: { code: "conversation_conflict", param: "id" } });
  await told(ask("/v1/conversations/ada", { method: "DELETE" }));
  expect(await told(imported(file))).toMatchObject({ id: "ada" });
  const list = await told(ask("/v1/conversations"));
  expect(list.data.map(({ id }: { id: string }) => id).sort()).toEqual(["ada", "copy"]);
});

it("A12: a file is refused with what is wrong, and begins nothing", async () => {
  withSecret();
  const digest = (key: string) => createHash("sha256").update(key).digest("hex");
  Object.assign(env, { API_KEYS: `ann:${digest("a")},bob:${digest("b")}` });
  const [ann, bob] = ["a", "b"].map((key) => ({ authorization: `Bearer ${key}` }));
  await told(
    ask(
      "/v1/chat/completions",
      json({ model: "tiny", max_tokens: 8, conversation: "ada", messages: [say("one")] }, ann),
    ),
  );
  const file = new Uint8Array(await exported("ada", ann));
  const refusal = async (body: BodyInit, headers = ann) => (await told(imported(body, "?id=copy", headers), 422)).error;
  expect(await refusal(file, bob)).toMatchObject({ code: "import_refused", param: "key" });
  expect(await refusal(file.subarray(0, file.length - 1))).toMatchObject({ param: "file" });
  const changed = file.slice();
  changed[changed.length - 1]! ^= 1;
  expect(await refusal(changed)).toMatchObject({ param: "signature" });
  expect(await refusal("not a file, but long enough to be one: ".repeat(10))).toMatchObject({ param: "file" });
  expect(await refusal("")).toMatchObject({ param: "file" });
  expect(await told(imported(file, "?id=copy~00000000", ann), 400)).toMatchObject({ error: { param: "id" } });
  Object.assign(env, { SESSION_KEY: "another" });
  expect(await refusal(file)).toMatchObject({ param: "key" });
  expect((await ask("/v1/conversations/copy", { headers: ann! })).status).toBe(404);
});

it("without a secret nothing is signed", async () => {
  await chat({ conversation: "ada", messages: [say("one")] });
  const { error } = await told(ask("/v1/conversations/ada/export"), 400);
  expect(error.message).toContain("SESSION_KEY");
});

const TEXT = "All of the manual. ".repeat(20);

it("a prefix is made from JSON or from plain text, listed, looked at, used and deleted", async () => {
  const made = await told(ask("/v1/prefixes", json({ name: "manual", text: TEXT, ttl_seconds: 600 })));
  const tokens = toy.prompt.system(TEXT).length;
  expect(made).toMatchObject({
    id: "manual",
    object: "prefix",
    status: "completed",
    tokens,
    tokens_done: tokens,
    error: null,
  });
  expect(made.expires_at - made.created_at).toBeGreaterThanOrEqual(599);
  const plain = { method: "POST", body: TEXT, headers: { "content-type": "text/plain; charset=utf-8" } };
  expect(await told(ask("/v1/prefixes?name=plain", plain))).toMatchObject({ id: "plain", tokens });
  const list = await told(ask("/v1/prefixes?order=asc"));
  expect(list.data.map(({ id, status }: { id: string; status: string }) => [id, status])).toEqual([
    ["manual", "completed"],
    ["plain", "completed"],
  ]);
  expect(await told(ask("/v1/prefixes/manual"))).toMatchObject({ id: "manual", status: "completed" });
  const whole = await chat({ messages: [{ role: "system", content: TEXT }, say("one")], seed: 1 });
  const uses = [
    { messages: [say("one")], seed: 1, prefix: "manual" },
    { messages: [say("one")], seed: 1, prefix: "plain", conversation: "ada" },
    { messages: [say("one")], seed: 1, prefix: "manual", store: true },
  ];
  for (const use of uses) {
    const reply = await chat(use);
    expect(textOf(reply)).toBe(textOf(whole));
    expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(tokens);
  }
  const twice = { model: "tiny", messages: [{ role: "system", content: "x" }, say("one")], prefix: "manual" };
  // A system message beside the prefix holds for its request.
  await told(ask("/v1/chat/completions", json(twice)));
  for (const name of ["manual", "plain"])
    expect(await told(ask(`/v1/prefixes/${name}`, { method: "DELETE" }))).toEqual({
      id: name,
      object: "prefix.deleted",
      deleted: true,
    });
  expect((await told(ask("/v1/prefixes"))).data).toEqual([]);
  expect((await chat({ messages: [say("two")], conversation: "ada" })).timings.state).toBe("resumed");
});

it("conversations and responses begin with a prefix too", async () => {
  await told(ask("/v1/prefixes", json({ name: "manual", text: TEXT })));
  const tokens = toy.prompt.system(TEXT).length;
  const made = await told(ask("/v1/conversations", json({ prefix: "manual" })));
  expect(made.rivulet).toMatchObject({ prefix: "manual", turns: 1, tokens });
  const reply = await chat({ conversation: made.id, messages: [say("one")] });
  expect(reply.usage.prompt_tokens_details.cached_tokens).toBe(tokens);
  const first = await told(
    ask("/v1/responses", json({ model: "tiny", input: "one", prefix: "manual", max_output_tokens: 16 })),
  );
  expect(first.usage.input_tokens_details.cached_tokens).toBe(tokens);
  const next = { model: "tiny", input: "two", previous_response_id: first.id, max_output_tokens: 16 };
  expect((await told(ask("/v1/responses", json(next)))).usage.input_tokens_details.cached_tokens).toBeGreaterThan(
    tokens + 16,
  );
  const unkept = { model: "tiny", input: "one", prefix: "manual", store: false, max_output_tokens: 16 };
  expect((await told(ask("/v1/responses", json(unkept)))).usage.input_tokens_details.cached_tokens).toBe(tokens);
  expect(await told(ask("/v1/conversations", json({ prefix: "none" })), 404)).toMatchObject({
    error: { param: "prefix" },
  });
});

it.each([
  [json({ name: "a b", text: "x" }), "", 400, "name"],
  [json({ name: "a", text: "" }), "", 400, "text"],
  [json({ name: "a", text: "x", ttl_seconds: 0 }), "", 400, "ttl_seconds"],
  [{ method: "POST", body: "x", headers: { "content-type": "text/plain" } }, "", 400, "name"],
  [{ method: "POST", body: Uint8Array.of(0xff), headers: { "content-type": "text/plain" } }, "?name=a", 400, "body"],
  [
    { method: "POST", body: "x".repeat(PREFIX_MAX_BYTES + 1), headers: { "content-type": "text/plain" } },
    "?name=a",
    413,
    null,
  ],
  [json({ name: "a", text: "x".repeat(20_000) }), "", 400, "messages"],
])("H5, H6, H7: %o is refused by its field", async (init, query, status, param) => {
  expect(await told(ask(`/v1/prefixes${query}`, init as RequestInit), status)).toMatchObject({ error: { param } });
});
