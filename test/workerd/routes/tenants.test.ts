import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { endpoints } from "../../../src/routes/index.ts";
import { http } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
const digest = (key: string) => createHash("sha256").update(key).digest("hex");
const CANARY = "canary-7f3a";
let known: { response: string; chat: string; item: string; turn: string };

const as = (key: string, path: string, method = "GET", body?: object) =>
  http(path, {
    method,
    body,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
  });
const json = async (response: Promise<Response>): Promise<Json> => (await response).json();

beforeAll(async () => {
  await weights.get(async () => toyServed());
  Object.assign(env, { API_KEYS: `ann:${digest("a")},bob:${digest("b")}` });
  const made = await json(
    as("a", "/v1/responses", "POST", { model: "tiny", input: CANARY, conversation: "mine", max_output_tokens: 3 }),
  );
  const items = await json(as("a", "/v1/conversations/mine/items"));
  const { turn } = made.rivulet;
  known = { response: made.id, chat: made.id.replace("resp_", "chatcmpl-"), item: items.data[0].id, turn };
});

const bodies: Record<string, object> = {
  updateConversation: { metadata: {} },
  createItems: { items: [{ role: "user", content: "x" }] },
  forkConversation: { turn: null },
  rewindConversation: { turn: null },
  updateStream: { name: "x" },
  appendStreamValues: { values: [1] },
  forkStream: {},
  rewindStream: { position: 0 },
};

/** Every path with an id in it, filled with ids of another tenant. */
const targets = endpoints
  .filter(
    ({ definition: { path, open } }) =>
      path.includes("{") && !path.includes("{model}") && !path.includes("prefix") && !open,
  )
  .map(({ definition: { operationId, method, path } }) => [operationId, method.toUpperCase(), path] as const);

it("finds paths to try", () => {
  expect(targets.length).toBeGreaterThan(14);
});

it.each(targets)("A3: %s of another tenant's does not exist", async (operationId, method, path) => {
  const id = path.startsWith("/v1/responses")
    ? known.response
    : path.startsWith("/v1/chat")
      ? known.chat
      : path.startsWith("/v1/streams")
        ? `stream_${"0".repeat(32)}`
        : "mine";
  const filled =
    path.replace("{id}", encodeURIComponent(id)).replace("{item}", known.item) +
    (operationId === "searchConversation" ? "?q=x" : "");
  const response = await as("b", filled, method, method === "POST" ? bodies[operationId] : undefined);
  const text = await response.text();
  expect([response.status, JSON.parse(text).error.code], text).toEqual([404, "not_found"]);
  expect(text).not.toContain(CANARY);
});

it("A3: nor can it be gone on from, by response or by conversation", async () => {
  const previous = await as("b", "/v1/responses", "POST", {
    model: "tiny",
    input: "x",
    previous_response_id: known.response,
  });
  expect(previous.status).toBe(404);
  // A name is the tenant's own: the same one begins another conversation.
  const named = await json(
    as("b", "/v1/responses", "POST", { model: "tiny", input: "x", conversation: "mine", max_output_tokens: 2 }),
  );
  expect(named.timings.state).toBe("new");
  expect(JSON.stringify(await json(as("b", "/v1/conversations/mine/items")))).not.toContain(CANARY);
  expect(JSON.stringify(await json(as("a", "/v1/conversations/mine/items")))).toContain(CANARY);
});

it("I5: a key against repetition is a tenant's own", async () => {
  const ask = (key: string, content: string) =>
    http("/v1/chat/completions", {
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "idempotency-key": "same" },
      body: { model: "tiny", messages: [{ role: "user", content }], max_tokens: 3 },
    });
  const [first, other] = [await json(ask("a", "one")), await json(ask("b", "two"))];
  expect(first.id).not.toBe(other.id);
  expect((await json(ask("a", "one"))).id).toBe(first.id);
  expect((await ask("a", "two")).status).toBe(422);
});

it("A13: nothing that one tenant had computed makes another's request shorter, nor does its prefix", async () => {
  const text = "a text that both of them send, to the letter. ".repeat(4);
  const ask = (key: string, more: object = {}) =>
    json(
      as(key, "/v1/chat/completions", "POST", {
        ...{ model: "tiny", max_tokens: 2, store: true, messages: [{ role: "user", content: text }] },
        ...more,
      }),
    );
  const cached = ({ usage }: Json) => usage.prompt_tokens_details.cached_tokens;
  await ask("a", { conversation: "shared-name" });
  expect((await as("a", "/v1/prefixes", "POST", { name: "her-prefix", text })).status).toBeLessThan(300);
  const hers = await ask("a", { conversation: "another", prefix: "her-prefix" });
  expect(cached(hers), "control: her own prefix spares her something").toBeGreaterThan(20);
  for (const more of [{}, { conversation: "shared-name" }, { conversation: "his" }])
    expect(cached(await ask("b", more))).toBe(0);
  const [named, unknown] = await Promise.all(
    ["her-prefix", "no-prefix"].map(async (prefix) =>
      (
        await as("b", "/v1/chat/completions", "POST", {
          ...{ model: "tiny", conversation: "with", prefix, messages: [{ role: "user", content: "x" }] },
        })
      ).text(),
    ),
  );
  expect(named).toBe(unknown);
});
