/**
 * LiveSequences: states of streams that stay in the engine's memory between requests, those of the latest requests.
 *
 * One stands for what its object has committed, or for nothing: an object takes its sequence out to go on with it, and
 * puts it back once the batch is on disk. So whatever fails in between leaves none that is ahead of the disk.
 */
import type { Sequence } from "../../src/backends/backend.ts";
import type { Moment } from "./stream-store.ts";

export interface Live {
  sequence: Sequence;
  /** (V), after the last value. */
  logits: Float32Array<ArrayBuffer>;
  moment: Moment;
}

class LiveSequences {
  readonly #held = new Map<string, { live: Live; bytes: number }>();
  /** Of all that are held: a sum that is kept, since thousands may be. */
  #bytes = 0;

  has = (owner: string): boolean => this.#held.has(owner);

  /** The object's own, which is its from now on. */
  take(owner: string): Live | undefined {
    const held = this.#held.get(owner);
    if (!held) return undefined;
    this.#held.delete(owner);
    this.#bytes -= held.bytes;
    return held.live;
  }

  /** Those used longest ago make room. */
  put(owner: string, live: Live, mostBytes: number): void {
    this.drop(owner);
    const { bytes } = live.sequence;
    this.#held.set(owner, { live, bytes });
    this.#bytes += bytes;
    for (const other of this.#held.keys()) {
      if (this.#bytes <= mostBytes || other === owner) break;
      this.drop(other);
    }
  }

  drop(owner: string): void {
    this.take(owner)?.sequence.release();
  }
}

/** The isolate's. */
export const liveSequences = new LiveSequences();
