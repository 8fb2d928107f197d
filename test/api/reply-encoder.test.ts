import { describe, expect, it } from "vitest";
import { encoderFor } from "../../src/api/encoders.ts";
import type { WireEvent } from "../../src/api/shared/reply-encoder.ts";
import type { ReplyForm, ReplyObject, TurnEvent } from "../../src/api/shared/turn.ts";
import { end, failed, type Json, KEY, logged, plain, start, token } from "./turn-events.ts";

const form = (object: ReplyObject, more: object = {}): ReplyForm => ({
  object,
  stream: true,
  includeUsage: true,
  ...more,
});
function encode(reply: ReplyForm, events: TurnEvent[]) {
  const encoder = encoderFor(reply);
  const wire = events.flatMap((event) => encoder.events(event));
  return { wire, whole: () => encoder.whole() as Record<string, Json> };
}
const dataOf = (wire: WireEvent[]) =>
  wire.flatMap(({ data }) => (data === "[DONE]" ? [] : [data as Record<string, Json>]));
const objects: ReplyObject[] = ["chat.completion", "text_completion", "response"];

describe.each(objects)("%s", (object) => {
  it("gives every reader the same bytes, whoever saw progress, and rising ids", () => {
    const events = plain();
    const { wire } = encode(form(object), events);
    const again = encode(
      form(object),
      events.filter(({ type }) => type !== "progress"),
    );
    expect(JSON.stringify(again.wire)).toBe(JSON.stringify(wire));
    const ids = wire.flatMap(({ id }) => (id === undefined ? [] : [id]));
    expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
    expect(ids.length).toBe(dataOf(wire).length);
  });

  it("has an object at every moment, complete at the end", () => {
    const encoder = encoderFor(form(object));
    for (const event of plain()) {
      encoder.events(event);
      expect(() => JSON.stringify(encoder.whole())).not.toThrow();
    }
    expect(JSON.stringify(encoder.whole())).toContain("Hello!");
  });
});

it("tells how far the prompt is read to who asks, without ids", () => {
  const { wire } = encode(form("chat.completion", { includeProgress: true }), plain());
  const progress = wire.filter(({ data }) => data !== "[DONE]" && "progress" in data);
  expect(progress.length).toBeGreaterThan(0);
  for (const { id, data } of progress) {
    expect(id).toBeUndefined();
    expect(data).toMatchObject({
      object: "chat.completion.chunk",
      choices: [],
      progress: { done: expect.any(Number), total: expect.any(Number) },
    });
  }
});

describe("text_completion", () => {
  it("repeats the prompt first, and numbers choices over prompts", () => {
    const events = [
      { ...start, prompts: ["a>", "b>"] } as TurnEvent,
      token(1, "x"),
      { type: "choice", index: 2, choice: 0, text: "", reason: "stop" } as TurnEvent,
      token(3, "y", { choice: 1 }),
      { type: "choice", index: 4, choice: 1, text: "!", reason: "length" } as TurnEvent,
      token(5, "z", { choice: 2 }),
      { type: "choice", index: 6, choice: 2, text: "", reason: "stop" } as TurnEvent,
      end(7, "stop", { choice: 3 }),
    ];
    const { wire, whole } = encode(form("text_completion", { echo: { n: 2 } }), events);
    const choices = [
      { index: 0, text: "a>x", finish_reason: "stop" },
      { index: 1, text: "a>y!", finish_reason: "length" },
      { index: 2, text: "b>z", finish_reason: "stop" },
      { index: 3, text: "b>", finish_reason: "stop" },
    ];
    expect(whole().choices).toEqual(choices.map((choice) => ({ ...choice, logprobs: null })));
    for (const { index, text, finish_reason } of choices) {
      const pieces = dataOf(wire).flatMap(({ choices }) => choices.filter((choice: Json) => choice.index === index));
      expect(pieces.map((piece) => piece.text).join("")).toBe(text);
      expect(pieces.map((piece) => piece.finish_reason).filter(Boolean)).toEqual([finish_reason]);
    }
    expect(wire.at(-1)!.data).toBe("[DONE]");
    expect(dataOf(wire).at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 8 } });
  });

  it("reports log probabilities as columns, with offsets into the text", () => {
    const events = [
      start,
      token(1, "He", { logprob: logged("He") }),
      token(2, "", { logprob: logged("l") }),
      token(3, "lo", { logprob: logged("o") }),
      end(4),
    ];
    const { whole } = encode(form("text_completion"), events);
    expect(whole().choices[0]).toMatchObject({
      text: "Helo",
      logprobs: {
        tokens: ["He", "l", "o"],
        token_logprobs: [-0.5, -0.5, -0.5],
        top_logprobs: [{ He: -0.5, "!": -1 }, { l: -0.5 }, { o: -0.5 }],
        text_offset: [0, 2, 2],
      },
    });
  });
});

describe("chat.completion", () => {
  it("keeps several replies apart, each with one role and one reason", () => {
    const events = [
      start,
      token(1, "a"),
      { type: "choice", index: 2, choice: 0, text: "b", reason: "length" } as TurnEvent,
      token(3, "c", { choice: 1 }),
      end(4, "stop", { choice: 1 }),
    ];
    const { wire, whole } = encode(form("chat.completion"), events);
    expect((whole().choices as Json[]).map(({ message, finish_reason }) => [message.content, finish_reason])).toEqual([
      ["ab", "length"],
      ["c", "stop"],
    ]);
    for (const index of [0, 1]) {
      const deltas = dataOf(wire).flatMap(({ choices }) => choices.filter((choice: Json) => choice.index === index));
      expect(deltas.filter(({ delta }) => delta.role).length).toBe(1);
      expect(deltas.map(({ delta }) => delta.content ?? "").join("")).toBe(["ab", "c"][index]);
    }
  });

  it("S15: a failure is the last event", () => {
    const { wire, whole } = encode(form("chat.completion"), [start, token(1, "a"), failed]);
    expect(wire.slice(-2).map(({ data }) => data)).toEqual([{ error: (failed as Json).error }, "[DONE]"]);
    expect(whole).toThrow(expect.objectContaining({ code: "memory_exceeded" }));
  });
});

describe("response", () => {
  const sampling = { temperature: 0.5, topP: 0.9, presencePenalty: 0, frequencyPenalty: 0.25 };
  /** Every stream ends in the way that clients of the other endpoints know. */
  const typesOf = (wire: WireEvent[]) => {
    expect(wire.at(-1)).toEqual({ data: "[DONE]" });
    return wire.slice(0, -1).map(({ event }) => event);
  };

  it("tells created, item, part, deltas and their ends, in order and numbered from 0", () => {
    const { wire, whole } = encode(form("response", { echo: { instructions: "Be kind." }, sampling }), plain());
    expect(typesOf(wire)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    dataOf(wire).forEach((data, n) => {
      expect([data.sequence_number, data.type, wire[n]!.id]).toEqual([n, wire[n]!.event, n]);
    });
    const last = dataOf(wire).at(-1)!.response;
    expect(last).toEqual(whole());
    expect(last).toMatchObject({
      id: `resp_${KEY}`,
      object: "response",
      created_at: 1_700_000_000,
      completed_at: 1_700_000_009,
      status: "completed",
      instructions: "Be kind.",
      output: [
        {
          type: "message",
          id: `msg_${KEY}_0`,
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", text: "Hello!", annotations: [], logprobs: [] }],
        },
      ],
      usage: { input_tokens: 5, input_tokens_details: { cached_tokens: 2 }, output_tokens: 3, total_tokens: 8 },
      rivulet: { conversation: "mine" },
    });
    // Open Responses has none of these absent, and a number for each of the first four.
    const sampled = { temperature: 0.5, top_p: 0.9, presence_penalty: 0, frequency_penalty: 0.25 };
    const others = { max_tool_calls: null, safety_identifier: null, prompt_cache_key: null };
    expect(last).toMatchObject({ ...sampled, ...others });
    // What was told early is not changed by what came later.
    expect(dataOf(wire)[2]!.item).toMatchObject({ status: "in_progress", content: [] });
    expect(dataOf(wire)[3]!.part.text).toBe("");
  });

  it.each([
    ["length", "incomplete", "incomplete"],
    ["cancelled", "incomplete", "cancelled"],
  ] as const)("a turn that ends by %s ends as %s", (reason, event, status) => {
    const { wire, whole } = encode(form("response"), plain(reason));
    expect(typesOf(wire).at(-1)).toBe(`response.${event}`);
    expect(whole()).toMatchObject({
      status,
      completed_at: null,
      incomplete_details: reason === "length" ? { reason: "max_output_tokens" } : null,
      output: [{ status: "incomplete" }],
    });
  });

  it("an answer without a word is an empty message", () => {
    const { whole } = encode(form("response"), [start, end(1)]);
    expect(whole().output).toMatchObject([{ type: "message", status: "completed", content: [{ text: "" }] }]);
  });

  it("S15: a failure is an error event and the failed response", () => {
    const { wire, whole } = encode(form("response"), [start, token(1, "a"), failed]);
    expect(typesOf(wire).slice(-2)).toEqual(["error", "response.failed"]);
    expect(dataOf(wire).at(-2)).toMatchObject({
      type: "error",
      code: "memory_exceeded",
      message: "no room",
      param: null,
    });
    expect(whole()).toMatchObject({ status: "failed", error: { code: "server_error", message: "no room" } });
    expect(typesOf(encode(form("response"), [failed]).wire)).toEqual(["error"]);
  });

  it("log probabilities of tokens without text come with the next text", () => {
    const events = [start, token(1, "", { logprob: logged("H") }), token(2, "Hi", { logprob: logged("i") }), end(3)];
    const { wire } = encode(form("response"), events);
    const delta = dataOf(wire).find(({ type }) => type === "response.output_text.delta")!;
    expect(delta.logprobs.map(({ token }: { token: string }) => token)).toEqual(["H", "i"]);
  });

  it("tells calls of tools as items of their own, their arguments as they come", () => {
    const words = [
      "Look: <tool",
      '_call>\n{"name": "f", "argu',
      'ments": {"a"',
      ": 1}}\n</tool_call>",
      "\n",
      '<tool_call>\n{"name": "g", "arguments": {}}\n</tool_call>',
    ];
    const events = [
      { ...start, calls: "anywhere" } as TurnEvent,
      ...words.map((word, i) => token(i + 1, word)),
      end(words.length + 1),
    ];
    const { wire, whole } = encode(form("response"), events);
    const key = KEY.slice(-16);
    expect(whole().output).toMatchObject([
      { type: "message", status: "completed", content: [{ text: "Look: " }] },
      { type: "function_call", status: "completed", call_id: `call_${key}_0`, name: "f", arguments: '{"a": 1}' },
      { type: "function_call", status: "completed", call_id: `call_${key}_1`, name: "g", arguments: "{}" },
    ]);
    const calls = dataOf(wire).filter(({ type }) => type.startsWith("response.function_call_arguments"));
    const deltas = calls.filter(({ output_index, delta }) => output_index === 1 && delta).map(({ delta }) => delta);
    expect(deltas.length).toBeGreaterThan(1);
    expect(deltas.join("")).toBe('{"a": 1}');
    expect(calls.find(({ type }) => type.endsWith("done"))).toMatchObject({
      output_index: 1,
      name: "f",
      arguments: '{"a": 1}',
    });
    dataOf(wire).forEach((data, n) => void expect(data.sequence_number).toBe(n));
    const without = encode(form("response"), [start, ...events.slice(1)]);
    expect(without.whole().output).toMatchObject([{ type: "message", content: [{ text: words.join("") }] }]);
  });
});
