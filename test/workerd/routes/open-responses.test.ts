/**
 * The cases of Open Responses (openresponses.org, 2026-04-24), all but those with images and files, with prompts of our
 * own: each reply and each event has every field of the specification, in its type.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { weights } from "../../../durable-objects/model/served-model.ts";
import { http } from "../../support/chat-client.ts";
import { toyServed } from "../../support/toy-served.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes
type Json = any;
beforeAll(async () => {
  await weights.get(async () => toyServed({ contextLength: 4000 }));
});

const text = z.string();
const whole = z.int().min(0);
const itemStatus = z.enum(["in_progress", "completed", "incomplete"]);
const outputText = z.object({
  type: z.literal("output_text"),
  text,
  annotations: z.array(z.unknown()),
  logprobs: z.array(z.unknown()),
});
const message = z.object({
  ...{ type: z.literal("message"), id: text, status: itemStatus, role: z.literal("assistant") },
  content: z.array(outputText),
});
const call = z.object({
  ...{ type: z.literal("function_call"), id: text, call_id: text, name: text, arguments: text },
  status: itemStatus,
});
const item = z.discriminatedUnion("type", [message, call]);
const functionTool = z.object({
  ...{ type: z.literal("function"), name: text, description: text.nullable() },
  parameters: z.record(text, z.unknown()).nullable(),
  strict: z.boolean().nullable(),
});
const named = z.object({ type: z.literal("function"), name: text });
const format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    ...{ type: z.literal("json_schema"), name: text, description: text.nullable() },
    ...{ schema: z.null(), strict: z.boolean() },
  }),
]);
const usage = z.object({
  ...{ input_tokens: whole, output_tokens: whole, total_tokens: whole },
  input_tokens_details: z.object({ cached_tokens: whole }),
  output_tokens_details: z.object({ reasoning_tokens: whole }),
});
/** ResponseResource. */
const response = z.object({
  ...{ id: text, object: z.literal("response"), created_at: whole, completed_at: whole.nullable(), model: text },
  status: z.enum(["completed", "failed", "in_progress", "cancelled", "queued", "incomplete"]),
  incomplete_details: z.object({ reason: text }).nullable(),
  error: z.object({ code: text, message: text }).nullable(),
  ...{ previous_response_id: text.nullable(), instructions: text.nullable(), output: z.array(item) },
  ...{ tools: z.array(functionTool), truncation: z.enum(["auto", "disabled"]), parallel_tool_calls: z.boolean() },
  tool_choice: z.union([
    z.enum(["none", "auto", "required"]),
    named,
    z.object({ type: z.literal("allowed_tools"), mode: text, tools: z.array(named) }),
  ]),
  text: z.object({ format }),
  ...{ top_p: z.number(), temperature: z.number(), presence_penalty: z.number(), frequency_penalty: z.number() },
  ...{ top_logprobs: whole, max_output_tokens: whole.nullable(), max_tool_calls: whole.nullable() },
  reasoning: z.object({ effort: text.nullable(), summary: text.nullable() }).nullable(),
  ...{ usage: usage.nullable(), store: z.boolean(), background: z.boolean(), service_tier: text },
  ...{ metadata: z.record(text, text), safety_identifier: text.nullable(), prompt_cache_key: text.nullable() },
});
const at = { sequence_number: whole, output_index: whole };
const inItem = { ...at, item_id: text };
const inPart = { ...inItem, content_index: whole };
const state = (type: string) => z.object({ type: z.literal(type), sequence_number: whole, response });
const event = z.discriminatedUnion("type", [
  ...(["created", "in_progress", "completed", "incomplete", "failed"].map((name) => state(`response.${name}`)) as [
    ReturnType<typeof state>,
  ]),
  z.object({ type: z.literal("response.output_item.added"), ...at, item }),
  z.object({ type: z.literal("response.output_item.done"), ...at, item }),
  z.object({ type: z.literal("response.content_part.added"), ...inPart, part: outputText }),
  z.object({ type: z.literal("response.content_part.done"), ...inPart, part: outputText }),
  z.object({ type: z.literal("response.output_text.delta"), ...inPart, delta: text, logprobs: z.array(z.unknown()) }),
  z.object({ type: z.literal("response.output_text.done"), ...inPart, text, logprobs: z.array(z.unknown()) }),
  z.object({ type: z.literal("response.function_call_arguments.delta"), ...inItem, delta: text }),
  z.object({ type: z.literal("response.function_call_arguments.done"), ...inItem, arguments: text }),
]);

/** The model has no end of its own: it ends at one of these. */
const ending = { model: "tiny", stop: ["e", "a", "o"], max_output_tokens: 400 };
const calling = { model: "tiny", max_output_tokens: 400, parallel_tool_calls: false };
const post = (path: string, body: object) => http(`/v1${path}`, { body });
async function respond(fields: object): Promise<Json> {
  const reply = await post("/responses", fields);
  expect(reply.status).toBe(200);
  const body = await reply.json();
  expect(response.safeParse(body).error?.issues).toBeUndefined();
  return body;
}
/** Events up to `[DONE]`, and the response that they end with. */
async function stream(fields: object): Promise<{ events: Json[]; last: Json }> {
  const reply = await post("/responses", { ...fields, stream: true });
  expect(reply.headers.get("content-type")).toMatch(/^text\/event-stream/);
  const blocks = (await reply.text()).split("\n\n").filter(Boolean);
  const data = blocks.map((block) => /^data: (.*)$/m.exec(block)![1]!);
  expect(data.at(-1)).toBe("[DONE]");
  const events = data.slice(0, -1).map((line) => JSON.parse(line));
  for (const one of events) expect(event.safeParse(one).error?.issues, JSON.stringify(one)).toBeUndefined();
  const names = blocks.slice(0, -1).map((block) => /^event: (.*)$/m.exec(block)?.[1]);
  expect(names).toEqual(events.map(({ type }) => type));
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, n) => n));
  return { events, last: events.at(-1).response };
}
const user = (content: string) => ({ type: "message", role: "user", content });
const tool = {
  type: "function",
  name: "find_ship",
  description: "Where a ship is",
  parameters: {
    type: "object",
    properties: { flag: { type: "string", enum: ["red", "blue"], description: "The colour of its flag" } },
    required: ["flag"],
  },
};

describe("Open Responses", () => {
  it("basic text", async () => {
    const reply = await respond({ ...ending, input: [user("Name two rivers.")] });
    expect([reply.status, reply.output.length]).toEqual(["completed", 1]);
    expect(reply.completed_at).toBeGreaterThanOrEqual(reply.created_at);
  });

  it("streaming", async () => {
    const { events, last } = await stream({ ...ending, input: [user("Count the bridges.")] });
    expect(last.status).toBe("completed");
    const said = events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta);
    expect(said.join("")).toBe(last.output[0].content[0].text);
  });

  it.each(["system", "developer"])("a %s prompt", async (role) => {
    const rule = { type: "message", role, content: "Answer as a ferryman." };
    const reply = await respond({ ...ending, input: [rule, user("Greet me.")] });
    expect([reply.status, reply.output.length]).toEqual(["completed", 1]);
  });

  it("several turns in one input, an assistant's with its phase", async () => {
    const said = { type: "message", role: "assistant", content: "Hello, Noor.", phase: "final_answer" };
    const reply = await respond({ ...ending, input: [user("I am Noor."), said, user("Who am I?")] });
    expect(reply.status).toBe("completed");
  });

  it("several turns by the response before", async () => {
    const first = await respond({ ...ending, input: "I am Noor." });
    const second = await respond({ ...ending, input: "Who am I?", previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    expect(second.usage.input_tokens_details.cached_tokens).toBe(first.usage.total_tokens - 1);
  });

  it("tool calling", async () => {
    const reply = await respond({ ...calling, input: [user("Where is it?")], tools: [tool], tool_choice: "required" });
    const [made] = reply.output;
    expect([made.type, made.name, reply.status]).toEqual(["function_call", "find_ship", "completed"]);
    expect(["red", "blue"]).toContain(JSON.parse(made.arguments).flag);
    const output = { type: "function_call_output", call_id: made.call_id, output: "In the bay." };
    const after = await respond({ ...ending, input: [user("Where is it?"), made, output], tools: [tool] });
    expect(after.output.length).toBeGreaterThan(0);
  });

  it("tool calling, streamed", async () => {
    const { events, last } = await stream({
      ...calling,
      input: "Where is it?",
      tools: [tool],
      tool_choice: "required",
    });
    const types = events.map(({ type }) => type);
    for (const name of ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done"])
      expect(types).toContain(`response.${name}`);
    const done = events.find(({ type }) => type === "response.output_item.done");
    expect(done.item).toEqual(last.output[0]);
    const said = events.filter(({ type }) => type.endsWith("arguments.delta")).map(({ delta }) => delta);
    expect(said.join("")).toBe(done.item.arguments);
  });

  it.each([
    ["by name", { type: "function", name: "find_ship" }],
    [
      "among those that are allowed",
      { type: "allowed_tools", mode: "required", tools: [{ type: "function", name: "find_ship" }] },
    ],
    [
      "among those that are allowed, without a mode",
      { type: "allowed_tools", tools: [{ type: "function", name: "find_ship" }] },
    ],
  ])("a tool is chosen %s", async (_, tool_choice) => {
    const other = { ...tool, name: "sink_ship" };
    const reply = await respond({ ...calling, input: "Where is it?", tools: [tool, other], tool_choice });
    expect(reply.output.map(({ name }: Json) => name)).not.toContain("sink_ship");
  });

  it("structured text", async () => {
    const schema = { ...tool.parameters, additionalProperties: false };
    const shape = { format: { type: "json_schema", name: "ship", schema, strict: true } };
    const reply = await respond({ ...calling, input: "Which?", text: shape });
    expect(["red", "blue"]).toContain(JSON.parse(reply.output[0].content[0].text).flag);
  });

  it("a reply that its limit ends is incomplete", async () => {
    const reply = await respond({ model: "tiny", input: "Go on.", max_output_tokens: 16 });
    expect(reply).toMatchObject({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } });
    const { last } = await stream({ model: "tiny", input: "Go on.", max_output_tokens: 16 });
    expect([last.status, last.completed_at]).toEqual(["incomplete", null]);
  });

  it("compaction", async () => {
    const first = await respond({ ...ending, input: "I am Noor." });
    const compacted = await (
      await post("/responses/compact", { model: "tiny", previous_response_id: first.id })
    ).json();
    const resource = z.object({
      ...{ id: text, object: z.literal("response.compaction"), created_at: whole, usage },
      output: z.array(z.object({ type: z.literal("compaction"), id: text, encrypted_content: text })),
    });
    expect(resource.safeParse(compacted).error?.issues).toBeUndefined();
    const { output } = compacted as Json;
    const reply = await respond({ ...ending, input: [...output, user("Who am I?")] });
    expect(reply.usage.input_tokens_details.cached_tokens).toBe(first.usage.total_tokens - 1);
  });

  it("over a WebSocket, with a turn that goes on from the one before", async () => {
    const opened = await http("/v1/responses", { headers: { upgrade: "websocket" } });
    const socket = opened.webSocket!;
    const frames: Json[] = [];
    socket.accept();
    socket.addEventListener("message", ({ data }) => void frames.push(JSON.parse(String(data))));
    const ask = async (fields: object): Promise<Json> => {
      frames.length = 0;
      socket.send(JSON.stringify({ type: "response.create", ...ending, ...fields }));
      await expect.poll(() => frames.at(-1)?.type, { timeout: 20_000 }).toBe("response.completed");
      for (const frame of frames) expect(event.safeParse(frame).error?.issues).toBeUndefined();
      return frames.at(-1).response;
    };
    const first = await ask({ input: [user("I am Noor.")] });
    const second = await ask({ input: [user("Who am I?")], previous_response_id: first.id });
    expect(second.usage.input_tokens_details.cached_tokens).toBe(first.usage.total_tokens - 1);
    const unkept = await ask({ input: "Once.", store: false });
    expect(unkept.store).toBe(false);
    socket.close();
  });
});
