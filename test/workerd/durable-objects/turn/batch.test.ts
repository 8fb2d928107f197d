/**
 * Several replies in one request, of which nothing is kept: all of it must fit one invocation, and none of
 * them is left empty for the others.
 */
import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { served } from "../../../../durable-objects/model/served-model.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import { type ErrorReply, http, type Reply, say, send } from "../../../support/chat-client.ts";

const whole = limits.unitsWithoutPause;
/** No form and no stop string, so that a reply ends at its limit or at the budget. */
const rest = { model: "tiny", logit_bias: {}, seed: 7 };

// What an earlier test left in the prompt cache costs nothing, and every number here counts what is computed.
beforeEach(() => Object.assign(env, { AUTO_RESUME_TTL: "0" }));
afterEach(async () => {
  limits.unitsWithoutPause = whole;
  expect(admission.live).toBe(0);
  await reset();
});

const complete = (body: object) => http("/v1/completions", { body: { ...rest, ...body } });
const errorOf = async (response: Response) => {
  const { error } = (await response.json()) as ErrorReply;
  return { status: response.status, code: error.code, param: error.param, message: error.message };
};
interface Completion {
  choices: { text: string; finish_reason: string }[];
  usage: { prompt_tokens: number; completion_tokens: number };
}

/** One invocation computes so many tokens from here on. */
async function allow(tokens: number): Promise<void> {
  const { parameters = 135e6 } = (await served(env)).manifest;
  limits.unitsWithoutPause = ((tokens + 0.5) * parameters) / 1e6;
}

const ids = (n: number) => Array.from({ length: n }, (_, i) => 5 + (i % 20));

it.each([
  { name: "one prompt", body: { prompt: ids(120) }, tokens: 121 },
  { name: "several prompts", body: { prompt: [ids(60), ids(30), ids(30)] }, tokens: 123 },
  { name: "several replies to one", body: { prompt: ids(120), n: 4 }, tokens: 124 },
])("$name beyond one invocation's budget are refused before anything is computed", async ({ body, tokens }) => {
  await allow(120);
  const refused = await errorOf(await complete({ ...body, max_tokens: 4 }));
  expect(refused).toMatchObject({ status: 400, code: "context_length_exceeded", param: "prompt" });
  expect(refused.message).toContain(`; ${tokens} came`);
  const streamed = await (await complete({ ...body, max_tokens: 4, stream: true })).text();
  expect(streamed).toContain("context_length_exceeded");
  expect(streamed).not.toContain('"finish_reason":"length"');
});

it("several replies in a chat are refused as well, and the message says what to do", async () => {
  await allow(100);
  const refused = await errorOf(await send({ ...rest, n: 3, messages: [say("water ".repeat(200))] }));
  expect(refused).toMatchObject({ status: 400, code: "context_length_exceeded", param: "messages" });
  expect(refused.message).toContain('Ask for one reply and name a "conversation"');
});

it("what fits is answered whole, and long replies leave a token to each of those that come after them", async () => {
  await allow(100);
  const response = await complete({ prompt: [ids(20), ids(30)], n: 3, max_tokens: 400 });
  const { choices, usage } = (await response.json()) as Completion;
  expect(choices).toHaveLength(6);
  expect(choices.filter(({ text, finish_reason }) => text === "" && finish_reason === "length")).toEqual([]);
  expect(usage.prompt_tokens).toBe(50);
  expect(usage.completion_tokens).toBeGreaterThanOrEqual(6);
  expect(usage.completion_tokens).toBeLessThanOrEqual(50);
});

it("within the budget a chat's replies are as many as were asked for", async () => {
  const { choices } = (await (await send({ ...rest, n: 3, max_tokens: 5, messages: [say("hello")] })).json()) as Reply;
  expect(choices).toHaveLength(3);
});
