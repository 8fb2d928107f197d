import { describe, expect, it } from "vitest";
import { pathsOf } from "../../../src/api/chat/reply-shape.ts";
import { chatRequest, chatTurn } from "../../../src/api/chat/request.ts";
import { encoderFor } from "../../../src/api/encoders.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import type { TurnEvent } from "../../../src/api/shared/turn.ts";
import { checkShape } from "../../../src/constrain/constraint-for.ts";
import { replyText } from "../../../src/constrain/reply/reply-grammar.ts";
import { Failure } from "../../../src/core/failure.ts";
import { end, type Json, KEY, logged, start, token } from "../turn-events.ts";

const user = { role: "user", content: "hi" };
const turn = (fields: object) => chatTurn(parse({ model: "m", messages: [user], ...fields }, chatRequest));
const checked = async (fields: object) => {
  const asked = parse({ model: "m", messages: [user], ...fields }, chatRequest);
  return checkShape(chatTurn(asked), pathsOf(asked));
};
const tool = (name: string, more: object = {}) => ({ type: "function", function: { name, ...more } });
const allow = (mode: string, ...names: string[]) => ({
  tool_choice: { type: "allowed_tools", allowed_tools: { mode, tools: names.map((name) => tool(name)) } },
});
const call = (id: string) => ({ id, type: "function", function: { name: "a", arguments: '{"x":1}' } });
const answer = { role: "assistant", content: null, tool_calls: [call("call_1")] };
const format = (json_schema: object) => ({ response_format: { type: "json_schema", json_schema } });
const long = "x".repeat(1_000_001);

const invalid: [what: string, fields: object, param: string][] = [
  ["an unknown format", { response_format: { type: "xml" } }, "response_format.type"],
  ["a schema without a name", format({ schema: {} }), "response_format.json_schema.name"],
  ["no schema", format({ name: "a" }), "response_format.json_schema.schema"],
  ["a schema that is a list", format({ name: "a", schema: [] }), "response_format.json_schema.schema"],
  [
    "a schema that is too long",
    format({ name: "a", schema: { description: long } }),
    "response_format.json_schema.schema",
  ],
  [
    "a keyword that is not supported",
    format({ name: "a", strict: true, schema: { properties: { x: { not: { format: "date" } } } } }),
    "response_format.json_schema.schema.properties.x.not",
  ],
  [
    "a schema of a mere object that says nothing",
    { response_format: { type: "json_object", schema: { $ref: "#/no" } } },
    "response_format.schema.$ref",
  ],
  ["an unknown field of a format", format({ name: "a", schema: {}, extra: 1 }), "response_format.json_schema.extra"],
  [
    "a choice of a tool that was left out",
    { tools: [{ type: "custom" }], tool_choice: { type: "custom" } },
    "tool_choice.type",
  ],
  ["a call where all tools were left out", { tools: [{ type: "custom" }], tool_choice: "required" }, "tool_choice"],
  ["a name with a space", { tools: [tool("a b")] }, "tools[0].function.name"],
  ["a name with a line end (H2)", { tools: [tool("a\n")] }, "tools[0].function.name"],
  ["a name of 129 letters", { tools: [tool("a".repeat(129))] }, "tools[0].function.name"],
  ["a name twice", { tools: [tool("a"), tool("a")] }, "tools"],
  ["129 tools", { tools: Array.from({ length: 129 }, (_, i) => tool(`t${i}`)) }, "tools"],
  [
    "a parameter that is not supported",
    { tools: [tool("a"), tool("b", { strict: true, parameters: { properties: { x: { format: "colour" } } } })] },
    "tools[1].function.parameters.properties.x.format",
  ],
  ["a description that is too long", { tools: [tool("a", { description: long })] }, "tools[0].function.description"],
  ["a choice without tools", { tool_choice: "required" }, "tool_choice"],
  ["a choice that is no tool", { tools: [tool("a")], tool_choice: tool("b") }, "tool_choice"],
  ["an allowed tool that is not there", { tools: [tool("a")], ...allow("auto", "a", "b") }, "tool_choice"],
  ["an unknown mode of allowed tools", { tools: [tool("a")], ...allow("none", "a") }, "tool_choice.allowed_tools.mode"],
  ["no allowed tool", { tools: [tool("a")], ...allow("auto") }, "tool_choice.allowed_tools.tools"],
  ["an unknown choice", { tools: [tool("a")], tool_choice: "any" }, "tool_choice"],
  ["parallel calls that are no boolean", { tools: [tool("a")], parallel_tool_calls: 1 }, "parallel_tool_calls"],
  [
    "an assistant without a word",
    { messages: [user, { role: "assistant", content: null }, user] },
    "messages[1].content",
  ],
  [
    "a call without an id",
    { messages: [user, { ...answer, tool_calls: [{ ...call(""), id: undefined }] }, user] },
    "messages[1].tool_calls[0].id",
  ],
  [
    "an answer to no call",
    { messages: [user, answer, { role: "tool", content: "1", tool_call_id: "call_2" }] },
    "messages[2].tool_call_id",
  ],
  ["an answer without an id", { messages: [user, answer, { role: "tool", content: "1" }] }, "messages[2].tool_call_id"],
  [
    "an answer before its call",
    { messages: [user, { role: "tool", content: "1", tool_call_id: "call_1" }, answer, user] },
    "messages[1].tool_call_id",
  ],
];

describe("POST /v1/chat/completions", () => {
  it.each(invalid)("refuses %s, naming the field", async (_, fields, param) => {
    let thrown: unknown;
    try {
      await checked(fields);
    } catch (failure) {
      thrown = failure;
    }
    expect(thrown).toBeInstanceOf(Failure);
    expect(thrown, (thrown as Failure).message).toMatchObject({ code: "request_invalid", param });
    expect((thrown as Failure).message.startsWith(`${param}: `)).toBe(true);
  });

  it("takes formats, tools and choices", () => {
    const schema = { type: "object", properties: { a: { type: "integer" } } };
    expect(turn({ response_format: { type: "text" } })).not.toHaveProperty("format");
    expect(turn({ response_format: { type: "json_object" } }).format).toEqual({ type: "json_object" });
    // As llama.cpp's clients, and Instructor's for JavaScript, say what the object is.
    expect(turn({ response_format: { type: "json_object", schema } }).format).toEqual({
      ...{ type: "json_schema", name: "object", schema, strict: false },
    });
    expect(turn(format({ name: "a", schema, strict: true })).format).toEqual({
      type: "json_schema",
      name: "a",
      schema,
      strict: true,
    });
    const tools = [tool("a", { description: "d", parameters: schema, strict: true }), tool("b")];
    expect(turn({ tools, tool_choice: tool("b"), parallel_tool_calls: false })).toMatchObject({
      tools: [{ name: "a", description: "d", parameters: schema }, { name: "b" }],
      toolChoice: { name: "b" },
      parallelToolCalls: false,
    });
    expect(turn({ tools: [] })).not.toHaveProperty("tools");
  });

  it("takes allowed tools", () => {
    const tools = [tool("a"), tool("b"), tool("c")];
    expect(turn({ tools, ...allow("required", "a", "c") })).toMatchObject({
      tools: [{ name: "a" }, { name: "b" }, { name: "c" }],
      toolChoice: "required",
      allowedTools: ["a", "c"],
    });
  });

  it("reads calls and answers of a history as what the model wrote", () => {
    const { messages } = turn({
      messages: [
        user,
        { ...answer, content: "So. ", tool_calls: [call("1"), call("2")] },
        { role: "tool", content: "3", tool_call_id: "2" },
      ],
    });
    expect(messages[1]).toEqual({
      role: "assistant",
      content: replyText("So. ", [call("").function, call("").function]),
    });
    expect(messages[2]).toEqual({ role: "tool", content: "3", callId: "2" });
  });
});

describe("chat.completion", () => {
  const calls = [
    { name: "a", arguments: '{"x": [1, "}"]}' },
    { name: "b", arguments: "{}" },
  ];
  /** A turn whose tokens are pieces of the text. */
  const events = (text: string, more: object, step = 5): TurnEvent[] => {
    const pieces = text.match(new RegExp(`[^]{1,${step}}`, "g")) ?? [];
    const tokens = pieces.map((piece, i) => token(i + 1, piece, { logprob: logged(piece) }));
    return [{ ...start, ...more } as TurnEvent, ...tokens, end(tokens.length + 1)];
  };
  const encode = (all: TurnEvent[]) => {
    const encoder = encoderFor({ object: "chat.completion", stream: true, includeUsage: false });
    const wire = all
      .flatMap((event) => encoder.events(event))
      .flatMap(({ data }) => (data === "[DONE]" ? [] : [data as Json]));
    return { whole: encoder.whole() as Json, deltas: wire.map(({ choices }) => choices[0].delta), wire };
  };

  it.each([1, 5, 1000])("streams calls as deltas that add up to the whole reply (%i)", (step) => {
    const { whole, deltas, wire } = encode(events(replyText("Yes.", calls), { calls: "anywhere" }, step));
    const { message, finish_reason } = whole.choices[0];
    expect(finish_reason).toBe("tool_calls");
    expect(message.content).toBe("Yes.");
    expect(message.tool_calls.map((one: Json) => one.function)).toEqual(calls);
    expect(message.tool_calls.map(({ id }: Json) => id)).toEqual([0, 1].map((n) => `call_${KEY.slice(-16)}_${n}`));
    const added: Json[] = [];
    for (const { tool_calls: entries = [] } of deltas) {
      for (const { index, ...entry } of entries as Json[]) {
        // Clients keep what a call's first chunk says of it, and not all add arguments to it.
        if (entry.id) expect(entry.function.arguments).toBe("");
        if (entry.id) added[index] = entry;
        else added[index].function.arguments += entry.function.arguments;
      }
    }
    expect(added).toEqual(message.tool_calls);
    expect(deltas.map(({ content = "" }) => content).join("")).toBe("Yes.");
    expect(wire.at(-1).choices[0].finish_reason).toBe("tool_calls");
    const tokens = whole.choices[0].logprobs.content.map((one: Json) => one.token).join("");
    expect(tokens).toBe(replyText("Yes.", calls));
  });

  it("has null for content where there are only calls", () => {
    expect(encode(events(replyText("", calls), { calls: "alone" })).whole.choices[0].message.content).toBeNull();
  });

  it("takes what looks like a call for text where nothing may be called", () => {
    const text = replyText("", calls);
    const { whole } = encode(events(text, {}));
    expect(whole.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: text } });
    expect(whole.choices[0].message).not.toHaveProperty("tool_calls");
  });

  it("says length of a call that was cut off", () => {
    const text = replyText("", calls);
    const all = events(text.slice(0, text.indexOf("]}")), { calls: "alone" });
    all[all.length - 1] = end(all.length, "length");
    const { message, finish_reason } = encode(all).whole.choices[0];
    expect(finish_reason).toBe("length");
    expect(message.tool_calls[0].function.arguments).toBe('{"x": [1, "}"');
  });
});
