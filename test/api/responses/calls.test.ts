import { describe, expect, it } from "vitest";
import { encoderFor } from "../../../src/api/encoders.ts";
import { responsePaths } from "../../../src/api/responses/reply-shape.ts";
import { responseRequest, responseTurn } from "../../../src/api/responses/request.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import type { TurnEvent } from "../../../src/api/shared/turn.ts";
import { checkShape } from "../../../src/constrain/constraint-for.ts";
import { replyText } from "../../../src/constrain/reply/reply-grammar.ts";
import { end, type Json, KEY, logged, start, token } from "../turn-events.ts";

const turn = (fields: object) => responseTurn(parse({ model: "m", input: "hi", ...fields }, responseRequest));
const checked = async (fields: object) => checkShape(turn(fields), responsePaths);
const f = { type: "function", name: "f" };

describe("POST /v1/responses", () => {
  it.each<[string, object, string]>([
    [
      "a format's keyword",
      { text: { format: { type: "json_schema", name: "a", strict: true, schema: { not: { format: "date" } } } } },
      "text.format.schema.not",
    ],
    [
      "a tool's keyword",
      { tools: [f, { ...f, name: "g", strict: true, parameters: { properties: { x: { unevaluatedItems: false } } } }] },
      "tools[1].parameters.properties.x.unevaluatedItems",
    ],
    [
      "a schema that is too long",
      { tools: [{ ...f, parameters: { title: "x".repeat(70_000) } }] },
      "tools[0].parameters",
    ],
    [
      "an output of no call",
      {
        input: [
          { type: "function_call", call_id: "1", name: "f", arguments: "{}" },
          { type: "function_call_output", call_id: "2", output: "x" },
        ],
      },
      "input[1].call_id",
    ],
  ])("refuses %s, naming the field", async (_, fields, param) => {
    await expect(checked(fields)).rejects.toThrow(expect.objectContaining({ code: "request_invalid", param }));
  });

  it("reads a text and the calls behind it as one message, in the model's words", () => {
    const call = (id: string) => ({ type: "function_call", call_id: id, name: "f", arguments: `{"x": ${id}}` });
    const output = (id: string) => ({ type: "function_call_output", call_id: id, output: `got ${id}` });
    const said = { role: "assistant", content: "So." };
    const { messages } = turn({
      input: [
        { role: "user", content: "hi" },
        said,
        call("1"),
        call("2"),
        output("1"),
        output("2"),
        call("3"),
        output("3"),
      ],
    });
    const words = (id: string) => ({ name: "f", arguments: `{"x": ${id}}` });
    expect(messages.map(({ content }) => content)).toEqual([
      "hi",
      replyText("So.", [words("1"), words("2")]),
      "got 1",
      "got 2",
      replyText("", [words("3")]),
      "got 3",
    ]);
  });

  it("takes the output of a call that only the state knows", () => {
    expect(
      turn({ input: [{ type: "function_call_output", call_id: "x", output: "1" }], previous_response_id: "resp_1" })
        .messages,
    ).toHaveLength(1);
  });
});

it("response: calls become items, with their arguments streamed", () => {
  const calls = [
    { name: "f", arguments: '{"x": "</tool_call>"}' },
    { name: "g", arguments: "{}" },
  ];
  const pieces = replyText("Yes.", calls).match(/.{1,3}/gs)!;
  const events: TurnEvent[] = [
    { ...start, calls: "anywhere" } as TurnEvent,
    ...pieces.map((piece, i) => token(i + 1, piece, { logprob: logged(piece) })),
    end(pieces.length + 1),
  ];
  const encoder = encoderFor({ object: "response", stream: true, includeUsage: true });
  const wire = events.flatMap((event) => encoder.events(event)).map(({ data }) => data as Json);
  const { output, status } = encoder.whole() as Json;
  expect(status).toBe("completed");
  expect(output.map(({ type }: Json) => type)).toEqual(["message", "function_call", "function_call"]);
  expect(output[0].content[0].text).toBe("Yes.");
  expect(output[0].content[0].logprobs.length).toBeGreaterThan(0);
  expect(output.slice(1).map(({ name, arguments: given }: Json) => ({ name, arguments: given }))).toEqual(calls);
  expect(output[1].call_id).toBe(`call_${KEY.slice(-16)}_0`);
  const deltas = wire.filter(
    ({ type, output_index: at }) => type === "response.function_call_arguments.delta" && at === 1,
  );
  expect(deltas.length).toBeGreaterThan(3);
  expect(deltas.map(({ delta }) => delta).join("")).toBe(calls[0]!.arguments);
  expect(wire.filter(({ type }) => type === "response.output_item.done")).toHaveLength(3);
});
