/** Calls in OpenAI's older form, as Instructor for JavaScript and LiteLLM still send it. */
import { describe, expect, it } from "vitest";
import { pathsOf } from "../../../src/api/chat/reply-shape.ts";
import { chatRequest, chatTurn } from "../../../src/api/chat/request.ts";
import { encoderFor } from "../../../src/api/encoders.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { checkShape } from "../../../src/constrain/constraint-for.ts";
import { replyText } from "../../../src/constrain/reply/reply-grammar.ts";
import { end, type Json, start, token } from "../turn-events.ts";

const messages = [{ role: "user", content: "hi" }];
const parsed = (fields: object) => parse({ model: "m", messages, ...fields }, chatRequest);
const turn = (fields: object) => chatTurn(parsed(fields));
const parameters = { type: "object", properties: { a: { type: "integer" } }, required: ["a"] };
const functions = [{ name: "f", description: "d", parameters }, { name: "g" }];

describe("functions of a request", () => {
  it("are tools, of which one may be called once", () => {
    const tools = [{ name: "f", description: "d", parameters }, { name: "g" }];
    const asked = turn({ functions });
    expect(asked).toMatchObject({ tools, parallelToolCalls: false, reply: { olderCalls: true } });
    expect(asked).not.toHaveProperty("toolChoice");
    expect(turn({ functions, function_call: "none" }).toolChoice).toBe("none");
    expect(turn({ functions, function_call: { name: "g" } }).toolChoice).toEqual({ name: "g" });
    for (const nothing of [{ functions: [] }, { functions: [], function_call: "auto" }, { function_call: "none" }])
      expect(turn(nothing)).toEqual(turn({}));
  });

  it.each<[object, string]>([
    [{ function_call: { name: "f" } }, "function_call"],
    [{ functions, function_call: { name: "h" } }, "function_call"],
    [{ functions, function_call: "required" }, "function_call"],
    [{ functions: [{ name: "f" }, { name: "f" }] }, "functions"],
    [{ functions, tools: [{ type: "function", function: { name: "f" } }] }, "functions"],
    [{ functions, tool_choice: "auto" }, "tool_choice"],
  ])("are refused by name where they contradict: %j", (fields, param) => {
    expect(() => turn(fields)).toThrow(expect.objectContaining({ code: "request_invalid", param }));
  });

  it("have their schemas looked at, under their own names", async () => {
    const asked = parsed({ functions: [{ name: "f", parameters: { type: "object", $ref: "#/no" } }] });
    await expect(checkShape(chatTurn(asked), pathsOf(asked))).rejects.toThrow(
      expect.objectContaining({ param: expect.stringMatching(/^functions\[0\]\.parameters/) }),
    );
  });
});

describe("the reply to functions", () => {
  const said = replyText("", [{ name: "f", arguments: '{"a":1}' }]);
  it.each([1, 5, 1000])("has one function_call, whole and in deltas (%i)", (step) => {
    const encoder = encoderFor({ object: "chat.completion", stream: true, includeUsage: false, olderCalls: true });
    const pieces = (said.match(new RegExp(`[^]{1,${step}}`, "g")) ?? []).map((piece, i) => token(i + 1, piece));
    const events = [{ ...start, calls: "alone" } as typeof start, ...pieces, end(pieces.length + 1)];
    const chunks = events
      .flatMap((event) => encoder.events(event))
      .flatMap(({ data }) => (data === "[DONE]" ? [] : [(data as Json).choices[0]]));
    const [choice] = (encoder.whole() as Json).choices;
    expect(choice).toMatchObject({ finish_reason: "function_call", message: { role: "assistant", content: null } });
    const { name, arguments: given } = choice.message.function_call;
    expect([name, JSON.parse(given)]).toEqual(["f", { a: 1 }]);
    const added = chunks.flatMap(({ delta }) => delta.function_call ?? []);
    expect(added[0]).toEqual({ name: "f", arguments: "" });
    expect(added.map((one) => one.arguments).join("")).toBe(given);
    expect(chunks.at(-1).finish_reason).toBe("function_call");
    expect(JSON.stringify([chunks, choice])).not.toContain("tool_calls");
  });
});
