/**
 * RoundRobin: whose step runs next when several conversations generate in one isolate.
 *
 * Tenants in turn by the work done for them, of a tenant the one whose last step is longest ago first. Single tokens
 * that wait at that moment share one pass, which reads the weights once, and of every tenant there are as many in
 * it: a tenant with many conversations makes only its own slower. Those of the last pass are waited for, for a
 * moment, or passes would go half empty. A slice of a prompt runs alone, and of a tenant's prompts the one that ends
 * soonest has the turn: in slices by turns, all would end when the last one does. Results do not depend on who
 * shared (see Backend.forwardMany).
 */
import type { Backend, Sequence, SharedStep, Want } from "../backends/backend.ts";

/** Conversations that share a pass: beyond this the rows cost more than the reading saves. */
const SHARED = 8;
/**
 * Yields for which those of the last step are waited for. The runtime fires one timer of an object a turn of its
 * events, so of conversations in one object the last is back after as many; who lets a reader catch up, or has
 * vanished, costs the others no more than these.
 */
const PATIENCE = SHARED;
/**
 * As many while another tenant is on its way back: everything that it does between two steps waits for a step, at each
 * await. It is expected for so many steps after its last one.
 */
const SHARED_WHILE_EXPECTED = 2;
const EXPECTED_STEPS = 32;
/** While one is expected, a slice of a prompt comes after so many shorter steps, where there are any. */
const STEPS_BETWEEN_SLICES = 4;
/** Rows of a prompt that take about as long as one token of a reply. */
const SLICE_ROWS = 5;
/**
 * The slice that waits longest is overtaken by shorter prompts so often: a long prompt beside ever new
 * short ones has one slice in nine.
 */
const MOST_OVERTAKEN = 8;
/** Tenants whose turn is remembered. */
const TENANTS = 1000;

/** On whose behalf a sequence computes. */
interface OnBehalf {
  tenant: string;
  waits?: () => void;
}

const callers = new WeakMap<Sequence, OnBehalf>();

/**
 * Says on whose behalf a sequence computes. `waits` is called again and again while it waits for its turn: a sign of
 * life, since among many the next turn may be minutes away. Where it throws, the sequence's memory slot is gone, and
 * the waiting `forward` fails with that.
 */
export const computesFor = (sequence: Sequence, tenant: string, waits?: () => void): void =>
  void callers.set(sequence, { tenant, ...(waits ? { waits } : {}) });

/** What may come after a step. */
interface Ahead {
  /** Ids that may follow; they are fed too (`Sequence.guess`, logits for all) when nobody else waits. */
  guess?: readonly number[];
  /** Tokens of the prompt after this slice. */
  left?: number;
}

interface WaitingStep extends SharedStep {
  tenant: string;
  guess: readonly number[];
  left: number;
  /** How often a slice of a shorter prompt came first while it waited longest. */
  overtaken: number;
  result?: Float32Array;
  failure?: { thrown: unknown };
}

/** Lets other events of the isolate in: cancel, status, other conversations. */
export const yieldToEvents = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export class RoundRobin {
  readonly #backend: Backend;
  #waiting: WaitingStep[] = [];
  /** Had the last step and are on their way back for the next. */
  #due = new Set<Sequence>();
  /**
   * Work done for each tenant, as in start-time fair queueing: who comes anew begins at the level of now, so time that
   * it was away is not owed to it.
   */
  readonly #served = new Map<string, number>();
  /** Virtual time: where the last step's tenant stood before it. */
  #level = 0;
  /** The place of each one's last step among all steps. */
  readonly #stepped = new WeakMap<Sequence, number>();
  #steps = 0;
  /** The last step that was a slice of a prompt, and the last of each tenant. */
  #lastSlice = 0;
  readonly #lastStep = new Map<string, number>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /**
   * `sequence.forward` in its turn, after other events were let in. Fails as that does, and only for its own sequence.
   */
  async forward(
    sequence: Sequence,
    ids: Uint32Array,
    want: Want,
    { guess = [], left = 0 }: Ahead = {},
  ): Promise<Float32Array> {
    if (!this.#backend.forwardMany) {
      await yieldToEvents();
      return sequence.forward(ids, want);
    }
    const { tenant = "", waits } = callers.get(sequence) ?? {};
    const request: WaitingStep = { sequence, ids, want, guess, left, overtaken: 0, tenant };
    this.#waiting.push(request);
    this.#due.delete(sequence);
    try {
      let steps = this.#steps;
      let yields = 0;
      // Each waits on a timer of its own: workerd may end a caller at any time, and nobody may wait
      // long for what another was to do.
      for (;;) {
        await yieldToEvents();
        if (!request.result) waits?.();
        // After a step everybody has a chance to come back for the next one, or those that wait would run
        // theirs one after another first.
        if (this.#steps !== steps) [steps, yields] = [this.#steps, 0];
        else if (!request.result && !request.failure && (this.#isReady() || ++yields >= PATIENCE)) this.#next();
        if (request.failure) throw request.failure.thrown;
        if (request.result) return request.result;
      }
    } catch (thrown) {
      this.#waiting = this.#waiting.filter((other) => other !== request);
      throw thrown;
    }
  }

  /** The sequence has no further step for now: nobody waits for it. */
  leave(sequence: Sequence): void {
    this.#due.delete(sequence);
  }

  /** Nobody is on the way back, or a pass is full without them. */
  #isReady(): boolean {
    return this.#due.size === 0 || this.#waiting.length >= SHARED;
  }

  #next(): void {
    const chosen = this.#choose();
    this.#steps++;
    this.#level = this.#workOf(chosen[0]!.tenant);
    if (chosen[0]!.ids.length > 1) this.#lastSlice = this.#steps;
    for (const [place, { sequence, tenant, ids }] of chosen.entries()) {
      this.#stepped.set(sequence, this.#steps * SHARED + place);
      this.#lastStep.delete(tenant);
      this.#lastStep.set(tenant, this.#steps);
      const work = this.#workOf(tenant) + Math.max(1, ids.length / SLICE_ROWS);
      this.#served.delete(tenant);
      this.#served.set(tenant, work);
    }
    if (this.#served.size > TENANTS) this.#served.delete(this.#served.keys().next().value!);
    const guessed = this.#waiting.length === 1 && this.#guessed(this.#waiting[0]!);
    this.#waiting = this.#waiting.filter((request) => !chosen.includes(request));
    this.#due = new Set(chosen.map(({ sequence }) => sequence));
    if (guessed) return;
    try {
      const results = this.#backend.forwardMany!(chosen);
      for (const [i, request] of chosen.entries()) request.result = results[i]!;
    } catch (thrown) {
      // No state has changed, so each can try alone and only the one at fault fails.
      if (chosen.length === 1) chosen[0]!.failure = { thrown };
      else for (const request of chosen) this.#alone(request);
    }
  }

  #choose(): WaitingStep[] {
    const since = ({ tenant }: WaitingStep) => this.#workOf(tenant);
    // Who is back first was not the one that waited longest: of a tenant, those come first
    // whose last step is longest ago.
    const own = ({ sequence }: WaitingStep) => this.#stepped.get(sequence) ?? 0;
    const waiting = this.#waiting.toSorted((a, b) => since(a) - since(b) || own(a) - own(b));
    const isExpected = this.#isExpected();
    const isTooSoon = isExpected && this.#steps - this.#lastSlice < STEPS_BETWEEN_SLICES;
    const oldest = waiting[0]!;
    const shorter = ({ tenant, ids }: WaitingStep) => tenant === oldest.tenant && ids.length === 1;
    const first = (isTooSoon && oldest.ids.length > 1 && waiting.find(shorter)) || oldest;
    if (first.ids.length > 1) return [this.#soonest(first)];
    const singles = Map.groupBy(
      waiting.filter(({ ids }) => ids.length === 1),
      ({ tenant }) => tenant,
    );
    const each = Math.min(...[...singles.values()].map(({ length }) => length));
    return [...singles.values()]
      .flatMap((of) => of.slice(0, each))
      .slice(0, isExpected ? SHARED_WHILE_EXPECTED : SHARED);
  }

  /**
   * Of the slices of a tenant's prompts the one whose prompt ends soonest, of equal ones that which waits
   * longest. `first` has the turn to give.
   */
  #soonest(first: WaitingStep): WaitingStep {
    const rest = ({ ids, left }: WaitingStep) => ids.length + left;
    const slices = this.#waiting.filter(({ tenant, ids }) => tenant === first.tenant && ids.length > 1);
    const longest = slices[0]!;
    const soonest = slices.reduce((best, other) => (rest(other) < rest(best) ? other : best));
    const chosen = longest.overtaken < MOST_OVERTAKEN ? soonest : longest;
    if (chosen !== longest) longest.overtaken++;
    // As if it had its step: single tokens have theirs after it.
    if (chosen !== first) this.#stepped.set(first.sequence, this.#steps * SHARED);
    return chosen;
  }

  /** Whether a tenant that computed lately has nothing waiting here now. Those that did not are forgotten. */
  #isExpected(): boolean {
    for (const [tenant, step] of this.#lastStep) {
      if (this.#steps - step > EXPECTED_STEPS) this.#lastStep.delete(tenant);
      else if (!this.#waiting.some((request) => request.tenant === tenant)) return true;
    }
    return false;
  }

  #workOf(tenant: string): number {
    return Math.max(this.#served.get(tenant) ?? 0, this.#level);
  }

  #guessed(request: WaitingStep): boolean {
    const { sequence, ids, guess } = request;
    if (guess.length === 0 || !sequence.guess) return false;
    try {
      const logits = sequence.guess(Uint32Array.of(...ids, ...guess));
      if (logits) request.result = logits;
      return logits !== undefined;
    } catch {
      return false; // no room for so many: the certain one alone may fit
    }
  }

  #alone(request: WaitingStep): void {
    try {
      [request.result] = this.#backend.forwardMany!([request]) as [Float32Array];
    } catch (thrown) {
      request.failure = { thrown };
    }
  }
}

const known = new WeakMap<Backend, RoundRobin>();

/** The one order of a loaded model. */
export function roundRobin(backend: Backend): RoundRobin {
  const order = known.get(backend) ?? new RoundRobin(backend);
  known.set(backend, order);
  return order;
}
