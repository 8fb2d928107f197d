/**
 * A reply that guesses ahead has the events, draws and state of one that does not, wherever it
 * is stopped and taken up again.
 */
import { expect, it } from "vitest";
import type { Sequence } from "../../src/backends/backend.ts";
import type { Loaded } from "../../src/backends/load-model.ts";
import type { Constraint } from "../../src/constrain/constraint.ts";
import { type ReplyEvent, type ReplyOptions, reply } from "../../src/dialogue/reply.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { greedy } from "../../src/sampling/sampling.ts";
import { decodeState } from "../../src/state/codec.ts";
import { encodeSequence } from "../../src/state/encode-sequence.ts";
import { load } from "../backends/packs.ts";
import { toyServed } from "../support/toy-served.ts";

const TOKENS = 60;
const letters = (ids: readonly number[]) => ids.map((id) => String.fromCharCode(97 + (id % 26))).join("");
const codec = { ...toyServed().codec, detokenizer: () => ({ push: (id: number) => letters([id]), flush: () => "" }) };
/** Ids of one residue only, a new one every second token. */
const alternating = (vocab: number): Constraint => {
  let n = 0;
  const mask = () => {
    const words = new Uint32Array(Math.ceil(vocab / 32));
    for (let id = (n >> 1) % 3; id < vocab; id += 3) words[id >> 5]! |= 1 << (id & 31);
    return words;
  };
  return {
    schemas: [],
    *prepare() {
      yield;
      return mask();
    },
    mask,
    accept: () => void n++,
    get done() {
      return n >= 50;
    },
  };
};
/** Two ids far above the rest: what is said soon repeats itself, but not always. */
const logitBias = new Map([
  [1, 30],
  [2, 30],
]);
const drawn = {
  ...greedy,
  logitBias,
  temperature: 0.7,
  repetitionPenalty: 1.05,
  presencePenalty: 0.1,
  frequencyPenalty: 0.02,
};
const whole = {
  sampling: { ...greedy, logitBias, frequencyPenalty: 0.3 },
  maxTokens: TOKENS,
  stop: [],
  ignoreEos: true,
};
const replies: [string, (vocab: number) => ReplyOptions][] = [
  ["greedy", () => whole],
  ["a seeded draw with penalties", () => ({ ...whole, sampling: drawn })],
  ["a constraint", (vocab) => ({ ...whole, constraint: alternating(vocab) })],
  ["log-probabilities", () => ({ ...whole, topLogprobs: 3 })],
  ["end of turn", () => ({ ...whole, ignoreEos: false })],
];

interface Counts {
  right: number;
  guessed: number;
}

function counting(sequence: Sequence, counts: Counts | undefined): Sequence {
  const { guess, accept } = sequence;
  if (!counts) return Object.assign(sequence, { guess: undefined });
  return Object.assign(sequence, {
    guess: (ids: Uint32Array) => {
      counts.guessed += ids.length - 1;
      return guess!.call(sequence, ids);
    },
    accept: () => {
      const right = accept!.call(sequence);
      if (right) counts.right++;
      return right;
    },
  });
}

/**
 * Events, and sampler and state at the end. `saves`: after every so many tokens the state is stored
 * and another sequence takes over.
 */
async function told(loaded: Loaded, options: ReplyOptions, counts?: Counts, saves = Number.POSITIVE_INFINITY) {
  const { backend, fingerprint } = loaded;
  const feed = Array.from({ length: 36 }, (_, i) => ((i % 9) * 11 + 5) % backend.vocab);
  const saved = (sequence: Sequence, sampler: Sampler) =>
    encodeSequence(sequence, { fingerprint, pending: [], sampler: sampler.state() });
  const events: ReplyEvent[] = [];
  const ids: number[] = [];
  let sequence = counting(await backend.open(), counts);
  let sampler = new Sampler(backend.vocab, undefined, 3);
  for (let ended = false; !ended; ) {
    const { constraint } = options;
    const from = ids.length > 0 ? { fed: feed.length, reply: [...ids] } : undefined;
    for await (const event of reply({ ...loaded, codec }, sequence, sampler, feed, options, from)) {
      events.push(event);
      ended = event.type === "end";
      if (event.type !== "token") continue;
      ids.push(event.id);
      if (!constraint && ids.length % saves === 0) break;
    }
    if (ended) break;
    const state = decodeState(await saved(sequence, sampler), fingerprint);
    sequence.release();
    sequence = counting(await backend.open(state), counts);
    sampler = new Sampler(backend.vocab, state.sampler);
  }
  const bytes = Buffer.from(await saved(sequence, sampler)).toString("hex");
  sequence.release();
  return { events, ids, bytes };
}

it.each(["bamba-groups2", "llama-plain", "falcon_h1-plain"])(
  "%s: the same events, ids, draws and bytes",
  async (golden) => {
    const loaded = await load(`golden/${golden}`);
    const counts = { right: 0, guessed: 0 };
    for (const [name, options] of replies) {
      const make = () => options(loaded.backend.vocab);
      const plain = await told(loaded, make());
      expect(await told(loaded, make(), counts), name).toEqual(plain);
      if (make().constraint) continue;
      for (const saves of [1, 3, 7])
        expect(await told(loaded, make(), counts, saves), `${name}, ${saves}`).toEqual(plain);
    }
    const { ids } = await told(loaded, whole);
    for (let maxTokens = 1; maxTokens <= 24; maxTokens++) {
      const options = { ...whole, maxTokens };
      expect(await told(loaded, options, counts), `${maxTokens} tokens`).toEqual(await told(loaded, options));
      const stopping = { ...whole, stop: [letters(ids.slice(maxTokens, maxTokens + 2))] };
      expect(await told(loaded, stopping, counts), `stop ${maxTokens}`).toEqual(await told(loaded, stopping));
    }
    expect(counts.right).toBeGreaterThan(50);
    expect(counts.guessed - counts.right).toBeGreaterThan(50);
  },
);

it("a reply has its logits in one array, those that follow its prompt too", async () => {
  const served = { ...(await load("golden/bamba-groups4")), codec };
  const { backend } = served;
  const arrays = new Set<Float32Array>();
  const forwardMany = backend.forwardMany!.bind(backend);
  backend.forwardMany = (turns) => {
    const results = forwardMany(turns);
    for (const logits of results) if (logits.length > 0) arrays.add(logits);
    return results;
  };
  const sequence = await backend.open();
  const events = reply(served, sequence, new Sampler(backend.vocab, undefined, 1), [3, 4, 5], {
    ...whole,
    maxTokens: 6,
  });
  let tokens = 0;
  for await (const { type } of events) if (type === "token") tokens++;
  expect([tokens, arrays.size]).toEqual([6, 1]);
});
