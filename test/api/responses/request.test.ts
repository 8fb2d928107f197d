import { describe, expect, it } from "vitest";
import { completionRequest, completionTurn } from "../../../src/api/completions/request.ts";
import { responseCreate, responseRequest, responseTurn } from "../../../src/api/responses/request.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { Failure } from "../../../src/core/failure.ts";

const failureOf = (work: () => unknown): Failure => {
  try {
    return work() as never;
  } catch (thrown) {
    return Failure.from(thrown);
  }
};
const respond = (fields: object) => responseTurn(parse({ model: "m", input: "hi", ...fields }, responseRequest));
const complete = (fields: object) => completionTurn(parse({ model: "m", prompt: "hi", ...fields }, completionRequest));
const allow = (mode: string, name: string) => ({ type: "allowed_tools", mode, tools: [{ type: "function", name }] });
const part = (text: string) => [{ type: "input_text", text }];

describe("POST /v1/responses", () => {
  it("takes allowed tools, and repeats tools in OpenAI's shape", () => {
    const tools = ["f", "g"].map((name) => ({ type: "function", name }));
    const asked = respond({ tools, tool_choice: allow("required", "g") });
    expect(asked).toMatchObject({ toolChoice: "required", allowedTools: ["g"] });
    expect(asked.reply.echo).toMatchObject({
      tool_choice: allow("required", "g"),
      tools: tools.map((tool) => ({ ...tool, description: null, parameters: null, strict: false })),
    });
  });

  it("says which items it takes", () => {
    const failure = failureOf(() => respond({ input: [{ type: "thing", id: "x" }] }));
    expect(failure.message).toBe(
      'input[0].type: expected message, function_call, function_call_output or item_reference, got "thing"',
    );
  });

  it("takes text and items, also its own output sent back", () => {
    expect(respond({}).messages).toEqual([{ role: "user", content: "hi" }]);
    const input = [
      { role: "developer", content: "Be brief." },
      { type: "message", role: "user", content: [...part("a"), ...part("b\ud800")] },
      {
        type: "message",
        id: "msg_1",
        status: "completed",
        role: "assistant",
        content: [{ type: "output_text", text: "yo", annotations: [], logprobs: [] }],
      },
      { type: "function_call", call_id: "call_1", name: "f", arguments: '{"a":1}' },
      { type: "function_call_output", call_id: "call_1", output: "42" },
    ];
    const asked = respond({ input, instructions: "Be kind." });
    expect(asked.instructions).toEqual([{ role: "system", content: "Be kind." }]);
    expect(asked.messages).toEqual([
      { role: "system", content: "Be brief." },
      { role: "user", content: "ab\ufffd" },
      { role: "assistant", content: 'yo<tool_call>\n{"name": "f", "arguments": {"a":1}}\n</tool_call>' },
      { role: "tool", content: "42", callId: "call_1" },
    ]);
  });

  it("carries what shapes the reply, and repeats what it was asked", () => {
    const schema = { type: "object", properties: {} };
    const turn = respond({
      text: { format: { type: "json_schema", name: "s", schema } },
      tools: [{ type: "function", name: "f", parameters: schema, strict: true }],
      tool_choice: { type: "function", name: "f" },
      parallel_tool_calls: false,
      max_output_tokens: 7,
      include: ["message.output_text.logprobs"],
      top_logprobs: 2,
      metadata: { a: "b" },
      background: true,
      conversation: "mine",
    });
    expect(turn).toMatchObject({
      format: { type: "json_schema", name: "s", schema, strict: false },
      tools: [{ name: "f", parameters: schema, strict: true }],
      toolChoice: { name: "f" },
      parallelToolCalls: false,
      maxTokens: 7,
      topLogprobs: 2,
      background: true,
      metadata: { a: "b" },
      reply: { object: "response", stream: false, echo: { conversation: { id: "mine" }, max_output_tokens: 7 } },
    });
  });

  const invalid: [fields: object, param: string][] = [
    [{ input: "" }, "input"],
    [{ input: [] }, "input"],
    [{ input: undefined }, "input"],
    [{ input: [{ role: "user" }] }, "input[0].content"],
    [{ input: [{ role: "robot", content: "x" }] }, "input[0].role"],
    [{ input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] }, "input[0].content[0].type"],
    [{ input: [{ role: "user", content: [{ type: "input_file", file_id: "x" }] }] }, "input[0].content[0].type"],
    [{ input: [{ role: "user", content: [{ type: "input_audio", data: "x" }] }] }, "input[0].content[0].type"],
    [{ input: [{ type: "reasoning", summary: [] }] }, "input"],
    [{ input: [{ type: "function_call_output", call_id: "", output: "x" }] }, "input[0].call_id"],
    [{ tools: [{ type: "web_search" }], tool_choice: "required" }, "tool_choice"],
    [{ tools: [{ type: "function", name: "a b" }] }, "tools[0].name"],
    [{ tools: [1, 2].map(() => ({ type: "function", name: "f" })) }, "tools"],
    [{ tool_choice: { type: "function", name: "f" } }, "tool_choice"],
    [{ tool_choice: "required" }, "tool_choice"],
    [{ tool_choice: { type: "web_search" } }, "tool_choice.type"],
    [{ tool_choice: allow("auto", "f") }, "tool_choice"],
    [{ tools: [{ type: "function", name: "f" }], tool_choice: allow("auto", "g") }, "tool_choice"],
    [{ tools: [{ type: "function", name: "f" }], tool_choice: allow("some", "f") }, "tool_choice.mode"],
    [{ text: { format: { type: "xml" } } }, "text.format.type"],
    [{ truncation: "middle" }, "truncation"],
    [{ previous_response_id: "resp_1", conversation: "mine" }, "previous_response_id"],
    [{ store: false, background: true }, "store"],
    [{ conversation: { id: "a b" } }, "conversation.id"],
    [{ include: ["everything"] }, "include[0]"],
    [{ prompt: { id: "p" } }, "prompt"],
    [{ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, "v"])) }, "metadata"],
  ];
  it.each(invalid)("H6: refuses %o, naming the field", (fields, param) => {
    expect(failureOf(() => respond(fields))).toMatchObject({ code: "request_invalid", param });
  });

  it("over a WebSocket takes the same fields, but nothing runs in the background", () => {
    const message = { type: "response.create", model: "m", input: "hi", stream: false };
    expect(() => parse(message, responseCreate)).not.toThrow();
    expect(failureOf(() => parse({ ...message, background: true }, responseCreate))).toMatchObject({
      param: "background",
    });
  });
});

describe("POST /v1/completions", () => {
  it.each([
    ["hi", ["hi"]],
    [
      ["a", "b"],
      ["a", "b"],
    ],
    [[1, 2], [[1, 2]]],
    [
      [[1], [2, 3]],
      [[1], [2, 3]],
    ],
  ])("takes the prompt %j", (prompt, prompts) => {
    expect(complete({ prompt })).toMatchObject({ prompts, messages: [], maxTokens: 16, choices: 1, persistent: false });
  });

  const invalid: [fields: object, param: string][] = [
    [{ prompt: "" }, "prompt"],
    [{ prompt: [] }, "prompt"],
    [{ prompt: [""] }, "prompt[0]"],
    [{ prompt: [-1] }, "prompt[0]"],
    [{ prompt: ["a", 1] }, "prompt[1]"],
    [{ prompt: [[1.5]] }, "prompt[0][0]"],
    [{ prompt: Array(17).fill("a") }, "prompt"],
    [{ suffix: "x" }, "suffix"],
    [{ best_of: 2 }, "best_of"],
    [{ echo: true, logprobs: 1 }, "echo"],
    [{ logprobs: 6 }, "logprobs"],
    [{ logprobs: true }, "logprobs"],
    [{ n: 9 }, "n"],
    [{ n: 8, prompt: ["a", "b", "c"] }, "n"],
    [{ max_tokens: 0 }, "max_tokens"],
  ];
  it.each(invalid)("H6: refuses %o, naming the field", (fields, param) => {
    expect(failureOf(() => complete(fields))).toMatchObject({ code: "request_invalid", param });
  });
});
