/** Vercel's AI SDK and LangChain against the running server, as their users write it. */
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool as langTool } from "@langchain/core/tools";
import { ChatOpenAI } from "@langchain/openai";
import { generateObject, generateText, jsonSchema, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

let server: ToyServer;
beforeAll(async () => {
  server = await toyServer();
});
afterAll(() => server.stop());

const person = {
  type: "object",
  properties: { old: { type: "boolean" } },
  required: ["old"],
  additionalProperties: false,
} as const;

describe("S16: AI SDK", () => {
  const model = (settings = {}) =>
    createOpenAICompatible({
      name: "rivulet",
      baseURL: `${server.url}/v1`,
      supportsStructuredOutputs: true,
      includeUsage: true,
      ...settings,
    })("tiny");
  const quiet = { maxRetries: 0 };

  it("generates and streams text, with usage", async () => {
    const { text, usage, finishReason } = await generateText({
      ...quiet,
      model: model(),
      prompt: "hello",
      maxOutputTokens: 8,
    });
    expect([text.length, usage.outputTokens, finishReason]).toEqual([8, 8, "length"]);
    const stream = streamText({ ...quiet, model: model(), prompt: "hello", maxOutputTokens: 8, seed: 1 });
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.join("")).toHaveLength(8);
    expect((await stream.usage).outputTokens).toBe(8);
  });

  it("runs a tool and goes on with its answer", async () => {
    const asked: unknown[] = [];
    const weather = tool({
      description: "The weather",
      inputSchema: z.object({ metric: z.boolean() }),
      execute: async (input) => {
        asked.push(input);
        return "sunny";
      },
    });
    const { steps } = await generateText({
      ...{ ...quiet, model: model(), prompt: "hello", tools: { weather }, maxOutputTokens: 200, seed: 3 },
      toolChoice: "required",
      providerOptions: { rivulet: { parallel_tool_calls: false } },
      stopWhen: ({ steps: taken }) => taken.length === 2,
    });
    expect(asked[0]).toEqual({ metric: expect.any(Boolean) });
    expect(steps).toHaveLength(2);
  });

  it("generates an object of a schema", async () => {
    const { object } = await generateObject({
      ...quiet,
      model: model(),
      prompt: "hello",
      schema: jsonSchema<{ old: boolean }>(person),
    });
    expect(object).toEqual({ old: expect.any(Boolean) });
  });

  it("keeps a session by a header, so that a sent history is not computed again", async () => {
    const headers = { "x-session-id": "ai-sdk" };
    const first = await generateText({ ...quiet, model: model(), headers, prompt: "one", maxOutputTokens: 6 });
    const second = await generateText({
      ...{ ...quiet, model: model(), headers, maxOutputTokens: 6 },
      messages: [{ role: "user", content: "one" }, ...first.response.messages, { role: "user", content: "two" }],
    });
    expect(second.usage.inputTokenDetails.cacheReadTokens).toBe(first.usage.totalTokens! - 1);
  });
});

describe("S16: LangChain", () => {
  const model = (fields = {}) =>
    new ChatOpenAI({
      model: "tiny",
      apiKey: "none",
      maxRetries: 0,
      maxTokens: 8,
      configuration: { baseURL: `${server.url}/v1` },
      ...fields,
    });

  it("invokes and streams", async () => {
    const reply = await model().invoke("hello");
    expect([String(reply.content).length, reply.usage_metadata?.output_tokens]).toEqual([8, 8]);
    const pieces: string[] = [];
    for await (const chunk of await model().stream("hello")) pieces.push(String(chunk.content));
    expect(pieces.join("")).toHaveLength(8);
  });

  it("binds tools and takes their answers", async () => {
    const weather = langTool(async () => "sunny", {
      name: "weather",
      description: "The weather",
      schema: z.object({ metric: z.boolean() }),
    });
    const bound = model({ maxTokens: 200 }).bindTools([weather], {
      tool_choice: "required",
      parallel_tool_calls: false,
    });
    const call = await bound.invoke("hello");
    expect(call.tool_calls).toMatchObject([{ name: "weather", args: { metric: expect.any(Boolean) } }]);
    const answer = new ToolMessage({ content: "sunny", tool_call_id: call.tool_calls![0]!.id! });
    const reply = await model()
      .bindTools([weather])
      .invoke([new HumanMessage("hello"), call, answer]);
    expect(reply.usage_metadata!.output_tokens).toBeGreaterThan(0);
  });

  it("gives structured output", async () => {
    const old = model({ maxTokens: 200 }).withStructuredOutput(z.object({ old: z.boolean() }), {
      name: "person",
      method: "jsonSchema",
    });
    expect(await old.invoke("hello")).toEqual({ old: expect.any(Boolean) });
  });

  it("speaks the Responses API and goes on from an earlier response", async () => {
    const responses = model({ useResponsesApi: true });
    const first = await responses.invoke("one");
    const second = await responses.invoke([new HumanMessage("two")], {
      previous_response_id: first.response_metadata.id as string,
    } as never);
    expect(second.usage_metadata!.input_token_details!.cache_read).toBe(first.usage_metadata!.total_tokens - 1);
    const pieces: string[] = [];
    for await (const chunk of await responses.stream("hello")) pieces.push(chunk.text);
    expect(pieces.join("")).toHaveLength(8);
  });
});
