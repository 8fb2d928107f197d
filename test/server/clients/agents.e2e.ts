/** OpenAI's Agents SDK and the AI SDK's default provider, which speak the Responses API, against the running server. */
import { createOpenAI } from "@ai-sdk/openai";
import {
  Agent,
  type AgentInputItem,
  tool as agentTool,
  OpenAIConversationsSession,
  OpenAIResponsesModel,
  run,
  setTracingDisabled,
} from "@openai/agents";
import { generateObject, generateText, type ModelMessage, streamText, tool } from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ToyServer, toyServer } from "../../support/toy-server.ts";

let server: ToyServer;
let client: OpenAI;
beforeAll(async () => {
  setTracingDisabled(true);
  server = await toyServer();
  client = new OpenAI({ baseURL: `${server.url}/v1`, apiKey: "none", maxRetries: 0 });
});
afterAll(() => server.stop());

const metric = z.object({ metric: z.boolean() });
const old = z.object({ old: z.boolean() });

describe("@openai/agents", () => {
  const asks: unknown[] = [];
  const weather = agentTool({
    name: "weather",
    description: "The weather",
    parameters: metric,
    execute: async (input) => {
      asks.push(input);
      return "sunny";
    },
  });
  /**
   * A tiny model does not end by itself, and the SDK takes a reply that its limit cut off for a failure: so it ends at
   * letters that no call and no object here has.
   */
  const ending = { maxTokens: 400, providerData: { stop: ["k", "q", "v", "z"], seed: 1, temperature: 1 } };
  const agent = ({ modelSettings = {}, ...fields }: { modelSettings?: object; [field: string]: unknown } = {}) =>
    new Agent({
      ...{ name: "Ada", instructions: "Be brief.", model: new OpenAIResponsesModel(client as never, "tiny") },
      modelSettings: { ...ending, ...modelSettings },
      ...(fields as object),
    });

  it("answers, and streams the same", async () => {
    const { finalOutput } = await run(agent(), "hello");
    expect(finalOutput).not.toBe("");
    const stream = await run(agent(), "hello", { stream: true });
    let text = "";
    for await (const piece of stream.toTextStream()) text += piece;
    await stream.completed;
    expect([text, stream.finalOutput]).toEqual([finalOutput, finalOutput]);
  });

  it("calls a tool that it must call, and goes on with what came of it", async () => {
    asks.length = 0;
    const modelSettings = { toolChoice: "required", parallelToolCalls: false };
    const calling = agent({ tools: [weather], modelSettings, toolUseBehavior: "run_llm_again" });
    const result = await run(calling, "hello", { maxTurns: 4 });
    expect(asks[0]).toEqual({ metric: expect.any(Boolean) });
    expect(result.newItems.map(({ type }) => type)).toContain("tool_call_output_item");
  });

  it("gives an object of a schema", async () => {
    const { finalOutput } = await run(agent({ outputType: old }), "hello");
    expect(finalOutput).toEqual({ old: expect.any(Boolean) });
  });

  it.each([
    ["a conversation", async () => ({ conversationId: (await client.conversations.create()).id })],
    ["the response before", async () => ({})],
    ["the history sent again", async () => undefined],
  ])("three turns with instructions in %s", async (_, begin) => {
    const place = await begin();
    let before: string | undefined;
    let history: AgentInputItem[] = [];
    for (const word of ["one", "two", "three"]) {
      const input = place ? word : [...history, { role: "user" as const, content: word }];
      const options = place && !("conversationId" in place) && before ? { previousResponseId: before } : place;
      const result = await run(agent({ instructions: `Answer ${word}.` }), input, options);
      expect(result.finalOutput).toBeTypeOf("string");
      before = result.lastResponseId;
      history = result.history;
      const [usage] = result.state.usage.inputTokensDetails as { cached_tokens?: number }[];
      if (place && word !== "one") expect(usage!.cached_tokens).toBeGreaterThan(0);
    }
  });

  it("keeps a session in a conversation of the server, tools among its turns", async () => {
    const session = new OpenAIConversationsSession({ client: client as never });
    const modelSettings = { toolChoice: "required", parallelToolCalls: false };
    await run(agent(), "one", { session });
    await run(agent({ tools: [weather], modelSettings }), "two", { session, maxTurns: 4 });
    const { finalOutput } = await run(agent(), "three", { session });
    expect(finalOutput).toBeTypeOf("string");
    expect((await session.getItems()).length).toBeGreaterThanOrEqual(8);
  });
});

describe("@ai-sdk/openai", () => {
  const model = () => createOpenAI({ baseURL: `${server.url}/v1`, apiKey: "none" })("tiny");
  const quiet = { maxRetries: 0, maxOutputTokens: 8 };
  const weather = tool({ description: "The weather", inputSchema: metric, execute: async () => "sunny" });

  it("generates and streams", async () => {
    const { text, usage } = await generateText({ ...quiet, model: model(), prompt: "hello" });
    expect([text.length, usage.outputTokens]).toEqual([8, 8]);
    const stream = streamText({ ...quiet, model: model(), prompt: "hello" });
    const pieces: string[] = [];
    for await (const piece of stream.textStream) pieces.push(piece);
    expect(pieces.join("")).toHaveLength(8);
    expect((await stream.usage).outputTokens).toBe(8);
  });

  it("generates an object of a schema", async () => {
    const { object } = await generateObject({
      ...quiet,
      maxOutputTokens: 200,
      model: model(),
      prompt: "hello",
      schema: old,
    });
    expect(object).toEqual({ old: expect.any(Boolean) });
  });

  it.each([
    ["items by their ids", () => ({})],
    ["nothing kept", () => ({ store: false })],
    ["a conversation", async () => ({ conversation: (await client.conversations.create()).id })],
    ["the response before", (before?: string) => (before ? { previousResponseId: before } : {})],
  ])("three turns with tools and instructions: %s", async (_, place) => {
    const messages: ModelMessage[] = [];
    const options: Record<string, unknown> = { ...(await place()) };
    let before: string | undefined;
    for (const word of ["one", "two", "three"]) {
      const user: ModelMessage = { role: "user", content: word };
      messages.push(user);
      const own = _ === "the response before" ? await place(before) : options;
      const isAlone = "conversation" in own || "previousResponseId" in own;
      const result = await generateText({
        ...{ ...quiet, maxOutputTokens: 100, model: model(), system: `Answer ${word}.`, tools: { weather } },
        messages: isAlone ? [user] : messages,
        providerOptions: { openai: { ...own, parallelToolCalls: false } as never },
        prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? "required" : "auto" }),
        stopWhen: ({ steps }) => steps.length === 2,
      });
      expect(result.steps.map(({ toolResults }) => toolResults.length)).toEqual([1, 0]);
      expect(result.steps[0]!.toolResults[0]!.output).toBe("sunny");
      messages.push(...result.response.messages);
      before = result.providerMetadata?.openai?.responseId as string;
    }
  });
});
