/**
 * A conversation with a pack without a server: as HTTP has it, with the pack's own template and sampling,
 * and copies of where it stands.
 */
import type { Sequence } from "../src/backends/backend.ts";
import type { Served } from "../src/dialogue/load.ts";
import { prefill, reply } from "../src/dialogue/reply.ts";
import { Sampler } from "../src/sampling/sampler.ts";
import type { Sampling } from "../src/sampling/sampling.ts";
import { greedy } from "../src/sampling/sampling.ts";
import { decodeState } from "../src/state/codec.ts";
import { encodeSequence } from "../src/state/encode-sequence.ts";
import type { Precision } from "../src/state/rounding.ts";
import type { Message } from "../src/tokenizer/text-codec.ts";

/** What the pack samples with where a request says nothing. */
export function usual({ manifest: { generation } }: Served): Sampling {
  const { temperature, topK, topP, repetitionPenalty } = generation;
  const given = { temperature, topK, topP, repetitionPenalty };
  return { ...greedy, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) };
}

export class Chat {
  readonly #served: Served;
  readonly #sampling: Sampling;
  #sequence: Sequence | undefined;
  #sampler: Sampler;
  #begun = false;
  #closed = false;
  /** The last sampled id, which was not fed yet. */
  #pending: number[] = [];
  /** Of the state that each answer leaves. */
  readonly #precision: Precision;
  /** Ids of the last answer. */
  answered: number[] = [];

  constructor(served: Served, sampling: Sampling, { seed = 0, precision = "rounded" as Precision } = {}) {
    this.#served = served;
    this.#sampling = sampling;
    this.#precision = precision;
    this.#sampler = new Sampler(served.backend.vocab, undefined, seed);
  }

  say(text: string, maxTokens = 64): Promise<string> {
    return this.send([{ role: "user", content: text }], maxTokens);
  }

  /** The answer to these messages, at most `maxTokens` long. */
  async send(messages: Message[], maxTokens = 64): Promise<string> {
    const { prompt, backend } = this.#served;
    const feed = this.#begun
      ? prompt.append({ hasSystem: true, closed: this.#closed }, messages)
      : prompt.start(messages);
    this.#sequence ??= await backend.open();
    this.#begun = true;
    this.answered = [];
    let answer = "";
    const options = { sampling: this.#sampling, maxTokens, stop: [], ignoreEos: false };
    for await (const event of reply(
      this.#served,
      this.#sequence,
      this.#sampler,
      [...this.#pending, ...feed],
      options,
    )) {
      if (event.type === "prefill") continue;
      if (event.type === "token") this.answered.push(event.id);
      else this.#closed = event.reason === "stop";
      answer += event.text;
    }
    this.#pending = this.answered.slice(-1);
    await this.#leave(this.#sequence);
    return answer.trim();
  }

  /** Reads a dialogue that was held elsewhere, up to the end of its last answer. */
  async hear(messages: Message[], progress: (done: number, total: number) => void = () => {}): Promise<void> {
    const { prompt, backend, manifest } = this.#served;
    const ids = prompt.start(messages, false);
    const feed = ids.slice(0, ids.findLastIndex((id) => manifest.generation.eos.includes(id)) + 1);
    if (feed.length === 0) throw new Error(`${manifest.name}: its template closes no answer with an end-of-turn token`);
    this.#sequence ??= await backend.open();
    for await (const { done } of prefill(this.#served, this.#sequence, this.#sampler, feed))
      progress(done, feed.length);
    this.#begun = true;
    this.#closed = true;
    this.#pending = [];
  }

  /** What the next turn goes on from is what a server would have written of this one. */
  async #leave(sequence: Sequence): Promise<void> {
    if (this.#precision === "exact") return;
    const { backend, fingerprint } = this.#served;
    const rest = { fingerprint, pending: this.#pending, sampler: this.#sampler.state() };
    const bytes = await encodeSequence(sequence, rest, "rounded");
    sequence.release();
    this.#sequence = await backend.open(decodeState(bytes, fingerprint));
  }

  /** Another conversation that stands where this one does. */
  async copy(): Promise<Chat> {
    const other = new Chat(this.#served, this.#sampling, { precision: this.#precision });
    const sequence = this.#sequence;
    if (sequence !== undefined)
      other.#sequence = await this.#served.backend.open({
        position: sequence.position,
        tensors: await sequence.save(),
      });
    other.#sampler = new Sampler(this.#served.backend.vocab, this.#sampler.state());
    other.#begun = this.#begun;
    other.#closed = this.#closed;
    other.#pending = this.#pending;
    return other;
  }

  end(): void {
    this.#sequence?.release();
  }
}
