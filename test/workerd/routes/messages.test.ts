/** Anthropic's Messages API: its form of requests, replies, events and errors, over the same turns as chat. */
import { env, exports } from "cloudflare:workers";
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

const post = (path: string, body: object, headers: Record<string, string> = {}) =>
  http(`/v1${path}`, { headers: { "anthropic-version": "2023-06-01", ...headers }, body });
const asked = { model: "tiny", max_tokens: 6, temperature: 0 };
const user = (content: unknown) => ({ role: "user", content });
const assistant = (content: unknown) => ({ role: "assistant", content });
async function message(fields: object, headers: Record<string, string> = {}): Promise<Json> {
  const response = await post("/messages", { ...asked, messages: [user("hello")], ...fields }, headers);
  return {
    http: response.status,
    ignored: response.headers.get("x-rivulet-ignored"),
    ...(await response.json<object>()),
  };
}
async function events(fields: object): Promise<{ event: string; data: Json }[]> {
  const response = await post("/messages", { ...asked, messages: [user("hello")], stream: true, ...fields });
  const blocks = (await response.text()).split("\n\n").filter((block) => block.includes("data:"));
  return blocks.map((block) => ({
    event: /^event: (.*)$/m.exec(block)?.[1] ?? "",
    data: JSON.parse(/^data: (.*)$/m.exec(block)![1]!),
  }));
}
const weather = {
  name: "weather",
  description: "The weather",
  input_schema: {
    type: "object",
    properties: { metric: { type: "boolean" }, days: { type: "integer", minimum: 0, maximum: 9 } },
    required: ["metric", "days"],
    additionalProperties: false,
  },
};
const calling = { tools: [weather], tool_choice: { type: "tool", name: "weather" }, max_tokens: 200 };

describe("a message", () => {
  it("has Anthropic's shape, and its usage counts what was read and written", async () => {
    const reply = await message({ system: "Be brief." });
    expect(reply).toMatchObject({
      ...{ http: 200, type: "message", role: "assistant", model: "tiny" },
      id: expect.stringMatching(/^msg_[0-9a-f]{48}$/),
      content: [{ type: "text", text: expect.stringMatching(/^.{6}$/) }],
      ...{ stop_reason: "max_tokens", stop_sequence: null },
      usage: { cache_read_input_tokens: 0, cache_creation_input_tokens: 0, output_tokens: 6 },
    });
    const prompt = toy.prompt.start([
      { role: "system", content: "Be brief." },
      { role: "user", content: "hello" },
    ]);
    expect(reply.usage.input_tokens).toBe(prompt.length);
  });

  it("answers as chat does: the same words give the same reply, in blocks or as a string", async () => {
    const chat = await post("/chat/completions", {
      ...asked,
      messages: [{ role: "system", content: "One.\n\nTwo." }, user("hello")],
    });
    const { choices } = await chat.json<Json>();
    const blocks = await message({
      system: [
        { type: "text", text: "One.", cache_control: { type: "ephemeral" } },
        { type: "text", text: "Two." },
      ],
      messages: [
        user([
          { type: "text", text: "hel" },
          { type: "text", text: "lo", citations: null },
        ]),
      ],
    });
    // And no more: a client that checks what comes takes no null for a list of citations.
    expect(blocks.content).toEqual([{ type: "text", text: choices[0].message.content }]);
    expect(blocks.ignored).toBe("system[].cache_control");
  });

  it("ends at a stop sequence, which it names and does not say", async () => {
    const { content } = await message({});
    const stop = content[0].text.slice(2, 4);
    const reply = await message({ stop_sequences: ["never", stop] });
    expect(reply).toMatchObject({ stop_reason: "stop_sequence", stop_sequence: stop });
    expect(reply.content[0].text).toBe(content[0].text.slice(0, content[0].text.indexOf(stop)));
  });

  it("takes what changes nothing, by name", async () => {
    const reply = await message(
      {
        ...{ thinking: { type: "enabled", budget_tokens: 1024 }, metadata: { user_id: "ann" }, service_tier: "auto" },
        ...{ cache_control: { type: "ephemeral" }, container: null, output_config: { effort: "low" } },
        messages: [
          user("one"),
          assistant([
            { type: "thinking", thinking: "hm", signature: "x" },
            { type: "text", text: "two" },
          ]),
          user([
            { type: "document", title: "Notes", source: { type: "text", media_type: "text/plain", data: "Ada" } },
            { type: "text", text: "three" },
          ]),
        ],
        tools: [{ type: "web_search_20250305", name: "web_search" }],
      },
      { "anthropic-beta": "some-2026-01-01" },
    );
    expect(reply.http).toBe(200);
    const names = reply.ignored.split(", ");
    for (const name of ["thinking", "metadata", "service_tier", "cache_control", "output_config.effort"])
      expect(names).toContain(name);
    for (const name of ["messages[].content[]:thinking", "tools[0]:web_search_20250305", "anthropic-beta"])
      expect(names).toContain(name);
    expect(names).not.toContain("container");
  });

  it("has the form of a schema", async () => {
    const schema = weather.input_schema;
    const reply = await message({ max_tokens: 100, output_config: { format: { type: "json_schema", schema } } });
    expect(JSON.parse(reply.content[0].text)).toEqual({ metric: expect.any(Boolean), days: expect.any(Number) });
    expect(reply.stop_reason).toBe("end_turn");
  });
});

describe("tools", () => {
  it("are called when they must be, and a call's result goes on", async () => {
    const first = await message(calling);
    expect(first.stop_reason).toBe("tool_use");
    const [use] = first.content;
    expect(use).toMatchObject({
      ...{ type: "tool_use", name: "weather", id: expect.stringMatching(/^call_/) },
      input: { metric: expect.any(Boolean), days: expect.any(Number) },
    });
    const result = { type: "tool_result", tool_use_id: use.id, content: [{ type: "text", text: "sunny" }] };
    const second = await message({
      tools: [weather],
      messages: [user("hello"), assistant(first.content), user([result, { type: "text", text: "And?" }])],
    });
    expect([second.http, second.usage.output_tokens]).toEqual([200, 6]);
  });

  it.each([
    ["any", { type: "any" }, true],
    ["auto", { type: "auto", disable_parallel_tool_use: true }, undefined],
    ["none", { type: "none" }, false],
  ])("tool_choice %s", async (_, tool_choice, calls) => {
    const reply = await message({ ...calling, tool_choice });
    expect(reply.http).toBe(200);
    if (calls !== undefined) expect(reply.content.some(({ type }: Json) => type === "tool_use")).toBe(calls);
  });

  it("are called once at most where the request says so", async () => {
    const reply = await message({
      ...calling,
      max_tokens: 400,
      tool_choice: { type: "any", disable_parallel_tool_use: true },
    });
    expect(reply.content.filter(({ type }: Json) => type === "tool_use")).toHaveLength(1);
  });
});

describe("events", () => {
  it("come in Anthropic's order and add up to the message", async () => {
    const [whole, told] = [await message({}), await events({})];
    const names = told.map(({ event }) => event);
    expect(names.slice(0, 3)).toEqual(["message_start", "ping", "content_block_start"]);
    expect(names.slice(-3)).toEqual(["content_block_stop", "message_delta", "message_stop"]);
    expect(told.every(({ event, data }) => data.type === event)).toBe(true);
    const text = told.map(({ data }) => data.delta?.text ?? "").join("");
    expect(text).toBe(whole.content[0].text);
    expect(told[0]!.data.message).toMatchObject({ content: [], stop_reason: null, usage: { output_tokens: 0 } });
    expect(told[0]!.data.message.usage.input_tokens).toBe(whole.usage.input_tokens);
    expect(told.at(-2)!.data).toMatchObject({ delta: { stop_reason: "max_tokens" }, usage: whole.usage });
  });

  it("tell a call's input as JSON in pieces, from an empty object on", async () => {
    const told = (await events(calling)).map(({ data }) => data);
    const begun = told.find(({ type }) => type === "content_block_start");
    expect(begun.content_block).toMatchObject({ type: "tool_use", name: "weather", input: {} });
    const pieces = told.filter(({ delta }) => delta?.type === "input_json_delta");
    const input = JSON.parse(pieces.map(({ delta }) => delta.partial_json).join(""));
    expect(input).toEqual({ metric: expect.any(Boolean), days: expect.any(Number) });
    expect(told.at(-2).delta.stop_reason).toBe("tool_use");
  });

  it("can be read on from where their reader was, where the message is kept", async () => {
    const told = await events({ conversation: "told" });
    const { id } = told[0]!.data.message;
    const headers = { "last-event-id": "3" };
    const rest = await http(`/v1/messages/${id}?stream=true`, { headers });
    const lines = (await rest.text()).split("\n").filter((line) => line.startsWith("data: "));
    const all = told.map(({ data }) => `data: ${JSON.stringify(data)}`);
    expect(lines.length).toBeLessThan(all.length);
    expect(all.slice(-lines.length)).toEqual(lines);
    const whole = await http(`/v1/messages/${id}`);
    expect(await whole.json()).toMatchObject({ id, stop_reason: "max_tokens" });
  });
});

describe("in a conversation", () => {
  const turn = (conversation: string, fields: object) => message({ conversation, ...fields });

  it("only what is new is read: sent alone, or with the history again", async () => {
    const first = await turn("kept", { system: "Be brief.", messages: [user("one")] });
    expect(first.rivulet.conversation).toBe("kept");
    const held = first.usage.input_tokens + first.usage.output_tokens - 1;
    const second = await turn("kept", { messages: [user("two")] });
    expect(second.usage.cache_read_input_tokens).toBe(held);
    const history = [user("one"), assistant(first.content), user("two"), assistant(second.content), user("three")];
    const third = await message({ system: "Be brief.", messages: history }, { "x-session-id": "kept" });
    const heldThen = held + second.usage.input_tokens + second.usage.output_tokens - 1;
    expect(third.usage.cache_read_input_tokens).toBe(heldThen);
    expect(third.timings).toMatchObject({ state: "resumed", rebuilt_tokens: 0 });
  });

  it("a call that comes back as a value is known, however the model had spelled it", async () => {
    const history: object[] = [];
    let held = 0;
    for (const [i, word] of ["one", "two", "three"].entries()) {
      history.push(user(word));
      const first = await turn("calls", { ...calling, messages: history, seed: i, temperature: 1.5 });
      history.push(assistant(first.content));
      const use = first.content.find(({ type }: Json) => type === "tool_use");
      history.push(user([{ type: "tool_result", tool_use_id: use.id, content: "sunny" }]));
      const second = await turn("calls", { tools: [weather], tool_choice: { type: "none" }, messages: history });
      expect([first.http, second.http, second.timings.rebuilt_tokens]).toEqual([200, 200, 0]);
      expect(second.usage.cache_read_input_tokens).toBeGreaterThan(held);
      expect(second.timings.state).toBe("resumed");
      held = second.usage.cache_read_input_tokens;
      history.push(assistant(second.content));
    }
  });

  it("the same dialogue is one conversation in three forms", async () => {
    const first = await turn("forms", { messages: [user("one")] });
    const next = await post("/responses", {
      model: "tiny",
      previous_response_id: first.id,
      input: "two",
      max_output_tokens: 4,
    });
    const { usage } = await next.json<Json>();
    expect(usage.input_tokens_details.cached_tokens).toBe(first.usage.input_tokens + first.usage.output_tokens - 1);
  });

  it("recall can be turned off", async () => {
    expect((await turn("recall", { recall: "off" })).rivulet.recalled).toBeUndefined();
    expect((await message({ recall: "sometimes" })).error).toMatchObject({ param: "recall" });
  });
});

describe("a thread", () => {
  it("keeps the message, and goes on from its state with its system prompt and its tools", async () => {
    const first = await message({ ...calling, system: "Be brief.", thread: { type: "create" } });
    const [use] = first.content;
    const result = { type: "tool_result", tool_use_id: use.id, content: "sunny" };
    const thread = { type: "continue", previous_message_id: first.id };
    const second = await message({ thread, messages: [user([result])], tool_choice: { type: "any" }, max_tokens: 200 });
    expect(second.usage.cache_read_input_tokens).toBe(first.usage.input_tokens + first.usage.output_tokens - 1);
    expect(second.content[0]).toMatchObject({ type: "tool_use", name: "weather" });
    // The tools are known there, and not told again.
    expect(second.usage.input_tokens).toBeLessThan(60);
    const other = await message({ thread, messages: [user([result])], tool_choice: { type: "tool", name: "wind" } });
    expect(other).toMatchObject({ http: 400, error: { param: "tool_choice" } });
  });

  it("that is gone is named so that a client begins it anew", async () => {
    for (const previous_message_id of ["msg_1", `msg_${"0".repeat(48)}`])
      expect(await message({ thread: { type: "continue", previous_message_id } })).toMatchObject({
        http: 404,
        error: {
          ...{ type: "not_found_error", param: "thread.previous_message_id" },
          details: { error_code: "thread_not_found" },
        },
      });
    expect(await message({ thread: { type: "join" } })).toMatchObject({ http: 400, error: { param: "thread.type" } });
    const both = { thread: { type: "create" }, conversation: "both" };
    expect(await message(both)).toMatchObject({ http: 400, error: { param: "thread" } });
  });
});

describe("count_tokens", () => {
  const count = async (fields: object): Promise<Json> =>
    (await post("/messages/count_tokens", { model: "tiny", messages: [user("hello")], ...fields })).json();

  it.each([
    ["words", {}],
    ["a system prompt", { system: "Be brief." }],
    ["tools", { tools: [weather] }],
  ])("counts what the request would read, of %s", async (_, fields) => {
    const { usage } = await message(fields);
    expect(await count(fields)).toEqual({ input_tokens: usage.input_tokens });
  });

  it("takes the whole body of a message, and counts no more for it", async () => {
    const body = {
      ...{ max_tokens: 2, stream: true, temperature: 0, stop_sequences: ["zz"], service_tier: "auto" },
      ...{ metadata: { user_id: "u" }, thread: { type: "create" } },
    };
    expect(await count(body)).toEqual(await count({}));
    expect(await count({ min_p: 3 })).toMatchObject({ error: { param: "min_p" } });
  });

  it("counts what a thread goes on from, with its tools", async () => {
    const first = await message({ ...calling, thread: { type: "create" } });
    const result = { type: "tool_result", tool_use_id: first.content[0].id, content: "sunny" };
    const thread = { type: "continue", previous_message_id: first.id };
    const fields = { thread, messages: [user([result])], tool_choice: { type: "any" } };
    const counted = await count(fields);
    const { usage } = await message({ ...fields, max_tokens: 200 });
    expect(counted.input_tokens).toBe(usage.input_tokens + usage.cache_read_input_tokens);
  });

  it("counts what a conversation holds, and begins none", async () => {
    const fresh = await count({ conversation: "counted" });
    expect(fresh).toEqual({ input_tokens: (await message({})).usage.input_tokens });
    const listed = await http("/v1/conversations/counted");
    expect(listed.status).toBe(404);
    await message({ conversation: "counted" });
    const fields = { conversation: "counted", messages: [user("two")] };
    const counted = await count(fields);
    const { usage } = await message(fields);
    expect(counted.input_tokens).toBe(usage.input_tokens + usage.cache_read_input_tokens);
  });

  it("counts a prefix with what begins with it", async () => {
    const body = JSON.stringify({ name: "for-messages", text: "The sea is blue. ".repeat(20) });
    const headers = { "content-type": "application/json" };
    await http("/v1/prefixes", { headers, body });
    for (const where of [{}, { conversation: "for-messages" }]) {
      const fields = { prefix: "for-messages", ...where };
      const { input_tokens } = await count(fields);
      const { usage } = await message(fields);
      expect(input_tokens).toBe(usage.input_tokens + usage.cache_read_input_tokens);
      expect(input_tokens).toBeGreaterThan(300);
    }
    expect(await count({ prefix: "nothing" })).toMatchObject({ error: { type: "not_found_error", param: "prefix" } });
  });

  it("counts more than the model could read", async () => {
    expect((await count({ messages: [user("a".repeat(5000))] })).input_tokens).toBeGreaterThan(5000);
  });
});

describe("failures are in Anthropic's envelope", () => {
  it.each([
    ["no field of theirs", { surprise: 1 }, 400, "invalid_request_error", "surprise"],
    ["a wrong role", { messages: [{ role: "king", content: "a" }] }, 400, "invalid_request_error", "messages[0].role"],
    ["a wrong type", { messages: "hello" }, 400, "invalid_request_error", "messages"],
    ["no message", { messages: [] }, 400, "invalid_request_error", "messages"],
    ["nothing said", { messages: [user([])] }, 400, "invalid_request_error", "messages"],
    ["nobody's turn", { messages: [user("a"), assistant("b")] }, 400, "invalid_request_error", "messages"],
    [
      "an image",
      { messages: [user([{ type: "image", source: {} }])] },
      400,
      "invalid_request_error",
      "messages[0].content[0].type",
    ],
    [
      "a number as text",
      { messages: [user([{ type: "text", text: 3 }])] },
      400,
      "invalid_request_error",
      "messages[0].content[0].text",
    ],
    [
      "a result of no call",
      { messages: [user("a"), assistant("b"), user([{ type: "tool_result", tool_use_id: "x" }])] },
      400,
      "invalid_request_error",
      "messages[2].content[0].tool_use_id",
    ],
    [
      "a call by the user",
      { messages: [user([{ type: "tool_use", id: "x", name: "f", input: {} }])] },
      400,
      "invalid_request_error",
      "messages[0].content[0].type",
    ],
    [
      "an input that is no object",
      { messages: [user("a"), assistant([{ type: "tool_use", id: "x", name: "f", input: "{}" }]), user("b")] },
      400,
      "invalid_request_error",
      "messages[1].content[0].input",
    ],
    ["an unknown choice", { tool_choice: { type: "some" } }, 400, "invalid_request_error", "tool_choice.type"],
    ["a choice as text", { tool_choice: "auto" }, 400, "invalid_request_error", "tool_choice"],
    [
      "no such tool",
      { ...calling, tool_choice: { type: "tool", name: "wind" } },
      400,
      "invalid_request_error",
      "tool_choice",
    ],
    ["no tools", { tool_choice: { type: "any" } }, 400, "invalid_request_error", "tool_choice"],
    ["a tool without a name", { tools: [{ input_schema: {} }] }, 400, "invalid_request_error", "tools[0].name"],
    [
      "a schema of no type",
      { tools: [{ name: "f", input_schema: { type: "thing" } }] },
      400,
      "invalid_request_error",
      "tools[0].input_schema.type",
    ],
    ["too hot", { temperature: 3 }, 400, "invalid_request_error", "temperature"],
    ["no tokens", { max_tokens: 0 }, 400, "invalid_request_error", "max_tokens"],
    ["half a token", { max_tokens: 1.5 }, 400, "invalid_request_error", "max_tokens"],
    ["a stop of nothing", { stop_sequences: [""] }, 400, "invalid_request_error", "stop_sequences[0]"],
    ["another model", { model: "claude" }, 404, "not_found_error", "model"],
    ["too much", { messages: [user("a".repeat(5000))] }, 400, "invalid_request_error", "messages"],
  ])("%s", async (_, fields, status, type, param) => {
    for (const stream of [false, true]) {
      const reply = await message({ ...fields, stream });
      expect(reply).toMatchObject({ http: status, type: "error", error: { type, param, message: expect.any(String) } });
    }
  });

  it("also where no route is, the key is wrong, or the object refuses", async () => {
    const get = async (path: string, init: RequestInit = {}) => {
      const response = await exports.default.fetch(`http://rivulet${path}`, init);
      return { http: response.status, ...(await response.json<object>()) };
    };
    const not_found = { http: 404, type: "error", error: { type: "not_found_error" } };
    expect(await get("/v1/messages/msg_1")).toMatchObject(not_found);
    expect(await get(`/v1/messages/msg_${"0".repeat(48)}`)).toMatchObject(not_found);
    expect(await get("/v1/messages/batches/x/y")).toMatchObject(not_found);
    expect(await get("/v1/messages", { method: "PUT" })).toMatchObject({ http: 405, type: "error" });
    await message({ conversation: "conflict" });
    const other = [user("never"), assistant("said"), user("this")];
    const conflict = { http: 409, type: "error", error: { type: "conflict_error" } };
    expect(await message({ conversation: "conflict", messages: other })).toMatchObject(conflict);
    Object.assign(env, { API_KEYS: `ann:${createHash("sha256").update("key-a").digest("hex")}` });
    expect(await message({})).toMatchObject({ http: 401, type: "error", error: { type: "authentication_error" } });
    expect(await message({}, { "x-api-key": "key-b" })).toMatchObject({ http: 401 });
    expect(await message({}, { "x-api-key": "key-a" })).toMatchObject({ http: 200 });
    expect(await message({}, { authorization: "Bearer key-a", "x-api-key": "key-b" })).toMatchObject({ http: 200 });
  });
});

describe("/v1/models, as Anthropic's clients ask", () => {
  const get = async (path: string, headers: Record<string, string> = { "anthropic-version": "2023-06-01" }) =>
    (await http(`/v1/models${path}`, { headers })).json<Json>();

  it("has their form, and OpenAI's without their header", async () => {
    const list = await get("?limit=5&beta=true");
    expect(list).toMatchObject({ has_more: false, first_id: "tiny", last_id: "tiny", data: [{ type: "model" }] });
    const one = await get("/tiny");
    expect(one).toEqual(list.data[0]);
    expect(one).toMatchObject({ id: "tiny", display_name: "tiny", lifecycle: "active" });
    expect(Number.isNaN(Date.parse(one.created_at))).toBe(false);
    expect(await get("/tiny", {})).toMatchObject({ object: "model", id: "tiny" });
    expect(await get("", {})).toMatchObject({ object: "list" });
  });

  it("pages, and refuses in their form", async () => {
    expect(await get("?after_id=tiny")).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
    expect(await get("?before_id=tiny")).toMatchObject({ data: [], has_more: false });
    for (const path of ["?after_id=other", "?limit=0", "/other"])
      expect(await get(path)).toMatchObject({ type: "error", error: { type: expect.any(String) } });
    expect(await get("/other")).toMatchObject({ error: { type: "not_found_error" } });
    expect(await get("/other", {})).toMatchObject({ error: { type: "invalid_request_error", code: "model_unknown" } });
  });
});
