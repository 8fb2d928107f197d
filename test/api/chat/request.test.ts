import { expect, it } from "vitest";
import { chatRequest, chatTurn } from "../../../src/api/chat/request.ts";
import { parse } from "../../../src/api/shared/parse-body.ts";
import { Failure } from "../../../src/core/failure.ts";

const user = { role: "user", content: "hi" };
const minimal = { model: "m", messages: [user] };
const refusal = (fields: object): Failure => {
  try {
    chatTurn(parse({ ...minimal, ...fields }, chatRequest));
  } catch (thrown) {
    return Failure.from(thrown);
  }
  throw new Error(`accepted: ${JSON.stringify(fields)}`);
};

const numbers: [field: string, min: number, max: number, beyond: number][] = [
  ["temperature", 0, 2, 0.001],
  ["top_p", 0, 1, 0.001],
  ["top_k", -1, 1_000_000, 1],
  ["min_p", 0, 1, 0.001],
  ["repetition_penalty", 0.1, 10, 0.001],
  ["presence_penalty", -2, 2, 0.001],
  ["frequency_penalty", -2, 2, 0.001],
  ["max_tokens", 1, Number.MAX_SAFE_INTEGER, 1],
  ["max_completion_tokens", -1, Number.MAX_SAFE_INTEGER, 1],
  ["n", 1, 8, 1],
  ["seed", -(2 ** 63), 2 ** 64, 2 ** 32],
];

it.each(numbers)("H6: %s takes its bounds and nothing beyond them", (field, min, max, beyond) => {
  for (const value of [min, max, null])
    expect(() => chatTurn(parse({ ...minimal, [field]: value }, chatRequest))).not.toThrow();
  for (const value of [min - beyond, max + beyond, "1", "NaN", 1e308, -1e308, [], {}, true]) {
    expect(refusal({ [field]: value }), `${field}: ${JSON.stringify(value)}`).toMatchObject({
      code: "request_invalid",
      param: field,
    });
  }
});

it("-1 is no limit of tokens, as clients of other servers write it", () => {
  expect(chatTurn(parse({ ...minimal, max_tokens: -1 }, chatRequest)).maxTokens).toBeUndefined();
  expect(chatTurn(parse({ ...minimal, max_tokens: -1, max_completion_tokens: 3 }, chatRequest)).maxTokens).toBe(3);
  for (const limit of [0, -2, 1.5]) expect(refusal({ max_tokens: limit })).toMatchObject({ param: "max_tokens" });
});

it("no alternatives are asked for by 0, whatever logprobs says", () => {
  for (const logprobs of [undefined, null, false])
    expect(chatTurn(parse({ ...minimal, logprobs, top_logprobs: 0 }, chatRequest)).topLogprobs).toBeUndefined();
});

const invalid: [fields: object, param: string][] = [
  [{ messages: [] }, "messages"],
  [{ messages: undefined }, "messages"],
  [{ messages: "hi" }, "messages"],
  [{ messages: Array(2049).fill(user) }, "messages"],
  [{ messages: [{ role: "robot", content: "hi" }] }, "messages[0].role"],
  [{ messages: [{ content: "hi" }] }, "messages[0].role"],
  [{ messages: [user, { role: "user" }] }, "messages[1].content"],
  [{ messages: [{ role: "user", content: [] }] }, "messages[0].content"],
  [{ messages: [{ role: "user", content: [{ type: "image_url", image_url: "x" }] }] }, "messages[0].content[0].type"],
  [{ messages: [{ role: "user", content: "hi", name: "a\nb" }] }, "messages[0].name"],
  [{ model: "" }, "model"],
  [{ model: undefined }, "model"],
  [{ stop: ["a", "b", "c", "d", "e"] }, "stop"],
  [{ stop: "" }, "stop"],
  [{ stop: ["a".repeat(257)] }, "stop[0]"],
  [{ stream: "yes" }, "stream"],
  [{ top_logprobs: 3 }, "top_logprobs"],
  [{ logprobs: true, top_logprobs: 21 }, "top_logprobs"],
  [{ logit_bias: { a: 1 } }, "logit_bias.a"],
  [{ logit_bias: { 1: 101 } }, "logit_bias.1"],
  [{ logit_bias: Object.fromEntries(Array.from({ length: 301 }, (_, i) => [i, 1])) }, "logit_bias"],
  [{ conversation: "a b" }, "conversation"],
  [{ conversation: "" }, "conversation"],
  [{ sample: true }, "sample"],
];

it.each(invalid)("H6: refuses %o, naming the field", (fields, param) => {
  expect(refusal(fields)).toMatchObject({ code: "request_invalid", param });
  expect(refusal(fields).message).toContain(param.split("[")[0]!);
});

it("takes a whole request, text parts and a reply sent back with its empty fields", () => {
  const body = parse(
    {
      ...minimal,
      messages: [
        { role: "developer", content: "Be brief." },
        {
          role: "user",
          content: [
            { type: "text", text: "a" },
            { type: "text", text: "b\ud800" },
          ],
        },
        { role: "assistant", content: "yo", refusal: null, annotations: [] },
        { role: "user", content: "again", name: "ada" },
      ],
      max_tokens: 3,
      max_completion_tokens: 5,
      stop: "x",
      logprobs: true,
      logit_bias: { 7: -100 },
      user: "u",
      metadata: { a: "b" },
      stream: true,
      stream_options: { include_usage: true },
    },
    chatRequest,
  );
  expect(chatTurn(body)).toMatchObject({
    messages: [
      { role: "system", content: "Be brief." },
      { role: "user", content: "ab\ufffd" },
      { role: "assistant", content: "yo" },
      { role: "user", content: "again", name: "ada" },
    ],
    maxTokens: 5,
    stop: ["x"],
    topLogprobs: 0,
    sampling: { logitBias: [[7, -100]] },
    reply: { stream: true, includeUsage: true },
  });
});

it("runs in the background only where the reply is kept", () => {
  const body = parse(
    { ...minimal, background: true, stream: true, stream_options: { include_progress: true } },
    chatRequest,
  );
  expect(chatTurn(body, true)).toMatchObject({ background: true, reply: { includeProgress: true } });
  expect(() => chatTurn(body)).toThrow("background: expected a conversation or store: true");
});
