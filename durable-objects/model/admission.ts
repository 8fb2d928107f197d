/**
 * Admission: how many conversations of one isolate may have their state in the engine's memory at once.
 *
 * Shared by all objects of the isolate, any of which may vanish at any await. So nobody waits on another object's
 * promise: waiting ones look again by themselves, and a slot whose holder shows no sign of life is taken back.
 *
 * Who waits is let in by tenant in turn, and of a tenant by conversation in turn, so that one with many requests
 * makes only itself wait. While several tenants come, none holds all slots: the next one's first turn would have to
 * wait for the end of one of theirs.
 *
 * What a turn has left in the memory (warm-states.ts) holds no slot. It goes, the one first that lies longest, as soon
 * as whoever is let in needs the memory.
 */
import { type Backend, ENDLESS } from "../../src/backends/backend.ts";
import { Failure } from "../../src/core/failure.ts";
import { type Asker, MemorySlot } from "./memory-slot.ts";
import { ISOLATE_BYTES } from "./pack.ts";
import { WarmStates } from "./warm-states.ts";

interface AdmissionLimits {
  live: number;
  /** Of one tenant, and of all together. */
  waiting: number;
  waitingInAll: number;
  /** Other tenants are expected for this long after the last one came. */
  othersMs: number;
  waitMs: number;
  /** A holder that makes no progress for this long has vanished. */
  silentMs: number;
  /** A state that lies unused for this long is for nobody: the platform has evicted its object. */
  warmMs: number;
  pollMs: number;
}

const standard: AdmissionLimits = {
  live: 4,
  waiting: 16,
  waitingInAll: 128,
  waitMs: 60_000,
  silentMs: 60_000,
  warmMs: 60_000,
  pollMs: 25,
  othersMs: 60_000,
};

/**
 * What JavaScript takes while as many replies as an isolate has memory slots are written: code, tokenizer, forms,
 * logits (`node bench/isolate.ts`); and for each further conversation, where there are many.
 */
export const JAVASCRIPT_BYTES = 15.6e6;
/**
 * The part of one state that lies beside the engine's memory for a moment, of one conversation at a time, since nothing
 * is awaited meanwhile: what a turn's end writes, halves and short stretches. A turn that goes on writes floats, but
 * row by row from the engine's memory, in which the copy of a guess lies as well.
 */
const ON_ITS_WAY = 0.35;
const CONVERSATION_BYTES = 2e6;
/** Memory slots at most where memory is no limit: more would only wait for each other's passes. */
const MOST_SLOTS = 64;
/** Tokens of a long conversation, where the model keeps every position; a bounded state is counted when it is full. */
const DEEP = 1024;

export type Sized = Pick<Backend, "memoryBytes" | "contextLength" | "stateBytes">;

/**
 * Places that fit beside the weights, with one state on its way to storage: 1 to 4 in an
 * isolate, 1 to 64 in more memory.
 */
export function slotsFor(backend: Sized, memoryBytes = ISOLATE_BYTES): number {
  const { state, left } = roomIn(backend, memoryBytes);
  const inIsolate = Math.min(left, left - memoryBytes + ISOLATE_BYTES);
  const slots = Math.min(standard.live, Math.max(1, Math.floor(inIsolate / state)));
  const more = Math.floor(left / (state + CONVERSATION_BYTES));
  return memoryBytes > ISOLATE_BYTES ? Math.min(MOST_SLOTS, Math.max(slots, more)) : slots;
}

/** Whether so many bytes more fit beside all those memory slots, so that keeping them costs none. */
export function hasRoomBeside(backend: Sized, memoryBytes: number, bytes: number): boolean {
  const { state, left } = roomIn(backend, memoryBytes);
  const each = memoryBytes > ISOLATE_BYTES ? state + CONVERSATION_BYTES : state;
  return left - slotsFor(backend, memoryBytes) * each >= bytes;
}

/** Bytes of one state, and what the memory leaves for those of memory slots. */
function roomIn(backend: Sized, memoryBytes: number): { state: number; left: number } {
  const { contextLength } = backend;
  const state = backend.stateBytes(contextLength === ENDLESS ? ENDLESS : Math.min(DEEP, contextLength));
  return { state, left: memoryBytes - JAVASCRIPT_BYTES - backend.memoryBytes - ON_ITS_WAY * state };
}

interface Ticket extends Asker {
  seenMs: number;
}

/** Tenants and conversations whose turn is remembered. */
const REMEMBERED = 1000;

export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #live = new Set<MemorySlot>();
  readonly #queue: Ticket[] = [];
  /** When tenants came last, and, by number, when tenants and owners were let in last. */
  readonly #came = new Map<string, number>();
  readonly #served = new Map<string, number>();
  #admitted = 0;
  /** What turns have left. */
  readonly #warm = new WarmStates();
  /** The most that were in at once. */
  #most = 0;

  constructor(limits: Partial<AdmissionLimits> = {}) {
    this.#limits = { ...standard, ...limits };
  }

  /** From now on; those who are in stay. */
  limit(live: number): void {
    this.#limits.live = live;
    this.#fit();
  }

  get live(): number {
    return this.#live.size;
  }

  /** Nobody is in, and nobody waits. */
  get isIdle(): boolean {
    this.#sweep();
    return this.#live.size === 0 && this.#queue.length === 0;
  }

  /** A memory slot, at once or when it is this caller's turn. Fails with `busy`. */
  async enter(asker: Asker, gone: AbortSignal): Promise<MemorySlot> {
    const { waiting, waitingInAll, waitMs, pollMs } = this.#limits;
    remember(this.#came, tenantOf(asker), Date.now());
    this.#sweep();
    const ticket = { ...asker, seenMs: Date.now() };
    if (this.#hasRoomFor(ticket) && this.#next([...this.#queue, ticket]) === ticket) return this.#admit(ticket);
    const mine = this.#queue.filter((other) => tenantOf(other) === tenantOf(asker));
    if (mine.length >= waiting || this.#queue.length >= waitingInAll) throw busy();
    this.#queue.push(ticket);
    try {
      for (const until = Date.now() + waitMs; Date.now() < until && !gone.aborted; ) {
        await new Promise((resolve) => setTimeout(resolve, pollMs));
        ticket.seenMs = Date.now();
        this.#sweep();
        if (this.#next(this.#queue) === ticket) return this.#admit(ticket);
      }
      throw busy();
    } finally {
      this.#drop(ticket);
    }
  }

  /** A slot if one is free now. */
  tryEnter(owner: string): MemorySlot | undefined {
    this.#sweep();
    return this.#live.size < this.#limits.live && this.#queue.length === 0 ? this.#admit({ owner }) : undefined;
  }

  /** A new instance of an object has come up: whatever its last one held is free. */
  forget(owner: string): void {
    for (const slot of this.#live) if (slot.asker.owner === owner) slot.leave();
    for (const ticket of this.#queue.filter((waiting) => waiting.owner === owner)) this.#drop(ticket);
    this.forgetWarm(owner);
  }

  /** What its turns have left is wiped. */
  forgetWarm(owner: string): void {
    this.#warm.drop(owner);
  }

  clearWarm(): void {
    this.#warm.clear();
  }

  /** Wipes what lies longest. False where nothing lies there. */
  makeRoom = (): boolean => this.#warm.dropLongest();

  #hasRoomFor(asker: Asker): boolean {
    const { live, othersMs } = this.#limits;
    if (this.#live.size >= live) return false;
    if (live === 1) return true;
    const held = [...this.#live];
    if (asker.patient && held.filter(({ asker: other }) => other.patient).length >= live - 1) return false;
    const since = Date.now() - othersMs;
    const isShared = [...this.#came].some(([tenant, atMs]) => tenant !== tenantOf(asker) && atMs > since);
    return !isShared || held.filter(({ asker: other }) => tenantOf(other) === tenantOf(asker)).length < live - 1;
  }

  /**
   * Of those for whom there is room, the one whose tenant was let in longest ago; of a
   * tenant's, whose conversation was.
   */
  #next(queue: readonly Ticket[]): Ticket | undefined {
    const order = (ticket: Ticket) => [
      this.#served.get(`tenant ${tenantOf(ticket)}`) ?? 0,
      this.#served.get(ticket.owner) ?? 0,
    ];
    let best: Ticket | undefined;
    for (const ticket of queue) {
      if (!this.#hasRoomFor(ticket)) continue;
      const [tenant, owner] = order(ticket) as [number, number];
      const [bestTenant, bestOwner] = best ? (order(best) as [number, number]) : [Infinity, Infinity];
      if (tenant < bestTenant || (tenant === bestTenant && owner < bestOwner)) best = ticket;
    }
    return best;
  }

  #admit(asker: Asker): MemorySlot {
    this.#admitted++;
    remember(this.#served, `tenant ${tenantOf(asker)}`, this.#admitted);
    remember(this.#served, asker.owner, this.#admitted);
    const warm = asker.resumes ? this.#warm.take(asker.owner) : undefined;
    const slot = new MemorySlot(asker, warm, (left) => {
      this.#live.delete(slot);
      if (left) this.#warm.keep(asker.owner, left);
    });
    this.#live.add(slot);
    this.#most = Math.max(this.#most, this.#live.size);
    this.#fit();
    return slot;
  }

  /**
   * States in use and warm ones are as many together as were in use at once before, or as an isolate has memory slots
   * at most: so what nobody needs never makes the memory larger than that.
   */
  #fit(): void {
    const { live } = this.#limits;
    const room = Math.min(live, Math.max(this.#most, standard.live));
    while (this.#live.size + this.#warm.size > room && this.#warm.dropLongest());
  }

  #drop(ticket: Ticket): void {
    const at = this.#queue.indexOf(ticket);
    if (at >= 0) this.#queue.splice(at, 1);
  }

  #sweep(): void {
    const oldest = Date.now() - this.#limits.silentMs;
    for (const slot of this.#live) if (slot.seenMs < oldest) slot.leave();
    for (const ticket of this.#queue.filter(({ seenMs }) => seenMs < oldest)) this.#drop(ticket);
    this.#warm.dropSince(Date.now() - this.#limits.warmMs);
  }
}

/** The isolate's, for its default model. */
export const admission = new Admission();

/** Of the other models, by what computes them. */
const others = new Map<object, Admission>();

/** The one of the model that this engine computes. */
export const admissionFor = ({ backend }: { backend: object }): Admission => others.get(backend) ?? admission;

/** Another model's engine has slots of its own. */
export function admitTo(backend: object): Admission {
  const own = others.get(backend) ?? new Admission();
  others.set(backend, own);
  return own;
}

/** The engine is gone; nobody was in. */
export function closeAdmission(backend: object): void {
  admissionFor({ backend }).clearWarm();
  others.delete(backend);
}

/** A new instance of an object has come up: whatever its last one held of any model is free. */
export function forgetAsker(owner: string): void {
  for (const one of [admission, ...others.values()]) one.forget(owner);
}

/** Something of an object was deleted: none of its states may be used any more. */
export function forgetWarm(owner: string): void {
  for (const one of [admission, ...others.values()]) one.forgetWarm(owner);
}

/** Conversations in the memory of all models' engines. */
export const liveInAll = (): number => [admission, ...others.values()].reduce((n, { live }) => n + live, 0);

const tenantOf = ({ tenant = "" }: Asker): string => tenant;

/** The newest stay. */
function remember(map: Map<string, number>, key: string, value: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value!);
}

const busy = () => new Failure("busy", "all memory slots for running turns are taken; try again in a few seconds");
