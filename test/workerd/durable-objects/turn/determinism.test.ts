/**
 * The same calls give the same bits: in Node, in workerd, in baseline and in optimised code, alone and beside others.
 */
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { served } from "../../../../durable-objects/model/served-model.ts";
import { chat, say, textOf } from "../../../support/chat-client.ts";
import { runDigest } from "../../../support/run-digest.ts";

const { NODE_DIGEST, DIGEST_TOKENS } = env as unknown as { NODE_DIGEST: string; DIGEST_TOKENS: number };

it("V11: a seeded generation ends in the state that Node computed, cold, warm and beside others", async () => {
  const { backend } = await served(env);
  for (const companions of [0, 0, 3]) expect(await runDigest(backend, DIGEST_TOKENS, companions)).toBe(NODE_DIGEST);
  expect(await runDigest(backend, DIGEST_TOKENS - 1)).not.toBe(NODE_DIGEST);
});

it("conversations that answer at once share steps and answer as they do alone", async () => {
  const { backend } = await served(env);
  const ask = (name: string, content: string) =>
    chat({ conversation: name, messages: [say(content)], max_tokens: 60, temperature: 1, seed: 5 });
  const contents = ["one", "two", "three", "four and more"];
  const alone: string[] = [];
  for (const [i, content] of contents.entries()) alone.push(textOf(await ask(`alone-${i}`, content)));
  const shared: number[] = [];
  const forwardMany = backend.forwardMany!.bind(backend);
  backend.forwardMany = (turns) => {
    shared.push(turns.length);
    return forwardMany(turns);
  };
  try {
    const together = await Promise.all(contents.map((content, i) => ask(`together-${i}`, content)));
    expect(together.map(textOf)).toEqual(alone);
  } finally {
    backend.forwardMany = forwardMany;
  }
  expect(new Set(alone).size).toBe(contents.length);
  expect(Math.max(...shared)).toBeGreaterThan(1);
});
