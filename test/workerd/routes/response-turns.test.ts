import { beforeAll, expect, it } from "vitest";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { http } from "../../support/chat-client.ts";
import { until } from "../../support/gated-toy.ts";
import { type Toy, toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
let toy: Toy;
/** Whether forward passes wait. */
let held = false;
beforeAll(async () => {
  toy = toyServed({ contextLength: 400, onForward: () => (held ? until(() => !held) : undefined) });
  await weights.get(async () => toy);
});

async function respond(fields: object, headers: Record<string, string> = {}): Promise<Json> {
  const response = await http("/v1/responses", {
    headers: { ...headers },
    body: { model: "tiny", input: "x", max_output_tokens: 4, ...fields },
  });
  return { http: response.status, ...((await response.json()) as object) };
}

it("a reply that is not stored goes on from what is kept, and leaves no trace", async () => {
  const first = await respond({ input: "one" });
  const again = { input: "two", temperature: 0 };
  const kept = await respond({ ...again, previous_response_id: first.id });
  const thrown = await respond({ ...again, previous_response_id: first.id, store: false });
  expect(thrown).toMatchObject({ http: 200, store: false, usage: kept.usage });
  expect(thrown.output[0].content).toEqual(kept.output[0].content);
  const got = await http(`/v1/responses/${thrown.id}`);
  expect(got.status).toBe(404);
  await respond({ input: "one", conversation: "kept" });
  const turns = async () => ((await (await http("/v1/conversations/kept/turns")).json()) as Json).data.length;
  const fork = await respond({ input: "two", conversation: "kept", store: false });
  expect(fork.usage.input_tokens_details.cached_tokens).toBeGreaterThan(0);
  expect([await turns(), fork.http]).toEqual([1, 200]);
  // Nothing begins by it either.
  expect((await respond({ input: "one", conversation: "never", store: false })).http).toBe(200);
  expect((await http("/v1/conversations/never")).status).toBe(404);
  const unknown = `resp_${"0".repeat(48)}`;
  expect(await respond({ input: "two", previous_response_id: unknown, store: false })).toMatchObject({ http: 404 });
});

it("a deleted response cannot be gone on from, also while others follow it and go on", async () => {
  const first = await respond({ input: "one" });
  const second = await respond({ input: "two", previous_response_id: first.id });
  const third = await respond({ input: "three", previous_response_id: second.id });
  expect((await http(`/v1/responses/${second.id}`, { method: "DELETE" })).status).toBe(200);
  const refused = { http: 404, error: { code: "not_found", param: "previous_response_id" } };
  for (const fields of [{}, { store: false }])
    expect(await respond({ input: "x", previous_response_id: second.id, ...fields })).toMatchObject(refused);
  const counted = await http("/v1/responses/input_tokens", {
    body: { model: "tiny", input: "x", previous_response_id: second.id },
  });
  expect(counted.status).toBe(404);
  for (const { id } of [first, third])
    expect(await respond({ input: "four", previous_response_id: id })).toMatchObject({ http: 200 });
});

it("what is without effect is named in a header, and paths may have slashes too many", async () => {
  const ask = (path: string, body: object) => http(path, { body: { model: "tiny", ...body } });
  const fields = { max_output_tokens: 2, reasoning: { effort: "low" }, tools: [{ type: "web_search" }] };
  for (const path of ["/v1/responses", "/v1/responses/", "//v1//responses"]) {
    const response = await ask(path, { input: "x", ...fields });
    expect([response.status, response.headers.get("x-rivulet-ignored")]).toEqual([
      200,
      "reasoning, tools[0]:web_search",
    ]);
  }
  const plain = await ask("/v1/responses", { input: "x", max_output_tokens: 2 });
  expect(plain.headers.has("x-rivulet-ignored")).toBe(false);
  const messages = [{ role: "user", content: "x", cache_control: {} }];
  const chat = await ask("/v1/chat/completions", { messages, max_tokens: 2, stream: true, seed: 2 ** 64 });
  expect([chat.status, chat.headers.get("x-rivulet-ignored")]).toEqual([200, "messages[].cache_control"]);
  await chat.text();
});

it("a response has every field that Open Responses asks for, and numbers for how it was sampled", async () => {
  const response = await respond({ input: "x", temperature: 0.5, safety_identifier: "me", max_tool_calls: 2 });
  expect(response).toMatchObject({ temperature: 0.5, top_p: 1, presence_penalty: 0, frequency_penalty: 0 });
  expect(response).toMatchObject({ safety_identifier: "me", prompt_cache_key: null, max_tool_calls: 2 });
  expect(response.completed_at).toBeNull();
});

it("too long an input says so in the words that clients look for, naming the field", async () => {
  const { error } = await respond({ input: "x".repeat(500) });
  expect(error).toMatchObject({ code: "context_length_exceeded", param: "input" });
  expect(error.message).toMatch(/this model's maximum context length is 400 tokens/);
});

it("truncation auto leaves out the oldest of what does not fit, and never what is a rule or a question", async () => {
  const input = [
    { role: "system", content: "rule" },
    ...Array.from({ length: 20 }, (_, n) => ({ role: n % 2 ? "assistant" : "user", content: `line ${n} `.repeat(4) })),
    { role: "user", content: "question" },
  ];
  expect(await respond({ input })).toMatchObject({ http: 400, error: { code: "context_length_exceeded" } });
  const cut = await respond({ input, truncation: "auto" });
  expect([cut.http, cut.usage.output_tokens]).toEqual([200, 4]);
  const text = (number: number) => toy.prompt.start([{ role: "user", content: `line ${number} `.repeat(4) }]).length;
  expect(cut.usage.input_tokens).toBeGreaterThan(400 - 4 - 2 * text(19));
  const items = await (await http(`/v1/responses/${cut.id}/input_items?order=asc&limit=100`)).json();
  const said = (items as Json).data.map(({ content }: Json) => content[0].text);
  expect([said[0], said.at(-1), said.at(-2)]).toEqual(["rule", "question", "line 19 ".repeat(4)]);
  const whole = await respond({ input: input.slice(-3), truncation: "auto" });
  expect(((await (await http(`/v1/responses/${whole.id}/input_items`)).json()) as Json).data).toHaveLength(3);
});

it("lists the input of a response while it runs as when it has ended", async () => {
  const before = await respond({ input: "zero" });
  held = true;
  const input = [
    { role: "user", content: "one" },
    { role: "assistant", content: "two" },
    { role: "user", content: "three" },
  ];
  const instructions = "rule";
  const begun = await respond({ input, instructions, previous_response_id: before.id, background: true });
  const items = async () => (await http(`/v1/responses/${begun.id}/input_items?order=asc`)).json() as Promise<Json>;
  const running = await items();
  expect(begun.status).not.toBe("completed");
  held = false;
  const status = async () => ((await (await http(`/v1/responses/${begun.id}`)).json()) as Json).status;
  await until(async () => (await status()) !== "in_progress");
  expect(running.data.map(({ content }: Json) => content[0].text)).toEqual(["one", "two", "three"]);
  expect(await items()).toEqual(running);
});

it("I1, I3: a request that is repeated with its key gets the same response, another one is refused", async () => {
  const key = { "idempotency-key": "once" };
  const first = await respond({ input: "one" }, key);
  const before = toy.fed.length;
  expect((await respond({ input: "one" }, key)).id).toBe(first.id);
  expect(toy.fed.length).toBe(before);
  expect(await respond({ input: "two" }, key)).toMatchObject({ http: 422, error: { code: "idempotency_mismatch" } });
});

it("H10: long URLs and headers are answered, not with a fault of ours", async () => {
  const long = await http(`/v1/models/${"x".repeat(16_000)}`);
  expect(long.status).toBe(400);
  const heavy = await http("/v1/models", { headers: { "x-long": "x".repeat(128 * 1024) } });
  expect(heavy.status).toBeLessThan(500);
  const query = await http(`/v1/conversations?after=${"x".repeat(16_000)}`);
  expect(query.status).toBe(400);
});
