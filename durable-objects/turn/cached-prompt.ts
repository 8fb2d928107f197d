/**
 * CachedPrompt: what a prompt that begins at nothing takes from its tenant's cache, and what it gives to it.
 *
 * States are taken only between two whole slices of a prompt, where no token of a reply was ever read one by
 * one. Whoever goes on from there makes the same calls of the model as whoever computes the prompt in one, so
 * every bit of the reply is the same.
 */
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import { count } from "../../src/core/event-counts.ts";
import { check, Failure } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import type { SamplerState } from "../../src/sampling/sampling.ts";
import { decodeState } from "../../src/state/codec.ts";
import { encodeSequence } from "../../src/state/encode-sequence.ts";
import { bordersOf, findPrompt, keepPrompt } from "../prompt-cache/prompt-cache-client.ts";
import { DIGEST_BYTES } from "../prompt-cache/prompt-cache-store.ts";
import { samplerAfter } from "./restore-state.ts";

/** Tokens that a state must save to be worth its writing. */
const LEAST_TOKENS = 64;

interface BegunPrompt {
  ids: Uint32Array;
  /** Its first tokens that are the template's prelude and are read by themselves. */
  prelude: number;
  /** Tokens of the system message and the tools that it begins with. */
  opening: () => number;
}

interface Giving {
  /** `shared`: only what other prompts are likely to begin with, for the prompt's own end is kept elsewhere. */
  keeps: "all" | "shared";
  /** The object that keeps the prompt: what this one left goes with it. */
  owner?: string;
}

interface Due {
  position: number;
  shared: boolean;
}

export class CachedPrompt {
  readonly #env: Env;
  readonly #tenant: string;
  readonly #served: Served;
  readonly #borders: Uint8Array<ArrayBuffer>;
  readonly #prelude: number;
  readonly #owner: string | undefined;
  readonly #beganMs = Date.now();
  readonly #due: Due[] = [];
  #origin: number | undefined;
  /** With what the cache had; undefined when it had nothing. */
  begun: { sequence: Sequence; sampler: SamplerState } | undefined;

  private constructor(
    env: Env,
    tenant: string,
    served: Served,
    borders: Uint8Array<ArrayBuffer>,
    prelude: number,
    owner?: string,
  ) {
    this.#prelude = prelude;
    this.#owner = owner;
    this.#env = env;
    this.#tenant = tenant;
    this.#served = served;
    this.#borders = borders;
  }

  /** Undefined where the cache is off or the prompt is too short for it. Never fails. */
  static async find(
    env: Env,
    tenant: string,
    served: Served,
    { ids, prelude, opening }: BegunPrompt,
    { keeps, owner }: Giving,
  ): Promise<CachedPrompt | undefined> {
    const { backend, fingerprint } = served;
    const { sliceTokens: slice } = backend;
    if (ids.length <= LEAST_TOKENS || !backend.forwardMany) return undefined;
    const borders = bordersOf(env, { tenant, fingerprint, slice, prelude }, ids);
    try {
      const found = await findPrompt(env, tenant, borders);
      if (!found) return undefined;
      const prompt = new CachedPrompt(env, tenant, served, borders, prelude, owner);
      if (found.state) {
        const position = prelude + found.state.slices * slice;
        prompt.begun = await opened(found.state.bytes, position, backend, fingerprint, ids);
      }
      if (prompt.begun) prompt.#origin = found.state?.id;
      count(prompt.begun ? "prompt_cache_hit" : "prompt_cache_miss");
      // Who found a state found one after the opening, or another prompt like it.
      const after = prompt.begun ? 0 : Math.max(0, Math.floor((opening() - prelude) / slice));
      prompt.#plan(ids.length, after, found.shared, keeps);
      return prompt;
    } catch (thrown) {
      unusable(thrown);
      return undefined;
    }
  }

  /** Where states are kept: after the opening, where an earlier prompt went another way, and at the end. */
  #plan(length: number, opening: number, parted: number, keeps: Giving["keeps"]): void {
    const { sliceTokens: slice } = this.#served.backend;
    const prelude = this.#prelude;
    const end = Math.floor((length - 1 - prelude) / slice);
    let last = this.begun?.sequence.position ?? prelude;
    for (const at of [...new Set([opening, parted, end])].sort((a, b) => a - b)) {
      const position = prelude + at * slice;
      if (at > end || position - last < LEAST_TOKENS) continue;
      if (at === end && at > opening && keeps === "shared") continue;
      this.#due.push({ position, shared: at !== end });
      last = position;
    }
  }

  /** So far the prompt was read: keeps the state where one is due. Never fails. */
  async reached(sequence: Sequence): Promise<void> {
    const [due] = this.#due;
    if (!due || sequence.position < due.position) return;
    this.#due.shift();
    if (sequence.position !== due.position) return;
    const { fingerprint, backend } = this.#served;
    try {
      const bytes = await encodeSequence(sequence, { fingerprint, pending: [], sampler: new Sampler(1).state() });
      const borders = this.#borders.slice(0, ((due.position - this.#prelude) / backend.sliceTokens) * DIGEST_BYTES);
      const { shared } = due;
      const origin = this.#origin === undefined ? {} : { origin: this.#origin };
      const owner = this.#owner === undefined ? {} : { owner: this.#owner };
      const state = { borders, shared, beganMs: this.#beganMs, ...origin, ...owner };
      await keepPrompt(this.#env, this.#tenant, state, bytes);
    } catch (thrown) {
      unusable(thrown);
    }
  }
}

async function opened(
  bytes: Uint8Array<ArrayBuffer>,
  expected: number,
  backend: Backend,
  fingerprint: string,
  ids: Uint32Array,
) {
  try {
    const { position, tensors } = decodeState(bytes, fingerprint);
    check(position === expected, "state_unreadable", () => `position ${position}, expected ${expected}`);
    const sequence = await backend.open({ position, tensors });
    return { sequence, sampler: samplerAfter(ids.subarray(0, position)) };
  } catch (thrown) {
    // Bytes that are not what was written, or were written over while they were read.
    if (Failure.from(thrown).code !== "state_unreadable") throw thrown;
    count("state_damaged");
    return undefined;
  }
}

const unusable = (thrown: unknown): void =>
  console.warn(`the prompt cache was of no use: ${Failure.from(thrown).message}`);
