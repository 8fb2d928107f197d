/** The official OpenAI client for JavaScript against the running server. */
import OpenAI, { AzureOpenAI } from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type DocumentCheck, documentCheck } from "../../support/document-check.ts";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

let server: ToyServer;
let client: OpenAI;
let check: DocumentCheck;

beforeAll(async () => {
  server = await toyServer({}, undefined, "tiny-long");
  check = await documentCheck(server.url);
  client = new OpenAI({ apiKey: "none", baseURL: `${server.url}/v1`, maxRetries: 0, fetch: check.fetch });
});
afterAll(() => server.stop());

const model = "tiny";
/** A reply that takes seconds: one of some hundred tokens can be over before its client gets a moment to cancel it. */
const endless = { model: "tiny-long", input: "hello", max_output_tokens: 60_000 } as const;
const messages = [{ role: "user" as const, content: "hello" }];
const weather = {
  name: "weather",
  parameters: {
    type: "object",
    properties: { metric: { type: "boolean" } },
    required: ["metric"],
    additionalProperties: false,
  },
};
const person = {
  name: "person",
  schema: { type: "object", properties: { old: { type: "boolean" } }, required: ["old"], additionalProperties: false },
};

describe("S16: chat", () => {
  it("answers and counts", async () => {
    const { choices, usage } = await client.chat.completions.create({ model, messages, max_completion_tokens: 8 });
    expect(choices[0]!.message.content).toMatch(/^[a-z ]{8}$/);
    expect([usage!.completion_tokens, choices[0]!.finish_reason]).toEqual([8, "length"]);
  });

  it("streams the same, usage in the last chunk", async () => {
    const fields = { model, messages, max_completion_tokens: 8, seed: 1 };
    const whole = await client.chat.completions.create(fields);
    const runner = client.chat.completions.stream({ ...fields, stream_options: { include_usage: true } });
    const final = await runner.finalChatCompletion();
    expect(final.choices[0]!.message.content).toBe(whole.choices[0]!.message.content);
    expect(final.usage).toMatchObject({ total_tokens: whole.usage!.total_tokens });
  });

  it("gives several replies to one prompt", async () => {
    const fields = { model, messages, max_completion_tokens: 8, n: 3, seed: 7, temperature: 2 };
    const { choices, usage } = await client.chat.completions.create(fields);
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(new Set(choices.map(({ message }) => message.content)).size).toBe(3);
    expect(usage!.completion_tokens).toBe(24);
    const streamed = await client.chat.completions.stream(fields).finalChatCompletion();
    expect(streamed.choices.map(({ message }) => message.content)).toEqual(
      choices.map(({ message }) => message.content),
    );
    const alone = await client.chat.completions.create({ ...fields, n: 1 });
    expect(alone.choices[0]!.message.content).toBe(choices[0]!.message.content);
  });

  it("reports log probabilities, honours logit_bias and stop", async () => {
    const { choices } = await client.chat.completions.create({
      ...{ model, messages, max_completion_tokens: 4 },
      ...{ logprobs: true, top_logprobs: 2, logit_bias: { 113: 100 }, temperature: 0 },
    });
    expect(choices[0]!.message.content).toBe("qqqq");
    expect(choices[0]!.logprobs!.content!.map(({ token, top_logprobs }) => [token, top_logprobs.length])).toEqual(
      Array(4).fill(["q", 2]),
    );
    const stopped = await client.chat.completions.create({
      model,
      messages,
      logit_bias: { 113: 100 },
      temperature: 0,
      stop: "qq",
    });
    expect([stopped.choices[0]!.message.content, stopped.choices[0]!.finish_reason]).toEqual(["", "stop"]);
  });

  it("calls tools, whole and streamed, and takes the answer", async () => {
    const tools = [{ type: "function" as const, function: weather }];
    const fields = { model, messages, tools, tool_choice: "required" as const, seed: 3, parallel_tool_calls: false };
    const { choices } = await client.chat.completions.create(fields);
    const [call] = choices[0]!.message.tool_calls!;
    if (call?.type !== "function") throw new Error("expected a function");
    expect([choices[0]!.finish_reason, call.function.name]).toEqual(["tool_calls", "weather"]);
    expect(JSON.parse(call.function.arguments)).toEqual({ metric: expect.any(Boolean) });
    const streamed = await client.chat.completions.stream(fields).finalChatCompletion();
    expect(streamed.choices[0]!.message.tool_calls![0]).toMatchObject({
      function: { arguments: call.function.arguments },
    });
    const answer = await client.chat.completions.create({
      ...{ model, tools, max_completion_tokens: 4 },
      messages: [...messages, choices[0]!.message, { role: "tool", tool_call_id: call.id, content: "sunny" }],
    });
    expect(answer.choices.length).toBe(1);
  });

  it("answers in the form of a schema", async () => {
    const { choices } = await client.chat.completions.create({
      ...{ model, messages, max_completion_tokens: 200 },
      response_format: { type: "json_schema", json_schema: { ...person, strict: true } },
    });
    expect(JSON.parse(choices[0]!.message.content!)).toEqual({ old: expect.any(Boolean) });
  });

  it("keeps a reply that asks for it, and forgets it", async () => {
    const { id, choices } = await client.chat.completions.create({
      model,
      messages,
      store: true,
      max_completion_tokens: 4,
    });
    const again = await client.chat.completions.retrieve(id);
    expect(again.choices).toEqual(choices);
    const plain = await client.get<OpenAI.Completion>(`/completions/${id.replace("chatcmpl-", "cmpl-")}`);
    const item = await client.responses.retrieve(id.replace("chatcmpl-", "resp_"));
    expect([plain.choices[0]!.text, item.output_text]).toEqual([
      choices[0]!.message.content,
      choices[0]!.message.content,
    ]);
    expect(await client.chat.completions.delete(id)).toMatchObject({ id, deleted: true });
    await expect(client.chat.completions.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("S16: completions", () => {
  it("goes on from texts and ids, with echo, n and columns of log probabilities", async () => {
    const { choices, usage } = await client.completions.create({
      model,
      prompt: ["ab", "cd"],
      n: 2,
      max_tokens: 3,
      echo: true,
    });
    expect(choices.map(({ index, text }) => [index, text.slice(0, 2), text.length])).toEqual([
      [0, "ab", 5],
      [1, "ab", 5],
      [2, "cd", 5],
      [3, "cd", 5],
    ]);
    expect([usage!.prompt_tokens, usage!.completion_tokens]).toEqual([4, 12]);
    const ids = await client.completions.create({
      model,
      prompt: [97, 98],
      max_tokens: 3,
      logprobs: 2,
      temperature: 0,
    });
    const text = await client.completions.create({ model, prompt: "ab", max_tokens: 3, temperature: 0 });
    expect(ids.choices[0]!.text).toBe(text.choices[0]!.text);
    expect(ids.choices[0]!.logprobs!.tokens!.join("")).toBe(text.choices[0]!.text);
    expect(ids.choices[0]!.logprobs!.text_offset).toEqual([0, 1, 2]);
  });

  it("streams", async () => {
    const stream = await client.completions.create({ model, prompt: "ab", max_tokens: 5, stream: true });
    const pieces: string[] = [];
    for await (const { choices } of stream) pieces.push(choices[0]?.text ?? "");
    expect(pieces.join("")).toHaveLength(5);
  });
});

describe("S16: responses", () => {
  it("answers, is kept, lists what it answered, and is forgotten", async () => {
    const response = await client.responses.create({
      model,
      input: "hello",
      max_output_tokens: 8,
      metadata: { a: "b" },
    });
    expect([response.status, response.output_text.length]).toEqual(["incomplete", 8]);
    const again = await client.responses.retrieve(response.id);
    expect(again).toMatchObject({ output: response.output, usage: response.usage, metadata: { a: "b" } });
    const items = await client.responses.inputItems.list(response.id);
    expect(items.data).toMatchObject([
      { type: "message", role: "user", content: [{ type: "input_text", text: "hello" }] },
    ]);
    await client.responses.delete(response.id);
    await expect(client.responses.retrieve(response.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  it("goes on from an earlier response without computing it again, as often as one likes", async () => {
    const first = await client.responses.create({ model, input: "one", max_output_tokens: 8 });
    const forks = [];
    for (const input of ["two", "zwei"])
      forks.push(await client.responses.create({ model, input, previous_response_id: first.id, max_output_tokens: 8 }));
    const held = first.usage!.input_tokens + first.usage!.output_tokens - 1;
    for (const { usage, previous_response_id } of forks) {
      expect(usage!.input_tokens_details.cached_tokens).toBe(held);
      expect(previous_response_id).toBe(first.id);
    }
    expect(forks[0]!.output_text).not.toBe(forks[1]!.output_text);
    const third = await client.responses.create({
      model,
      input: "three",
      previous_response_id: forks[0]!.id,
      max_output_tokens: 8,
    });
    expect(third.usage!.input_tokens_details.cached_tokens).toBeGreaterThan(held);
  });

  it("streams events that add up", async () => {
    const stream = client.responses.stream({ model, input: "hello", max_output_tokens: 8 });
    const numbers: number[] = [];
    for await (const event of stream) numbers.push(event.sequence_number);
    expect(numbers).toEqual(numbers.map((_, n) => n));
    expect((await stream.finalResponse()).output_text).toHaveLength(8);
  });

  it("works in the background: polled, cut off and resumed, cancelled", async () => {
    const long = { model, input: "hello", max_output_tokens: 300, background: true } as const;
    const polled = await client.responses.create(long);
    expect(["in_progress", "incomplete"]).toContain(polled.status);
    let now = polled;
    while (now.status === "in_progress") {
      await new Promise((resolve) => setTimeout(resolve, 50));
      now = await client.responses.retrieve(polled.id);
    }
    expect([now.status, now.output_text.length]).toEqual(["incomplete", 300]);

    const events: unknown[] = [];
    let id = "";
    const cut = await client.responses.create({ ...long, stream: true });
    for await (const event of cut) {
      if (event.type === "response.created") id = event.response.id;
      events.push(event);
      if (events.length === 20) break;
    }
    const rest = await client.responses.retrieve(id, { stream: true, starting_after: 19 });
    for await (const event of rest) events.push(event);
    const again = [];
    for await (const event of await client.responses.retrieve(id, { stream: true })) again.push(event);
    expect(JSON.stringify(events)).toBe(JSON.stringify(again));

    const running = await client.responses.create({ ...endless, background: true });
    expect(await client.responses.cancel(running.id)).toMatchObject({ status: "cancelled" });
    expect(await client.responses.cancel(running.id)).toMatchObject({ status: "cancelled" });
  });

  it("calls tools and parses what fits a schema", async () => {
    const tools = [{ type: "function" as const, strict: true, ...weather }];
    const first = await client.responses.create({
      model,
      input: "hello",
      tools,
      tool_choice: "required",
      parallel_tool_calls: false,
    });
    const call = first.output.find((item) => item.type === "function_call");
    expect(JSON.parse(call!.arguments)).toEqual({ metric: expect.any(Boolean) });
    const output = { type: "function_call_output" as const, call_id: call!.call_id, output: "sunny" };
    const second = await client.responses.create({
      model,
      input: [output],
      previous_response_id: first.id,
      tools,
      max_output_tokens: 4,
    });
    expect(second.usage!.input_tokens_details.cached_tokens).toBeGreaterThan(0);
    const parsed = await client.responses.parse({
      model,
      input: "hello",
      text: { format: { type: "json_schema", ...person, strict: true } },
    });
    expect(
      z.strictObject({ old: z.boolean() }).parse(parsed.output_parsed ?? JSON.parse(parsed.output_text)),
    ).toBeDefined();
  });

  it("speaks over one WebSocket, message after message", async () => {
    const socket = new ResponsesWS(client);
    const replies: { id: string; text: string; cached: number }[] = [];
    const ask = (fields: object) => socket.send({ type: "response.create", model, max_output_tokens: 6, ...fields });
    ask({ input: "one" });
    for await (const { type, ...event } of socket.stream()) {
      if (type === "error") throw new Error(JSON.stringify(event));
      const { message } = event as { message?: { type: string; response?: OpenAI.Responses.Response } };
      if (message?.type !== "response.incomplete") continue;
      const { id, output, usage } = message.response!;
      const [said] = output;
      const text = said?.type === "message" && said.content[0]?.type === "output_text" ? said.content[0].text : "";
      replies.push({ id, text, cached: usage!.input_tokens_details.cached_tokens });
      if (replies.length === 2) break;
      ask({ input: "two", previous_response_id: id });
    }
    const closed = new Promise<number>((resolve) => socket.socket.on("close", resolve));
    socket.close();
    // 1006 is a connection that was dropped: a close without its answer.
    expect(await closed).not.toBe(1006);
    expect(replies.map(({ text }) => text.length)).toEqual([6, 6]);
    expect(replies[1]!.cached).toBeGreaterThan(replies[0]!.cached);
    expect((await client.responses.retrieve(replies[1]!.id)).output_text).toBe(replies[1]!.text);
  });

  it("without store keeps nothing", async () => {
    const { id } = await client.responses.create({ model, input: "hello", store: false, max_output_tokens: 4 });
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("S16: conversations", () => {
  it("are made, used, listed item by item, changed and removed", async () => {
    const items = [{ type: "message" as const, role: "user" as const, content: "My name is Ada." }];
    const { id } = await client.conversations.create({ items, metadata: { topic: "names" } });
    const response = await client.responses.create({ model, conversation: id, input: "hello", max_output_tokens: 4 });
    expect(response.conversation).toEqual({ id });
    const said = await client.conversations.items.list(id, { order: "asc" });
    expect(said.data.map((item) => (item.type === "message" ? item.role : item.type))).toEqual([
      "user",
      "user",
      "assistant",
    ]);
    const paged: string[] = [];
    for await (const item of client.conversations.items.list(id, { order: "desc", limit: 1 })) paged.push(item.id!);
    expect(paged).toEqual(said.data.map((item) => item.id).reverse());
    expect(await client.conversations.items.retrieve(paged[0]!, { conversation_id: id })).toEqual(said.data.at(-1));
    expect(await client.conversations.update(id, { metadata: { topic: "people" } })).toMatchObject({
      metadata: { topic: "people" },
    });
    const added = await client.conversations.items.create(id, { items });
    expect(added.data).toHaveLength(1);
    await client.conversations.items.delete(added.data[0]!.id!, { conversation_id: id });
    expect((await client.conversations.items.list(id)).data).toHaveLength(3);
    await expect(client.conversations.items.delete(paged[0]!, { conversation_id: id })).rejects.toBeInstanceOf(
      OpenAI.ConflictError,
    );
    expect(await client.conversations.delete(id)).toMatchObject({ id, deleted: true });
    await expect(client.conversations.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("Azure's client", () => {
  const azure = (fields: { deployment?: string } = {}) =>
    new AzureOpenAI({
      endpoint: server.url,
      apiKey: "none",
      apiVersion: "2025-04-01-preview",
      maxRetries: 0,
      ...fields,
    });

  it("chats with the deployment that it names, whatever model the request says", async () => {
    const client = azure({ deployment: "tiny-long" });
    const fields = { model: "gpt-4o", messages, max_completion_tokens: 4 };
    const { data, response } = await client.chat.completions.create(fields).withResponse();
    expect([data.model, data.usage!.completion_tokens]).toEqual(["tiny-long", 4]);
    expect(response.headers.get("x-rivulet-ignored")).toBe("?api-version, model");
    const streamed = await client.chat.completions.stream({ ...fields, model: "" }).finalChatCompletion();
    expect([streamed.model, streamed.choices[0]!.finish_reason]).toEqual(["tiny-long", "length"]);
  });

  it("completes, asks for responses and models, and fails in its own classes", async () => {
    const client = azure();
    const completion = await client.completions.create({ model, prompt: "hello", max_tokens: 4 });
    expect(completion.usage!.completion_tokens).toBe(4);
    const response = await client.responses.create({ model, input: "hello", max_output_tokens: 4 });
    expect((await client.responses.retrieve(response.id)).output).toEqual(response.output);
    expect((await client.models.list()).data.map(({ id }) => id)).toEqual([model, endless.model]);
    const unknown = client.chat.completions.create({ model: "gpt-4o", messages });
    await expect(unknown).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.embeddings.create({ model, input: "hello" })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe("errors are the client's own", () => {
  it.each([
    ["a field out of bounds", { model, messages, temperature: 3 }, OpenAI.BadRequestError, "temperature"],
    ["an unknown model", { model: "gpt", messages }, OpenAI.NotFoundError, "model"],
    [
      "a prompt that is too long",
      { model, messages: [{ role: "user" as const, content: "x".repeat(3000) }] },
      OpenAI.BadRequestError,
      "messages",
    ],
  ])("%s", async (_, fields, kind, param) => {
    const failure = await client.chat.completions.create(fields).catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(kind);
    expect(failure).toMatchObject({ param, code: expect.any(String), type: expect.any(String) });
  });

  it("a lost connection, a wrong key", async () => {
    const nowhere = new OpenAI({ apiKey: "x", baseURL: "http://127.0.0.1:1/v1", maxRetries: 0 });
    await expect(nowhere.models.list()).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
    const models = await client.models.list();
    expect(models.data.map(({ id }) => id)).toEqual([model, endless.model]);
  });
});

it("every reply was as /openapi.json says, whole or refused", async () => {
  expect(check.faults).toEqual([]);
  expect(check.seen.size).toBeGreaterThan(15);
  await expect(client.responses.create({ model, input: "hello", temperature: 3 })).rejects.toThrow("temperature");
  expect(check.seen).toContain("createResponse default");
});
