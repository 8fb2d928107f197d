/**
 * Admission: how many conversations of one isolate may have their state in the engine's memory at once.
 *
 * Shared by all objects of the isolate, any of which may vanish at any await. So nobody waits on another object's promise: waiting ones
 * look again by themselves, and a place whose holder shows no sign of life is taken back.
 */
import { type Backend, ENDLESS } from "../../src/backends/backend.ts";
import { Failure } from "../../src/core/failure.ts";

export interface AdmissionLimits {
  live: number;
  waiting: number;
  waitMs: number;
  /** A holder that makes no progress for this long has vanished. */
  silentMs: number;
  pollMs: number;
}

const standard: AdmissionLimits = { live: 4, waiting: 16, waitMs: 60_000, silentMs: 60_000, pollMs: 25 };

/** The platform's memory of an isolate, and what JavaScript takes of it beside states: code, tokenizer, logits, replies. */
const ISOLATE_BYTES = 128e6;
const JAVASCRIPT_BYTES = 8e6;
/** Tokens of a long conversation, where the model keeps every position; a bounded state is counted when it is full. */
const DEEP = 1024;

/** Places that fit beside the weights, 1 to 4, with one state being stored and one kept for the rewind of a guess. */
export function slotsFor(backend: Pick<Backend, "memoryBytes" | "contextLength" | "stateBytes">): number {
  const { contextLength } = backend;
  const state = backend.stateBytes(contextLength === ENDLESS ? ENDLESS : Math.min(DEEP, contextLength));
  const room = ISOLATE_BYTES - JAVASCRIPT_BYTES - backend.memoryBytes - 2 * state;
  return Math.min(standard.live, Math.max(1, Math.floor(room / state)));
}

interface Ticket {
  owner: string;
  seenMs: number;
}

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #live = new Set<MemorySlot>();
  readonly #queue: Ticket[] = [];

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.#limits = { ...standard, ...limits };
  }

  /** From now on; those who are in stay. */
  limit(live: number): void {
    this.#limits.live = live;
  }

  get live(): number {
    return this.#live.size;
  }

  /** A place, at once or when it is this caller's turn. Fails with `busy`. */
  async enter(owner: string, gone: AbortSignal): Promise<MemorySlot> {
    const { waiting, waitMs, pollMs } = this.#limits;
    this.#sweep();
    if (this.#hasRoom() && this.#queue.length === 0) return this.#admit(owner);
    if (this.#queue.length >= waiting) throw busy();
    const ticket = { owner, seenMs: Date.now() };
    this.#queue.push(ticket);
    try {
      for (const until = Date.now() + waitMs; Date.now() < until && !gone.aborted; ) {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        ticket.seenMs = Date.now();
        this.#sweep();
        if (this.#hasRoom() && this.#queue[0] === ticket) return this.#admit(owner);
      }
      throw busy();
    } finally {
      this.#drop(ticket);
    }
  }

  /** A place if one is free now. */
  tryEnter(owner: string): MemorySlot | undefined {
    this.#sweep();
    return this.#hasRoom() && this.#queue.length === 0 ? this.#admit(owner) : undefined;
  }

  /** A new instance of an object has come up: whatever its last one held is free. */
  forget(owner: string): void {
    for (const slot of this.#live) if (slot.owner === owner) slot.leave();
    for (const ticket of this.#queue.filter((waiting) => waiting.owner === owner)) this.#drop(ticket);
  }

  #hasRoom = () => this.#live.size < this.#limits.live;

  #admit(owner: string): MemorySlot {
    const slot = new MemorySlot(owner, () => this.#live.delete(slot));
    this.#live.add(slot);
    return slot;
  }

  #drop(ticket: Ticket): void {
    const at = this.#queue.indexOf(ticket);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  #sweep(): void {
    const oldest = Date.now() - this.#limits.silentMs;
    for (const slot of this.#live) if (slot.seenMs < oldest) slot.leave();
    for (const ticket of this.#queue.filter(({ seenMs }) => seenMs < oldest)) this.#drop(ticket);
  }
}

/** The isolate's. */
export const admission = new Admission();

/** Owns one sequence in the engine's memory. */
export class MemorySlot {
  readonly owner: string;
  readonly #left: () => void;
  #held: { release(): void } | undefined;
  #mine = true;
  seenMs = Date.now();

  constructor(owner: string, left: () => void) {
    this.owner = owner;
    this.#left = left;
  }

  /** Keeps a sequence until `leave`. */
  hold<Held extends { release(): void }>(held: Held): Held {
    this.#held = held;
    this.beat();
    return held;
  }

  /** A sign of life. Fails with `busy` when the place was taken back. */
  beat(): void {
    if (!this.#mine) throw new Failure("busy", "this turn stood still for too long and lost its place; try again");
    this.seenMs = Date.now();
  }

  /** Frees the memory and the place. Idempotent. */
  leave(): void {
    this.#held?.release();
    this.#held = undefined;
    this.#mine = false;
    this.#left();
  }
}

const busy = () => new Failure("busy", "all places for live generations are taken; try again in a few seconds");
