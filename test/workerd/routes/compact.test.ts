/** Counting and compacting of responses: neither computes anything, and nothing is lost. */
import { env } from "cloudflare:workers";
import { createHash } from "node:crypto";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { http } from "../../support/chat-client.ts";
import { type Toy, toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
let toy: Toy;
beforeAll(async () => {
  toy = toyServed({ contextLength: 4000 });
  await weights.get(async () => toy);
});
afterEach(() => {
  Object.assign(env, { API_KEYS: "" });
});

async function post(path: string, body: object, key?: string): Promise<Json> {
  const response = await http(`/v1${path}`, {
    headers: { ...(key ? { authorization: `Bearer ${key}` } : {}) },
    body: { model: "tiny", ...body },
  });
  const ignored = response.headers.get("x-rivulet-ignored");
  return { http: response.status, ...(ignored ? { ignored } : {}), ...(await response.json<object>()) };
}
const respond = (fields: object, key?: string) =>
  post("/responses", { max_output_tokens: 4, temperature: 0, ...fields }, key);
const compact = (fields: object, key?: string) => post("/responses/compact", fields, key);
const textOf = ({ output }: Json): string => output[0].content[0].text;
const cached = ({ usage }: Json): number => usage.input_tokens_details.cached_tokens;
const user = (content: string) => ({ role: "user", content });

describe("/v1/responses/compact", () => {
  it("gives one item for a response, whose state goes on and is computed no more than once", async () => {
    const first = await respond({ input: "one" });
    const fed = toy.fed.length;
    const reply = await compact({ previous_response_id: first.id, instructions: "Shorten." });
    expect(toy.fed.length).toBe(fed);
    expect(reply).toMatchObject({
      ...{ http: 200, object: "response.compaction", ignored: "instructions", usage: { total_tokens: 0 } },
      id: expect.stringMatching(/^resp_[0-9a-f]{48}$/),
      output: [{ type: "compaction", id: expect.stringMatching(/^cmp_/), encrypted_content: expect.any(String) }],
    });
    const wanted = await respond({ previous_response_id: first.id, input: "two" });
    const next = await respond({ input: [...reply.output, user("two")] });
    expect([textOf(next), cached(next)]).toEqual([textOf(wanted), first.usage.total_tokens - 1]);
    // Whatever stood before the item is behind it.
    const again = await respond({ input: [user("one"), ...reply.output, user("two")] });
    expect([textOf(again), cached(again)]).toEqual([textOf(wanted), cached(next)]);
    const after = await respond({ previous_response_id: next.id, input: [user("three")] });
    expect(cached(after)).toBe(next.usage.total_tokens - 1);
  });

  it("gives one for items that no state holds yet, and keeps all that they say", async () => {
    const items = [user("one"), { role: "assistant", content: "1" }, user("two")];
    const reply = await compact({ input: items });
    const wanted = await respond({ input: [...items, user("three")] });
    const next = await respond({ input: [...reply.output, user("three")] });
    expect([next.http, textOf(next), next.usage.input_tokens]).toEqual([
      200,
      textOf(wanted),
      wanted.usage.input_tokens,
    ]);
  });

  it("gives one for our own items sent back whole, whose state is there", async () => {
    const first = await respond({ input: "one" });
    const second = await respond({ previous_response_id: first.id, input: "two" });
    const items = [user("one"), ...first.output, user("two"), ...second.output];
    const reply = await compact({ input: items });
    const next = await respond({ input: [...reply.output, user("three")] });
    const wanted = await respond({ previous_response_id: second.id, input: "three" });
    expect([textOf(next), cached(next)]).toEqual([textOf(wanted), second.usage.total_tokens - 1]);
    // What was said behind the last reply waits for its answer.
    const open = await compact({ input: [...items, user("three")] });
    const answered = await respond({ input: open.output });
    expect([textOf(answered), cached(answered)]).toEqual([textOf(wanted), cached(next)]);
  });

  it("of what was compacted already, and more, is one item again", async () => {
    const first = await respond({ input: "one" });
    const { output } = await compact({ previous_response_id: first.id });
    const again = await compact({ input: [...output, user("two")] });
    expect(again.output).toHaveLength(1);
    const wanted = await respond({ previous_response_id: first.id, input: [user("two"), user("three")] });
    const next = await respond({ input: [...again.output, user("three")] });
    expect([textOf(next), cached(next)]).toEqual([textOf(wanted), first.usage.total_tokens - 1]);
  });

  it("of a conversation stands for where it is, and does not move it", async () => {
    const first = await respond({ conversation: "compacted", input: "one" });
    const { output } = await compact({ conversation: "compacted" });
    const next = await respond({ input: [...output, user("two")] });
    expect(cached(next)).toBe(first.usage.total_tokens - 1);
    // In the conversation itself the state is there already.
    const within = await respond({ conversation: "compacted", input: [...output, user("two")] });
    expect([textOf(within), cached(within)]).toEqual([textOf(next), cached(next)]);
    const turns = await http("/v1/conversations/compacted/turns");
    expect((await turns.json<Json>()).data).toHaveLength(2);
  });

  it("is a response's id to go on from, and its item counts like what it stands for", async () => {
    const first = await respond({ input: "one" });
    const { id, output } = await compact({ previous_response_id: first.id });
    const next = await respond({ previous_response_id: id, input: "two" });
    expect(cached(next)).toBe(first.usage.total_tokens - 1);
    const counted = await post("/responses/input_tokens", { input: [...output, user("two")] });
    expect(counted.input_tokens).toBe(next.usage.input_tokens);
  });

  it("is for its tenant alone, and as it was given out", async () => {
    const digest = (key: string) => createHash("sha256").update(key).digest("hex");
    Object.assign(env, { API_KEYS: `ann:${digest("key-a")},bob:${digest("key-b")}` });
    const first = await respond({ input: "one" }, "key-a");
    const { output } = await compact({ previous_response_id: first.id }, "key-a");
    const sent = (items: object[], key: string) => respond({ input: [...items, user("two")] }, key);
    expect(await sent(output, "key-a")).toMatchObject({ http: 200 });
    const refused = { http: 400, error: { param: "input[0].encrypted_content", code: "request_invalid" } };
    expect(await sent(output, "key-b")).toMatchObject(refused);
    const [item] = output;
    for (const encrypted_content of ["gAAAAA", item.encrypted_content.replace(/.$/, "x"), `${item.encrypted_content}0`])
      expect(await sent([{ ...item, encrypted_content }], "key-a")).toMatchObject(refused);
    expect(await compact({ previous_response_id: first.id }, "key-b")).toMatchObject({ http: 404 });
  });

  it.each([
    [{}, 400, "input"],
    [{ input: 3 }, 400, "input"],
    [{ input: "a", surprise: 1 }, 400, "surprise"],
    [{ previous_response_id: "resp_1" }, 404, "previous_response_id"],
    [{ previous_response_id: `resp_${"0".repeat(48)}` }, 404, "previous_response_id"],
    [{ conversation: "never" }, 404, null],
    [{ conversation: "c", previous_response_id: `resp_${"0".repeat(48)}` }, 400, "previous_response_id"],
    [{ input: [{ type: "compaction" }] }, 400, "input[0].encrypted_content"],
    [{ input: "a", model: "other" }, 404, "model"],
  ])("%j is refused", async (fields, status, param) => {
    const reply = await compact(fields);
    expect(reply.http, JSON.stringify(reply)).toBe(status);
    if (param !== null) expect(reply.error.param).toBe(param);
  });

  it("is no item of a conversation", async () => {
    const { output } = await compact({ input: "a" });
    const made = await post("/conversations", { items: output, model: undefined });
    expect([made.http, made.error.param]).toEqual([400, "input[0].type"]);
  });
});

describe("/v1/responses/input_tokens", () => {
  const count = async (fields: object): Promise<Json> => post("/responses/input_tokens", fields);

  it.each([
    ["a text", { input: "hello" }],
    ["items and instructions", { input: [user("one"), user("two")], instructions: "Be brief." }],
    ["tools", { input: "hello", tools: [{ type: "function", name: "f", parameters: { type: "object" } }] }],
  ])("counts what the request would read: %s", async (_, fields) => {
    const { usage } = await respond(fields);
    expect(await count(fields)).toEqual({
      http: 200,
      object: "response.input_tokens",
      input_tokens: usage.input_tokens,
    });
  });

  it("counts with what is kept, and leaves no trace", async () => {
    const first = await respond({ conversation: "counted", input: "one" });
    for (const place of [{ conversation: "counted" }, { previous_response_id: first.id }]) {
      const fields = { ...place, input: "two", instructions: "Be brief." };
      const { input_tokens } = await count(fields);
      expect(input_tokens).toBeGreaterThan(first.usage.total_tokens);
      expect(input_tokens).toBe((await respond({ ...fields, store: false })).usage.input_tokens);
    }
    const turns = await http("/v1/conversations/counted/turns");
    expect((await turns.json<Json>()).data).toHaveLength(1);
    expect(await count({ conversation: "nobody", input: "one" })).toMatchObject({ http: 200 });
    expect((await http("/v1/conversations/nobody")).status).toBe(404);
  });

  it("counts a prefix, for what begins with it and for what began with it", async () => {
    await post("/prefixes", { name: "counted", text: "The sea is blue. ".repeat(20) });
    const alone = (await count({ input: "one" })).input_tokens;
    const begins = { input: "one", prefix: "counted" };
    for (const where of [{}, { store: false }, { conversation: "prefixed" }]) {
      const { http, input_tokens } = await count({ ...begins, ...where });
      expect([http, input_tokens > alone + 300]).toEqual([200, true]);
      const { usage } = await respond({ ...begins, ...where });
      expect(input_tokens).toBe(usage.input_tokens);
    }
    const goesOn = { input: "two", conversation: "prefixed", prefix: "counted" };
    expect((await count(goesOn)).input_tokens).toBe((await respond(goesOn)).usage.input_tokens);
    expect(await count({ input: "one", prefix: "nothing" })).toMatchObject({ http: 404, error: { param: "prefix" } });
  });

  it("counts more than fits, and refuses what a response would refuse", async () => {
    expect((await count({ input: "a".repeat(5000) })).input_tokens).toBeGreaterThan(5000);
    expect(await count({ input: [] })).toMatchObject({ http: 400, error: { param: "input" } });
    expect(await count({ previous_response_id: `resp_${"0".repeat(48)}`, input: "a" })).toMatchObject({ http: 404 });
  });
});
