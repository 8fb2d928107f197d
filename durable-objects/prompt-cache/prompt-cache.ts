/**
 * PromptCache: one object per tenant, with states of prompts that belong to no conversation, so that a client that
 * sends its whole history every time computes only what is new in it. Asked by RPC (prompt-cache-client.ts).
 */
import { DurableObject } from "cloudflare:workers";
import { Alarms } from "../platform/alarms.ts";
import { promptCacheLimits } from "./prompt-cache-limits.ts";
import { type NewState, PromptCacheStore } from "./prompt-cache-store.ts";

interface FoundBytes {
  id: number;
  /** Slices of the prompt that the state holds. */
  slices: number;
  bytes: ReadableStream<Uint8Array>;
}

export interface PromptCacheSize {
  states: number;
  bytes: number;
}

export class PromptCache extends DurableObject<Env> {
  readonly #store = new PromptCacheStore(this.ctx.storage, promptCacheLimits(this.env));
  readonly #alarms = new Alarms(this.ctx.storage);

  /**
   * The longest kept state that a prompt with these borders begins with, and how many of
   * its borders another prompt had.
   */
  async find(borders: Uint8Array): Promise<{ state: FoundBytes | undefined; shared: number }> {
    const { state, shared } = this.#store.find(borders, Date.now());
    if (!state) return { state: undefined, shared };
    const { id, slices, pieces } = state;
    return { state: { id, slices, bytes: this.#bytes(pieces) }, shared };
  }

  /** Keeps a state of so many bytes, if it has room. */
  async keep(state: NewState, bytes: number, stream: ReadableStream<Uint8Array>): Promise<void> {
    if (!(await this.#store.keep(state, bytes, stream, Date.now))) await stream.cancel().catch(() => {});
    await this.#store.database.settled();
    await this.#watch();
  }

  async size(): Promise<PromptCacheSize> {
    return this.#store.size;
  }

  /** Resolves when nothing is left of what this object's prompts left. */
  async drop(owner: string): Promise<void> {
    await this.#store.drop(owner);
  }

  /** Resolves when nothing is left. */
  async clear(): Promise<void> {
    await this.#store.clear(Date.now());
  }

  override async alarm(): Promise<void> {
    this.#alarms.rang();
    await this.#store.expire(Date.now());
    await this.#watch();
  }

  async #watch(): Promise<void> {
    const { earliestMs } = this.#store;
    if (Number.isFinite(earliestMs)) await this.#alarms.atLatest(earliestMs);
  }

  #bytes(pieces: readonly number[]): ReadableStream<Uint8Array> {
    const left = [...pieces];
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => {
        const id = left.shift();
        if (id === undefined) controller.close();
        else controller.enqueue(this.#store.piece(id));
      },
    });
  }
}
