import { reset } from "cloudflare:test";
import { afterEach, describe, expect, it } from "vitest";
import { type ErrorReply, events, http, say, send } from "../../support/chat-client.ts";

// biome-ignore lint/suspicious/noExplicitAny: -- replies of many shapes are looked into
type Json = any;
afterEach(() => reset());

const person = {
  type: "object",
  properties: {
    name: { type: "string", maxLength: 12 },
    age: { type: "integer", minimum: 0, maximum: 150 },
    tags: { type: "array", items: { enum: ["a", "b"] }, minItems: 1, maxItems: 3 },
  },
  required: ["name", "age", "tags"],
  additionalProperties: false,
};
const format = { type: "json_schema", json_schema: { name: "person", strict: true, schema: person } };
const now = { type: "function", function: { name: "now" } };
const tools = [
  { type: "function", function: { name: "find", description: "Finds a person", parameters: person } },
  now,
];
const isPerson = (value: unknown) => {
  const { name, age, tags } = value as Json;
  expect(Object.keys(value as object)).toEqual(["name", "age", "tags"]);
  expect(typeof name).toBe("string");
  expect(Number.isInteger(age) && age >= 0 && age <= 150).toBe(true);
  expect(tags.length >= 1 && tags.length <= 3 && tags.every((tag: unknown) => tag === "a" || tag === "b")).toBe(true);
};
const ask = async (fields: object): Promise<Json> => {
  const response = await send({ model: "tiny", max_tokens: 600, messages: [say("Who is it?")], ...fields });
  const text = await response.text();
  expect(response.status, text).toBe(200);
  return JSON.parse(text);
};

describe("response_format", () => {
  it.each([0, 1.5])(
    "json_schema: the reply is JSON of the schema, whole and streamed (temperature %s)",
    async (temperature) => {
      const fields = { response_format: format, temperature, seed: 7 };
      const whole = (await ask(fields)).choices[0];
      expect(whole.finish_reason).toBe("stop");
      isPerson(JSON.parse(whole.message.content));
      const stream = await events(
        await send({ model: "tiny", max_tokens: 600, messages: [say("Who is it?")], ...fields, stream: true }),
      );
      expect(stream.map(({ data }) => data.choices?.[0]?.delta.content ?? "").join("")).toBe(whole.message.content);
    },
  );

  it("json_object: the reply is an object", async () => {
    const { message, finish_reason } = (
      await ask({ response_format: { type: "json_object" }, temperature: 2, seed: 3, logit_bias: { 34: 3, 125: 8 } })
    ).choices[0];
    expect(finish_reason).toBe("stop");
    expect(JSON.parse(message.content)).toBeTypeOf("object");
  });

  it("is cut with length at the token limit", async () => {
    const { message, finish_reason } = (await ask({ response_format: format, max_tokens: 5 })).choices[0];
    expect([finish_reason, message.content]).toEqual(["length", message.content.slice(0, 5)]);
  });

  it("refuses a keyword that is not supported, by name", async () => {
    const schema = { ...person, properties: { ...person.properties, x: { not: { format: "date" } } } };
    const response = await send({
      model: "tiny",
      messages: [say("x")],
      response_format: { type: "json_schema", json_schema: { name: "a", strict: true, schema } },
    });
    const { error } = (await response.json()) as ErrorReply;
    expect([response.status, error.param]).toEqual([400, "response_format.json_schema.schema.properties.x.not"]);
  });
});

describe("tools", () => {
  const named = { tools, tool_choice: { type: "function", function: { name: "find" } } };

  it("a named one is called with arguments of its schema, streamed in pieces", async () => {
    const whole = (await ask(named)).choices[0];
    expect(whole.finish_reason).toBe("tool_calls");
    expect(whole.message.content).toBeNull();
    const [call] = whole.message.tool_calls;
    expect(call).toMatchObject({ id: expect.stringMatching(/^call_/), type: "function", function: { name: "find" } });
    isPerson(JSON.parse(call.function.arguments));

    const stream: Json[] = await events(
      await send({ model: "tiny", max_tokens: 600, messages: [say("Who is it?")], ...named, stream: true }),
    );
    const entries = stream.flatMap(({ data }) => data.choices?.[0]?.delta.tool_calls ?? []);
    expect(entries[0]).toMatchObject({
      index: 0,
      id: expect.stringMatching(/^call_/),
      type: "function",
      function: { name: "find" },
    });
    expect(entries.length).toBeGreaterThan(10);
    expect(entries.map((entry: Json) => entry.function.arguments).join("")).toBe(call.function.arguments);
    expect(stream.flatMap(({ data }) => data.choices?.[0]?.finish_reason ?? [])).toEqual(["tool_calls"]);
    expect(stream.some(({ data }) => data.choices?.[0]?.delta.content)).toBe(false);
  });

  it("one of them must be called where a call is required; none can be where none is wanted", async () => {
    const must = (await ask({ tools, tool_choice: "required", parallel_tool_calls: false, temperature: 1, seed: 5 }))
      .choices[0];
    expect(must.message.tool_calls).toHaveLength(1);
    expect(["find", "now"]).toContain(must.message.tool_calls[0].function.name);
    const never = (await ask({ tools, tool_choice: "none", max_tokens: 20 })).choices[0];
    expect(never.message).not.toHaveProperty("tool_calls");
    expect(never.finish_reason).toBe("length");
  });

  it("the model hears of them, and of what a call gave", async () => {
    const plain = (await ask({ max_tokens: 1 })).usage.prompt_tokens;
    const told = await ask({ tools, max_tokens: 1 });
    expect(told.usage.prompt_tokens).toBeGreaterThan(plain + JSON.stringify(tools[0]!.function).length);
    const session = { conversation: "calls", ...named };
    const first = await ask(session);
    const answer = { role: "tool", tool_call_id: first.choices[0].message.tool_calls[0].id, content: "Ada" };
    const history = [say("Who is it?"), first.choices[0].message, answer];
    const next = await ask({ conversation: "calls", messages: history, max_tokens: 3 });
    expect(next.timings.state).toBe("resumed");
    expect(next.timings.prefill_tokens).toBeLessThan(60);
  });
});

it("a conversation's model hears of the same tools once, whatever turns without them come between", async () => {
  const turn = async (conversation: string, fields: object): Promise<number> =>
    (await ask({ conversation, max_tokens: 3, temperature: 0, ...fields })).timings.prefill_tokens;
  const one = { tools: [now] };
  const other = { tools: [{ type: "function", function: { name: "then" } }] };
  const told = await turn("told", one);
  const plain = await turn("plain", {});
  expect(told).toBeGreaterThan(plain + 100);
  const silent = [{ ...one, tool_choice: "none" }, {}, one];
  const again: number[] = [];
  for (const fields of silent) again.push(await turn("told", fields));
  expect(Math.max(...again)).toBeLessThan(plain + 20);
  expect(await turn("told", other)).toBeGreaterThan(plain + 100);
  expect(await turn("told", {})).toBeLessThan(plain + 20);
  expect(await turn("told", one)).toBeGreaterThan(plain + 100);
});

const get = async (path: string): Promise<Json> => (await http(`/v1/${path}`)).json();

describe("a kept turn", () => {
  const find = { tools, tool_choice: { type: "function", function: { name: "find" } }, seed: 11 };

  it("is told again with the same calls, as a reply and as items", async () => {
    const reply = await ask({ ...find, conversation: "e" });
    const [call] = reply.choices[0].message.tool_calls;
    expect((await get(`chat/completions/${reply.id}`)).choices).toEqual(reply.choices);
    const answer = { role: "tool", tool_call_id: call.id, content: "Ada" };
    await ask({ conversation: "e", messages: [answer], max_tokens: 2 });
    const { data } = await get("conversations/e/items?order=asc");
    expect(data.map(({ type }: Json) => type)).toEqual(["message", "function_call", "function_call_output", "message"]);
    expect(data[1]).toMatchObject({ call_id: call.id, name: "find", arguments: call.function.arguments });
    expect(data[2]).toMatchObject({ call_id: call.id, output: "Ada" });
  });
});
