/**
 * Turn: one answer of a conversation, from request to commit.
 *
 * `open` does everything that can refuse the request; `run` generates, reports events, and commits once at the end. The state is in the
 * engine's memory only between the two. A turn that fails leaves the conversation as it was.
 */
import type { FinishReason, LoggedToken, StateOrigin, Timings, TurnEvent, TurnRequest } from "../src/api/turn.ts";
import { callsIn } from "../src/constrain/announce.ts";
import { check } from "../src/core/failure.ts";
import type { Served } from "../src/dialogue/load.ts";
import { reply, slices, type TokenLogprob, yieldToEvents } from "../src/dialogue/reply.ts";
import { Sampler } from "../src/engine/sampler.ts";
import { encodeSequence } from "../src/state/encode-sequence.ts";
import type { Admission, Place } from "./admission.ts";
import { type Plan, plan } from "./plan.ts";
import { type Restored, restore } from "./restore.ts";
import type { Store } from "./store.ts";
import { chain, chainAll } from "./transcript.ts";

export type Emit = (event: TurnEvent) => Promise<void>;

/** The reply so far. */
interface Answer {
  id: string;
  createdMs: number;
  ids: number[];
  text: string;
  /** Text that only the end brought out. */
  rest: string;
  reason: FinishReason | undefined;
}

const noTimings: Timings = {
  state: "new",
  rebuilt_tokens: 0,
  state_bytes: 0,
  queue_ms: 0,
  load_ms: 0,
  prefill_ms: 0,
  prefill_tokens: 0,
  decode_ms: 0,
  decode_tokens: 0,
  save_ms: 0,
};

export class Turn {
  readonly #request: TurnRequest;
  readonly #served: Served;
  readonly #store: Store;
  readonly #plan: Plan;
  readonly #timings: Timings = { ...noTimings };
  #place!: Place;
  #restored!: Restored;

  /** Fails as `plan` does. */
  constructor(request: TurnRequest, served: Served, store: Store) {
    this.#request = request;
    this.#served = served;
    this.#store = store;
    this.#plan = plan(request, served, store);
  }

  /** Waits for a place in the engine and brings the state in. Fails with `busy` or `memory_exceeded`. */
  async open(admission: Admission, owner: string, gone: AbortSignal): Promise<StateOrigin> {
    const { backend, fingerprint } = this.#served;
    const queuedMs = Date.now();
    this.#place = await admission.enter(owner, gone);
    const enteredMs = Date.now();
    try {
      this.#restored = await restore(this.#store, backend, fingerprint, this.#plan.recent, owner);
      this.#place.hold(this.#restored.sequence);
    } catch (thrown) {
      this.#place.leave();
      throw thrown;
    }
    const { origin, missing } = this.#restored;
    const waited = { queue_ms: enteredMs - queuedMs, load_ms: Date.now() - enteredMs };
    Object.assign(this.#timings, { state: origin, rebuilt_tokens: missing.length, ...waited });
    return origin;
  }

  /** Generates until the end or until `gone`. Emits `start`, tokens, and `end` when all is committed. */
  async run(emit: Emit, gone: AbortSignal): Promise<void> {
    try {
      await this.#run(emit, gone);
    } finally {
      this.#place.leave();
    }
  }

  async #run(emit: Emit, gone: AbortSignal): Promise<void> {
    const { manifest, fingerprint, backend } = this.#served;
    const { origin, sequence, missing, sampler: saved } = this.#restored;
    const { pending, prompt } = this.#plan;
    const id = `${crypto.randomUUID()}${crypto.randomUUID()}`.replaceAll("-", "").slice(0, 48);
    const answer: Answer = { id, createdMs: Date.now(), ids: [], text: "", rest: "", reason: undefined };
    const calls = callsIn(this.#request);
    await emit({
      type: "start",
      ...(calls ? { calls } : {}),
      key: id,
      createdMs: answer.createdMs,
      model: manifest.name,
      fingerprint,
      state: origin,
    });

    const cachedTokens = sequence.position;
    await this.#rebuild(missing, gone);
    const sampler = new Sampler(backend.vocab, saved, this.#request.seed);
    await this.#generate(answer, sampler, emit, gone);
    if (!answer.reason) return;
    if (this.#request.persistent) await this.#commit(answer, sampler);
    this.#place.leave();
    const usage = {
      promptTokens: cachedTokens + missing.length + pending.length + prompt.length,
      cachedTokens,
      completionTokens: answer.ids.length,
    };
    const { ids, rest: text, reason } = answer;
    await emit({ type: "end", index: ids.length + 1, text, reason, usage, timings: this.#timings });
  }

  /** Feeds the part of the log that the restored state lacks. */
  async #rebuild(missing: Uint32Array, gone: AbortSignal): Promise<void> {
    for (const { slice } of slices([...missing], this.#served.backend.sliceTokens)) {
      if (gone.aborted) return;
      await this.#restored.sequence.forward(slice, "none");
      this.#place.beat();
      await yieldToEvents();
    }
  }

  /** Fills the answer. Its reason stays open when the client left before the first token: then there is nothing to keep. */
  async #generate(answer: Answer, sampler: Sampler, emit: Emit, gone: AbortSignal): Promise<void> {
    if (gone.aborted) return;
    const { pending, prompt, options } = this.#plan;
    const feed = [...pending, ...prompt];
    const beganMs = Date.now();
    let prefilledMs = beganMs;
    for await (const event of reply(this.#served, this.#restored.sequence, sampler, feed, options)) {
      this.#place.beat();
      if (event.type === "prefill") {
        prefilledMs = Date.now();
        if (gone.aborted) return;
        await emit({ type: "progress", done: event.done, total: event.total });
        continue;
      }
      answer.text += event.text;
      if (event.type === "end") {
        answer.reason = event.reason;
        answer.rest = event.text;
      } else {
        const { id, text, logprobs: logprob } = event;
        const index = answer.ids.push(id);
        await emit({ type: "token", index, id, text, ...(logprob ? { logprob: this.#logged(logprob) } : {}) });
        if (!gone.aborted) continue;
        answer.reason = "cancelled";
        break;
      }
    }
    const prefill = { prefill_ms: prefilledMs - beganMs, prefill_tokens: feed.length };
    const decode = { decode_ms: Date.now() - prefilledMs, decode_tokens: answer.ids.length };
    Object.assign(this.#timings, prefill, decode);
  }

  #logged({ id, logprob, top }: TokenLogprob): LoggedToken {
    const bytes = (token: number) => [...this.#served.codec.tokenBytes(token)];
    return { bytes: bytes(id), logprob, top: top.map((other) => ({ bytes: bytes(other.id), logprob: other.logprob })) };
  }

  /** Resolves when turn, tokens and state are on disk. Frees the engine's memory on the way. */
  async #commit({ id, createdMs, ids, text, reason }: Answer, sampler: Sampler): Promise<void> {
    const beganMs = Date.now();
    const { fingerprint, manifest } = this.#served;
    const { recent, story, prompt } = this.#plan;
    const [last] = recent;
    const { position } = this.#restored.sequence;
    const logged = (last?.logged ?? 0) + prompt.length + ids.length;
    const pending = ids.slice(ids.length - (logged - position));
    check(position + pending.length === logged, "bug", () => `${position} tokens fed, ${logged} logged`);
    const state = { fingerprint, pending, sampler: sampler.state() };
    const bytes = (await encodeSequence(this.#restored.sequence, state)) as Uint8Array<ArrayBuffer>;
    this.#place.leave(); // wipes what the tensors were views of
    const asked = chainAll(story.history, story.fresh);
    const turn = {
      n: (last?.n ?? 0) + 1,
      replyId: id,
      createdMs,
      messages: story.fresh,
      reply: text,
      reason: reason!,
      asked,
      history: chain(asked, { role: "assistant", content: text }),
      messageCount: (last?.messageCount ?? 0) + story.fresh.length + 1,
      hasSystem: (last?.hasSystem ?? false) || story.fresh.some(({ role }) => role === "system"),
      closed: manifest.generation.eos.includes(ids.at(-1)!),
      position,
      logged,
      generator: state.sampler.generator,
    };
    this.#store.commit(turn, Uint32Array.from([...prompt, ...ids]), bytes, {
      owner: this.#request.tenant,
      fingerprint,
    });
    await this.#store.settled();
    Object.assign(this.#timings, { state_bytes: bytes.length, save_ms: Date.now() - beganMs });
  }
}
