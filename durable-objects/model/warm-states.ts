/**
 * WarmStates: what turns have left in an engine's memory, each for the next turn of its conversation, as
 * long as nobody needs the memory.
 *
 * A state is known by its tag, which the row of its turn has as well (`stateTag` of src/state/codec.ts), so it is
 * taken only by a turn that goes on from what is stored. It is no promise: whoever finds none reads the stored
 * one, and goes on to the same bits.
 */
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import type { SamplerState } from "../../src/sampling/sampling.ts";
import type { StoredStretch } from "../storage/state-pieces.ts";

export interface WarmState {
  /** Undefined until the state is written: nobody takes it before. */
  tag: string | undefined;
  /** Whose memory it lies in. */
  backend: Backend;
  sequence: Sequence;
  sampler: SamplerState;
  /** In storage they hold what the state's caches have. */
  stretches: readonly StoredStretch[];
}

interface Kept {
  state: WarmState;
  sinceMs: number;
}

export class WarmStates {
  /** By the object that left it, one each; the one that lies longest comes first. */
  readonly #kept = new Map<string, Kept>();

  get size(): number {
    return this.#kept.size;
  }

  keep(owner: string, state: WarmState): void {
    this.drop(owner);
    this.#kept.set(owner, { state, sinceMs: Date.now() });
  }

  /** Whoever takes it releases it. */
  take(owner: string): WarmState | undefined {
    const kept = this.#kept.get(owner);
    this.#kept.delete(owner);
    return kept?.state;
  }

  /** Frees the memory, and wipes it. */
  drop(owner: string): void {
    this.take(owner)?.sequence.release();
  }

  /** False where there is none. */
  dropLongest(): boolean {
    const [owner] = this.#kept.keys();
    if (owner !== undefined) this.drop(owner);
    return owner !== undefined;
  }

  /** Those that lie here since then or longer. */
  dropSince(ms: number): void {
    for (const [owner, { sinceMs }] of this.#kept) {
      if (sinceMs > ms) return;
      this.drop(owner);
    }
  }

  clear(): void {
    while (this.dropLongest());
  }
}
