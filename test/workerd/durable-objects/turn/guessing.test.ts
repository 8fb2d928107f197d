/** A turn that guesses ahead, killed in the middle, goes on to the tokens that it would have had without either. */
import { runDurableObjectAlarm } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, expect, it } from "vitest";
import { served } from "../../../../durable-objects/model/served-model.ts";
import { armFaults } from "../../../../durable-objects/platform/fault-points.ts";
import { limits } from "../../../../durable-objects/platform/limits.ts";
import type { Sequence } from "../../../../src/backends/backend.ts";
import { chat, say } from "../../../support/chat-client.ts";
import { emptied } from "../../../support/emptied.ts";
import { stub, turnsOf } from "../../../support/object.ts";

const usual = { ...limits };
afterEach(async () => {
  armFaults(undefined);
  Object.assign(limits, usual);
  await emptied();
});

/** Two tokens far above the rest, so that the reply repeats itself, but not always. */
const fields = { max_tokens: 80, temperature: 1, seed: 5, frequency_penalty: 0.02, logit_bias: { 40: 60, 41: 60 } };
const replyOf = async (conversation: string) => (await turnsOf(conversation))[0]!.reply;

it("a killed turn goes on to the same tokens, whatever had been guessed", async () => {
  const { backend } = await served(env);
  const counts = { guesses: 0, right: 0 };
  let guessing = false;
  const open = backend.open.bind(backend);
  backend.open = async (...args) => {
    const sequence: Sequence = await open(...args);
    const { guess, accept } = sequence;
    sequence.accept = () => {
      const right = accept!.call(sequence);
      if (right) counts.right++;
      return right;
    };
    sequence.guess = (ids) => {
      const logits = guess!.call(sequence, ids);
      if (logits) counts.guesses++;
      return logits;
    };
    return guessing ? sequence : Object.assign(sequence, { guess: undefined });
  };
  try {
    await chat({ conversation: "plain", messages: [say("one")], ...fields });
    const expected = await replyOf("plain");
    expect(counts).toEqual({ guesses: 0, right: 0 });
    guessing = true;
    await chat({ conversation: "guessing", messages: [say("one")], ...fields });
    expect(await replyOf("guessing")).toEqual(expected);
    limits.checkpointTokens = 5;
    for (const from of [22, 33, 44]) {
      armFaults({ "turn.token": { action: "abort", from } });
      await chat({ conversation: `killed-${from}`, messages: [say("one")], ...fields }).catch(() => {});
      armFaults(undefined);
      await runDurableObjectAlarm(stub(`killed-${from}`));
      expect(await replyOf(`killed-${from}`)).toEqual(expected);
    }
  } finally {
    backend.open = open;
  }
  expect(counts.right).toBeGreaterThan(5);
  expect(3 * counts.guesses).toBeGreaterThan(counts.right);
});
