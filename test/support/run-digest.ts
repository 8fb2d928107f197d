/**
 * runDigest: SHA-256 of the ids that a seeded generation draws and of the state it ends
 * in; runs in Node and in workerd.
 */
import { createHash } from "node:crypto";
import type { Backend } from "../../src/backends/backend.ts";
import { RoundRobin } from "../../src/dialogue/round-robin.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { greedy } from "../../src/sampling/sampling.ts";

const sampling = { ...greedy, temperature: 0.9, topP: 0.95, repetitionPenalty: 1.1 };
const PROMPT_TOKENS = 70; // two whole slices and a part

/** `tokens` of an answer; `companions` other conversations generate meanwhile, each from a prompt of its own length. */
export async function runDigest(backend: Backend, tokens: number, companions = 0): Promise<string> {
  const order = new RoundRobin(backend);
  const runs = Array.from({ length: companions + 1 }, (_, who) => generate(backend, order, tokens, who));
  return (await Promise.all(runs))[0]!;
}

async function generate(backend: Backend, order: RoundRobin, tokens: number, who: number): Promise<string> {
  const { vocab, sliceTokens } = backend;
  const sequence = await backend.open();
  const sampler = new Sampler(vocab, undefined, 7 + who);
  const prompt = Uint32Array.from({ length: PROMPT_TOKENS - 9 * who }, (_, i) => (i * 7919 + 13 + who) % vocab);
  let logits: Float32Array = new Float32Array(0);
  for (let at = 0; at < prompt.length; at += sliceTokens)
    logits = await order.forward(sequence, prompt.subarray(at, at + sliceTokens), "last");
  const hash = createHash("sha256");
  for (let i = 0; i < tokens; i++) {
    const { id } = sampler.choose(logits, sampling);
    sampler.accept(id);
    hash.update(`${id} `);
    logits = await order.forward(sequence, Uint32Array.of(id), "last");
  }
  for (const { data } of await sequence.save("view")) hash.update(data);
  sequence.release();
  return hash.digest("hex");
}
