/** Anthropic's official client against the running server, as its users write it. */
import Anthropic from "@anthropic-ai/sdk";
import { zodOutputFormat } from "@anthropic-ai/sdk/helpers/zod";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

let server: ToyServer;
let client: Anthropic;
beforeAll(async () => {
  server = await toyServer();
  client = new Anthropic({ baseURL: server.url, apiKey: "none", maxRetries: 0 });
});
afterAll(() => server.stop());

const asked = { model: "tiny", max_tokens: 8 } as const;
/** The newest API has no such field; servers and older clients do. */
const greedy = { temperature: 0 } as object;
const hello = [{ role: "user" as const, content: "hello" }];
const weather: Anthropic.Tool = {
  name: "weather",
  description: "The weather",
  input_schema: {
    type: "object",
    properties: { metric: { type: "boolean" } },
    required: ["metric"],
    additionalProperties: false,
  },
};
const textOf = ({ content }: Anthropic.Message): string =>
  content.map((block) => (block.type === "text" ? block.text : "")).join("");

it("creates a message", async () => {
  const message = await client.messages.create({ ...asked, system: "Be brief.", messages: hello });
  expect(textOf(message)).toHaveLength(8);
  expect(message).toMatchObject({ role: "assistant", stop_reason: "max_tokens", usage: { output_tokens: 8 } });
});

it("streams one, whose events add up to the whole", async () => {
  const whole = await client.messages.create({ ...asked, messages: hello, ...greedy });
  const stream = client.messages.stream({ ...asked, messages: hello, ...greedy });
  const pieces: string[] = [];
  stream.on("text", (piece) => void pieces.push(piece));
  const message = await stream.finalMessage();
  expect(pieces.join("")).toBe(textOf(whole));
  expect([textOf(message), message.usage.input_tokens]).toEqual([textOf(whole), whole.usage.input_tokens]);
  expect(message.usage.output_tokens).toBe(8);
});

it("calls a tool that it must call, and goes on with what came of it", async () => {
  const calling = { ...asked, max_tokens: 200, tools: [weather], messages: hello };
  const stream = client.messages.stream({ ...calling, tool_choice: { type: "tool", name: "weather" } });
  const message = await stream.finalMessage();
  const call = message.content.find((block) => block.type === "tool_use")!;
  expect([message.stop_reason, call.name, call.input]).toEqual([
    "tool_use",
    "weather",
    { metric: expect.any(Boolean) },
  ]);
  const result = { type: "tool_result" as const, tool_use_id: call.id, content: "sunny" };
  const next = await client.messages.create({
    ...{ ...asked, tools: [weather] },
    messages: [...hello, { role: "assistant", content: message.content }, { role: "user", content: [result] }],
  });
  expect(next.usage.output_tokens).toBeGreaterThan(0);
});

it("runs tools by itself", async () => {
  const asks: unknown[] = [];
  const runner = client.beta.messages.toolRunner({
    ...{ ...asked, max_tokens: 200, messages: hello, max_iterations: 2 },
    tool_choice: { type: "tool", name: "weather" },
    tools: [
      {
        ...{ ...weather, type: "custom" as const },
        run: (input: unknown) => {
          asks.push(input);
          return "sunny";
        },
        parse: (input: unknown) => input,
      },
    ],
  });
  await runner.runUntilDone();
  expect(asks.length).toBeGreaterThan(0);
  for (const input of asks) expect(input).toEqual({ metric: expect.any(Boolean) });
});

it("parses a reply of a schema", async () => {
  const format = zodOutputFormat(z.object({ old: z.boolean() }));
  const message = await client.messages.parse({
    ...asked,
    max_tokens: 200,
    messages: hello,
    output_config: { format },
  });
  expect(message.parsed_output).toEqual({ old: expect.any(Boolean) });
});

it("three turns, the whole history sent each time, are one conversation: only its end is read", async () => {
  const named = new Anthropic({
    ...{ baseURL: server.url, apiKey: "none", maxRetries: 0 },
    defaultHeaders: { "x-session-id": "anthropic-js" },
  });
  const messages: Anthropic.MessageParam[] = [];
  let held = 0;
  for (const [i, word] of ["one", "two", "three"].entries()) {
    messages.push({ role: "user", content: word });
    const system = `Be brief. It is day ${i}.`;
    const message = await named.messages.create({ ...asked, system, messages });
    const { cache_read_input_tokens: cached, input_tokens, output_tokens } = message.usage;
    if (i > 0) expect(cached).toBeGreaterThan(held);
    expect(message.content).toHaveLength(1);
    held = i === 0 ? 0 : cached!;
    expect(input_tokens + cached! + output_tokens).toBeGreaterThan(held);
    messages.push({ role: "assistant", content: message.content });
  }
});

it("counts tokens", async () => {
  const { input_tokens } = await client.messages.countTokens({ model: "tiny", messages: hello, tools: [weather] });
  const { usage } = await client.messages.create({ ...asked, messages: hello, tools: [weather] });
  expect(input_tokens).toBe(usage.input_tokens + (usage.cache_read_input_tokens ?? 0));
});

it("lists models in its own form, page by page", async () => {
  const ids: string[] = [];
  for await (const { id, type } of client.models.list({ limit: 1 })) ids.push(`${type} ${id}`);
  expect(ids).toEqual(["model tiny"]);
  expect(await client.models.retrieve("tiny")).toMatchObject({ id: "tiny", max_input_tokens: expect.any(Number) });
  await expect(client.models.retrieve("claude")).rejects.toBeInstanceOf(Anthropic.NotFoundError);
});

it("maps errors to its own classes", async () => {
  const failed = (fields: object, from = client) =>
    from.messages.create({ ...asked, messages: hello, ...fields }).then(String, (thrown: unknown) => thrown);
  expect(await failed({ temperature: 3 })).toBeInstanceOf(Anthropic.BadRequestError);
  expect(await failed({ temperature: 3 })).toMatchObject({
    ...{ status: 400, type: "invalid_request_error" },
    message: expect.stringContaining("temperature"),
  });
  expect(await failed({ model: "claude" })).toBeInstanceOf(Anthropic.NotFoundError);
  expect(await failed({ stream: true, temperature: 3 })).toBeInstanceOf(Anthropic.BadRequestError);
});
