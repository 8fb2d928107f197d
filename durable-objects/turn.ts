/**
 * Turn: one answer of a conversation, from request to commit.
 *
 * `open` does everything that can refuse the request; `run` generates, reports events, and commits once at the end. The state is in the
 * engine's memory only between the two. A turn that fails leaves the conversation as it was.
 */
import {
  DEFAULT_MAX_TOKENS,
  type FinishReason,
  type Timings,
  type TurnEvent,
  type TurnRequest,
} from "../src/api/turn.ts";
import { check, Failure } from "../src/core/failure.ts";
import type { Served } from "../src/dialogue/load.ts";
import { reply, slices, yieldToEvents } from "../src/dialogue/reply.ts";
import { Sampler } from "../src/engine/sampler.ts";
import { greedy, type Sampling } from "../src/engine/sampling.ts";
import { encodeState } from "../src/state/codec.ts";
import type { Admission, Place } from "./admission.ts";
import { type Restored, restore } from "./restore.ts";
import type { Store, StoredTurn } from "./store.ts";
import { type Continuation, chainAll, continuation } from "./transcript.ts";

type Emit = (event: TurnEvent) => Promise<void>;

export class Turn {
  readonly #request: TurnRequest;
  readonly #served: Served;
  readonly #store: Store;
  readonly #recent: StoredTurn[];
  readonly #story: Continuation;
  /** Ids of this turn before the reply: what the last turn left unfed, then the new messages. */
  readonly #pending: number[];
  readonly #prompt: number[];
  readonly #timings: Timings;
  #place!: Place;
  #restored!: Restored;

  constructor(request: TurnRequest, served: Served, store: Store) {
    this.#request = request;
    this.#served = served;
    this.#store = store;
    this.#recent = request.persistent ? this.#recentTurns() : [];
    const last = this.#recent[0];
    this.#story = continuation(last, request.messages);
    this.#pending = last ? [...store.ids(last.position, last.logged)] : [];
    const { hasSystem, closed } = last ?? {};
    this.#prompt = last
      ? served.prompt.append({ hasSystem: hasSystem!, closed: closed! }, this.#story.fresh)
      : served.prompt.start(this.#story.fresh);
    this.#checkLength();
    this.#timings = {
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
  }

  /** Waits for a place in the engine and brings the state in. Fails with `busy` or `memory_exceeded`. */
  async open(admission: Admission, owner: string, gone: AbortSignal): Promise<Restored["origin"]> {
    const queued = Date.now();
    this.#place = await admission.enter(owner, gone);
    const entered = Date.now();
    try {
      this.#restored = restore(this.#store, this.#served.backend, this.#served.fingerprint, this.#recent);
      this.#place.hold(this.#restored.sequence);
    } catch (thrown) {
      this.#place.leave();
      throw thrown;
    }
    this.#timings.queue_ms = entered - queued;
    this.#timings.load_ms = Date.now() - entered;
    this.#timings.state = this.#restored.origin;
    this.#timings.rebuilt_tokens = this.#restored.missing.length;
    return this.#restored.origin;
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
    const { manifest, fingerprint, codec, backend } = this.#served;
    const createdMs = Date.now();
    const id = `chatcmpl-${crypto.randomUUID().replaceAll("-", "")}`;
    const last = this.#recent[0];
    const { origin, sequence, missing } = this.#restored;
    await emit({ type: "start", id, createdMs, model: manifest.name, fingerprint, state: origin });

    const cached = sequence.position;
    const began = Date.now();
    const feed = [...this.#pending, ...this.#prompt];
    for (const { slice } of slices([...missing], backend.sliceTokens)) {
      if (gone.aborted) return;
      await sequence.forward(slice, "none");
      this.#place.beat();
      await yieldToEvents();
    }
    const sampler = new Sampler(backend.vocab, this.#restored.sampler, this.#request.seed);
    const ids: number[] = [];
    let text = "";
    let reason: FinishReason | undefined;
    let rest = "";
    const options = {
      sampling: this.#sampling(),
      maxTokens: this.#maxTokens(sequence.position + feed.length),
      stop: this.#request.stop,
      ...(this.#request.topLogprobs === undefined ? {} : { topLogprobs: this.#request.topLogprobs }),
    };
    let decodeFrom = began;
    for await (const event of reply(this.#served, sequence, sampler, feed, options)) {
      this.#place.beat();
      if (event.type === "prefill") {
        decodeFrom = Date.now();
        if (gone.aborted) return;
        await emit({ type: "progress", done: event.done, total: event.total });
      } else if (event.type === "token") {
        ids.push(event.id);
        text += event.text;
        const logprob = event.logprobs ? { logprob: event.logprobs } : {};
        const bytesOf = (token: number) => codec.tokenBytes(token);
        await emit({ type: "token", index: ids.length, text: event.text, ...logprob, bytesOf });
        if (gone.aborted) {
          reason = "cancelled";
          break;
        }
      } else {
        reason = event.reason;
        rest = event.text;
        text += event.text;
      }
    }
    check(reason, "bug", () => "a reply ended without saying why");

    const timings = this.#timings;
    timings.prefill_ms = decodeFrom - began;
    timings.prefill_tokens = feed.length;
    timings.decode_ms = Date.now() - decodeFrom;
    timings.decode_tokens = ids.length;
    if (this.#request.persistent) {
      const saveFrom = Date.now();
      const closed = manifest.generation.eos.includes(ids.at(-1)!);
      timings.state_bytes = this.#commit(last, { id, createdMs, ids, text, reason, closed }, sampler);
      await this.#store.settled();
      timings.save_ms = Date.now() - saveFrom;
    }
    this.#place.leave();
    const usage = {
      promptTokens: cached + missing.length + feed.length,
      cachedTokens: cached,
      completionTokens: ids.length,
    };
    await emit({ type: "end", index: ids.length + 1, text: rest, reason, usage, timings });
  }

  #commit(
    last: StoredTurn | undefined,
    reply: { id: string; createdMs: number; ids: number[]; text: string; reason: FinishReason; closed: boolean },
    sampler: Sampler,
  ): number {
    const { sequence } = this.#restored;
    const { fresh, history } = this.#story;
    const saved = sampler.state();
    const { position } = sequence;
    const logged = (last?.logged ?? 0) + this.#prompt.length + reply.ids.length;
    const pending = reply.ids.slice(reply.ids.length - (logged - position));
    check(position + pending.length === logged, "bug", () => `${position} tokens fed, ${logged} logged`);
    const { fingerprint } = this.#served;
    const state = encodeState({ fingerprint, position, pending, sampler: saved, tensors: sequence.save() });
    this.#place.leave();
    const asked = chainAll(history, fresh);
    this.#store.commit(
      {
        n: (last?.n ?? 0) + 1,
        replyId: reply.id,
        createdMs: reply.createdMs,
        messages: fresh,
        reply: reply.text,
        reason: reply.reason,
        asked,
        history: chainAll(asked, [{ role: "assistant", content: reply.text }]),
        messageCount: (last?.messageCount ?? 0) + fresh.length + 1,
        hasSystem: (last?.hasSystem ?? false) || fresh.some(({ role }) => role === "system"),
        closed: reply.closed,
        position,
        logged,
        generator: saved.generator,
      },
      Uint32Array.from([...this.#prompt, ...reply.ids]),
      state as Uint8Array<ArrayBuffer>,
      { owner: this.#request.tenant, fingerprint },
    );
    return state.length;
  }

  #recentTurns(): StoredTurn[] {
    const identity = this.#store.identity();
    if (!identity) return [];
    // Another tenant's conversation does not exist.
    check(identity.owner === this.#request.tenant, "not_found", () => "no such conversation", "conversation");
    check(
      identity.fingerprint === this.#served.fingerprint,
      "model_changed",
      () => "this conversation's state belongs to another model or another version of it; begin a new conversation",
      "conversation",
    );
    return this.#store.recent();
  }

  /** Before any inference: the prompt must fit and leave room for a token. */
  #checkLength(): void {
    const { contextLength } = this.#served.backend;
    const tokens = (this.#recent[0]?.logged ?? 0) + this.#prompt.length;
    if (tokens < contextLength) return;
    const message = `messages: ${tokens} tokens with what the conversation holds, the model takes ${contextLength} with its reply`;
    throw new Failure("context_length_exceeded", message, { param: "messages" });
  }

  #maxTokens(position: number): number {
    const left = this.#served.backend.contextLength - position;
    return Math.min(this.#request.maxTokens ?? DEFAULT_MAX_TOKENS, left);
  }

  #sampling(): Sampling {
    const { logitBias, ...asked } = this.#request.sampling;
    const { temperature, topP, topK, repetitionPenalty } = this.#served.manifest.generation;
    const given = Object.fromEntries(
      Object.entries({ temperature, topP, topK, repetitionPenalty, ...asked }).filter(
        ([, value]) => value !== undefined,
      ),
    );
    return { ...greedy, ...given, logitBias: new Map(logitBias ?? []) };
  }
}
