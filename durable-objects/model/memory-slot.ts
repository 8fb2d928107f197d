/** MemorySlot: the right to keep one state in the engine's memory, which admission gives. */
import type { Backend, Sequence } from "../../src/backends/backend.ts";
import { Failure } from "../../src/core/failure.ts";
import { computesFor } from "../../src/dialogue/round-robin.ts";
import type { WarmState } from "./warm-states.ts";

/** On whose behalf a memory slot is asked for. */
export interface Asker {
  /** The object that will hold it. */
  owner: string;
  tenant?: string;
  /** Work that nobody waits for at once, as a shared prefix: it never takes the last slot where there are several. */
  patient?: boolean;
  /** It goes on from a stored state: it is given what its object's last turn left in the memory, with the slot. */
  resumes?: boolean;
}

/** Owns one sequence in the engine's memory. */
export class MemorySlot {
  readonly asker: Asker;
  readonly #left: (warm?: WarmState) => void;
  #warm: WarmState | undefined;
  #held: { release(): void } | undefined;
  #mine = true;
  seenMs = Date.now();

  /** `warm`: what the asker's last turn left. */
  constructor(asker: Asker, warm: WarmState | undefined, left: (warm?: WarmState) => void) {
    this.asker = asker;
    this.#warm = warm;
    this.#left = left;
  }

  /** What the asker's last turn left in this engine's memory, if that has this tag. What has another one is wiped. */
  takeWarm(backend: Backend, tag: string | undefined): WarmState | undefined {
    const warm = this.#warm;
    this.#warm = undefined;
    if (tag === undefined || warm?.tag !== tag || warm.backend !== backend) {
      warm?.sequence.release();
      return undefined;
    }
    this.#held = warm.sequence;
    return warm;
  }

  /** Keeps a sequence until `leave`. */
  hold<Held extends { release(): void }>(held: Held): Held {
    this.#held = held;
    this.beat();
    return held;
  }

  /** Keeps a sequence that computes for `tenant`; while it waits for its turn among others, the slot shows life. */
  computes<Held extends Sequence>(sequence: Held, tenant: string): Held {
    computesFor(sequence, tenant, () => this.beat());
    return this.hold(sequence);
  }

  /** A sign of life. Fails with `busy` when the slot was taken back. */
  beat(): void {
    if (!this.#mine)
      throw new Failure("busy", "the turn made no progress for too long and lost its memory slot; try again");
    this.seenMs = Date.now();
  }

  /** Frees the memory and the slot. Idempotent. */
  leave(): void {
    this.#held?.release();
    this.#end();
  }

  /**
   * Frees the slot, and leaves the state to the owner's next turn, which finds it unless somebody has needed the
   * memory. Nothing where the slot was left before.
   */
  leaveWarm(state: WarmState): void {
    if (this.#mine) this.#end(state);
  }

  #end(warm?: WarmState): void {
    this.#held = undefined;
    this.#warm?.sequence.release();
    this.#warm = undefined;
    this.#mine = false;
    this.#left(warm);
  }
}
