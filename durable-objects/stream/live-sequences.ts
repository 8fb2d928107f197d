/**
 * LiveSequences: states of streams that stay in the engine's memory between requests, those of the latest requests.
 *
 * One stands for what its object has committed, or for nothing: an object takes its sequence out to go on with it, and puts it back once the
 * batch is on disk. So whatever fails in between leaves none that is ahead of the disk.
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
  readonly #held = new Map<string, Live>();

  /** The object's own, which is its from now on. */
  take(owner: string): Live | undefined {
    const live = this.#held.get(owner);
    this.#held.delete(owner);
    return live;
  }

  /** Those used longest ago make room. */
  put(owner: string, live: Live, mostBytes: number): void {
    this.drop(owner);
    this.#held.set(owner, live);
    let bytes = [...this.#held.values()].reduce((sum, { sequence }) => sum + sequence.bytes, 0);
    for (const [other, { sequence }] of this.#held) {
      if (bytes <= mostBytes || other === owner) break;
      bytes -= sequence.bytes;
      this.drop(other);
    }
  }

  drop(owner: string): void {
    this.take(owner)?.sequence.release();
  }
}

/** The isolate's. */
export const liveSequences = new LiveSequences();
