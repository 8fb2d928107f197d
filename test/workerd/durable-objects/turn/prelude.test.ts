/**
 * Conversations without a system message begin with the state after what the template says by itself. The
 * model is a real one, though tiny.
 */
import { reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { admission } from "../../../../durable-objects/model/admission.ts";
import { allowPrelude, preludeState } from "../../../../durable-objects/model/prelude-state.ts";
import { served, weights } from "../../../../durable-objects/model/served-model.ts";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { sha256 } from "../../../../src/core/sha256.ts";
import type { Served } from "../../../../src/dialogue/load.ts";
import { preludeOf } from "../../../../src/dialogue/prelude.ts";
import { createPromptBuilder } from "../../../../src/tokenizer/prompt.ts";
import { chat, type Reply, say, send } from "../../../support/chat-client.ts";
import { rows } from "../../../support/object.ts";

const OWN_TEXT = "You are a tiny model that is made of bytes, and of few words besides.";
const TEMPLATE =
  "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}";
const settings = env as unknown as Record<string, string>;
let model: Served;
/** Tokens that the model was given since the test began. */
let fed = 0;

beforeAll(async () => {
  const plain = await served(env);
  const prompt = createPromptBuilder(TEMPLATE, plain.codec, { systemPrompt: OWN_TEXT });
  model = { ...plain, prompt, prelude: preludeOf(prompt) };
  // Longer than two slices, and no whole number of them.
  expect(model.prelude.length).toBeGreaterThan(2 * model.backend.sliceTokens);
  expect(model.prelude.length % model.backend.sliceTokens).toBeGreaterThan(0);
  const forwardMany = model.backend.forwardMany!.bind(model.backend);
  model.backend.forwardMany = (steps) => {
    fed += steps.reduce((n, { ids }) => n + ids.length, 0);
    return forwardMany(steps);
  };
  weights.forget();
  await weights.get(async () => model);
});
beforeEach(() => {
  Object.assign(settings, { AUTO_RESUME_TTL: "0" });
  forget();
});
afterEach(async () => {
  armFaults(undefined);
  expect(admission.live).toBe(0);
  await reset();
});

/** The next turn computes it anew; the one behind that begins with its state. */
function forget(): void {
  allowPrelude(model.backend, false);
  allowPrelude(model.backend, true);
}

async function counted<T>(work: () => Promise<T>): Promise<{ result: T; tokens: number }> {
  const before = fed;
  return { result: await work(), tokens: fed - before };
}

const probabilities = { logprobs: true, top_logprobs: 4, seed: 3, temperature: 1.2, repetition_penalty: 1.7 };
const cached = ({ usage }: Reply): number => usage.prompt_tokens_details.cached_tokens;
/** Questions that end within the slice behind the prelude, at its end, and slices later. */
const lengths = [1, 7, 20, 36, 37, 100];
const question = (length: number) => "What is it, and where does it come from? ".repeat(4).slice(0, length);

it("gives every bit that the prompt gives when it is computed in one, and computes the prelude once", async () => {
  for (const [n, length] of lengths.entries()) {
    forget();
    const ask = (asked: object) =>
      chat({ messages: [say(question(length))], max_tokens: 6, ...probabilities, ...asked });
    const alone = await counted(() => ask({}));
    for (const asked of [{}, { conversation: `kept-${n}` }]) {
      const { result, tokens } = await counted(() => ask(asked));
      expect(result.choices).toEqual(alone.result.choices);
      expect(tokens).toBe(alone.tokens - model.prelude.length);
      // It saved time; nothing of it was the caller's own.
      expect([cached(result), result.timings.state]).toEqual([0, "new"]);
      expect(result.usage).toEqual(alone.result.usage);
      expect(result.timings.prefill_tokens).toBe(result.usage.prompt_tokens);
    }
    const several = await counted(() => ask({ n: 2 }));
    forget();
    const computed = await counted(() => ask({ n: 2 }));
    expect(several.result.choices).toEqual(computed.result.choices);
    expect([cached(several.result), several.tokens]).toEqual([0, computed.tokens - model.prelude.length]);
  }
});

it("leaves every bit of a conversation's state as it is", async () => {
  const stored = async (conversation: string) => {
    const { rivulet } = await chat({ conversation, messages: [say(question(50))], max_tokens: 5, ...probabilities });
    expect(rivulet.conversation).toBe(conversation);
    const pieces = await rows(conversation, "SELECT position, bytes FROM pieces ORDER BY part");
    return pieces.map(({ position, bytes }) => [position, sha256(new Uint8Array(bytes as ArrayBuffer))]);
  };
  const computed = await counted(() => stored("computed"));
  const begun = await counted(() => stored("begun"));
  expect(computed.tokens - begun.tokens).toBe(model.prelude.length);
  expect(begun.result).toEqual(computed.result);
  expect(computed.result.length).toBeGreaterThan(0);
});

it("leaves the tenant's prompt cache as it is: the same bits, and what a kept state saved counts in full", async () => {
  const messages = [say(question(160))];
  const ask = () => chat({ messages, max_tokens: 6, ...probabilities });
  const alone = await ask();
  settings.AUTO_RESUME_TTL = "3600";
  const first = await ask();
  const second = await ask();
  expect([cached(first), cached(second)]).toEqual([0, expect.any(Number)]);
  const { prelude, backend } = model;
  expect(cached(second)).toBeGreaterThanOrEqual(prelude.length + 2 * backend.sliceTokens);
  expect((cached(second) - prelude.length) % backend.sliceTokens).toBe(0);
  for (const reply of [first, second]) expect(reply.choices).toEqual(alone.choices);
});

it("holds the template's own words alone, whoever was first, and is of no use to who says something else", async () => {
  const system = { role: "system", content: `${OWN_TEXT} And of a secret.` };
  const own = await counted(() => chat({ messages: [system, say("one")], max_tokens: 1 }));
  expect(own.tokens).toBe(own.result.usage.prompt_tokens);
  expect(preludeState(model.backend)).toBeUndefined();
  await chat({ messages: [say("a secret of somebody")], max_tokens: 4 });
  const kept = preludeState(model.backend)!;
  const alone = await model.backend.open();
  const { sliceTokens } = model.backend;
  for (let at = 0; at < model.prelude.length; at += sliceTokens)
    alone.forward(model.prelude.slice(at, at + sliceTokens), "none");
  expect(kept).toEqual({ position: model.prelude.length, tensors: await alone.save() });
  alone.release();
  const later = await counted(() => chat({ messages: [system, say("two")], max_tokens: 1 }));
  expect(later.tokens).toBe(later.result.usage.prompt_tokens);
});

it("a turn that was cut off goes on to the same words, whether the state is there or not", async () => {
  const ask = (key: string) =>
    send(
      { model: "tiny", messages: [say(question(30))], max_tokens: 12, ...probabilities },
      { "idempotency-key": key },
    );
  const expected = ((await (await ask("undisturbed")).json()) as Reply).choices;
  for (const isThere of [true, false]) {
    if (!isThere) forget();
    armFaults({ "turn.token": { action: "abort", from: 5 } });
    expect((await ask(`cut-${isThere}`)).status).toBe(500);
    armFaults(undefined);
    expect(((await (await ask(`cut-${isThere}`)).json()) as Reply).choices).toEqual(expected);
  }
});
