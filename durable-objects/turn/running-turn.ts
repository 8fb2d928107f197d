/**
 * RunningTurn: a turn that this object computes, and the readers who follow it.
 *
 * It holds ids, not text: every reader makes the text from them at its own pace, so that a slow reader costs nothing
 * and a late one misses nothing.
 *
 *   waiting ⇄ computing → ended
 *      └──────────┴─────→ lost
 */
import type { EndEvent, LoggedToken, StartEvent, TurnEvent } from "../../src/api/shared/turn.ts";
import type { Failure } from "../../src/core/failure.ts";
import { protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";

type Last = EndEvent | Extract<TurnEvent, { type: "failed" }>;

/**
 * Where a turn stands in this object. `waiting`: no attempt is at it, because the last one paused or was cut off.
 * `computing`: an attempt is at it. `ended`: its end is on disk. `lost`: it is over here without an end, because
 * storage failed or because another instance computes it now. Nothing follows the last two.
 */
type Phase =
  | { name: "waiting" }
  | { name: "computing" }
  | { name: "ended"; last: Last }
  | { name: "lost"; failure: Failure };

/** What can be said of a turn, finished or not. */
export interface KnownTurn {
  /** Undefined until the turn has a memory slot. */
  start: StartEvent | undefined;
  /** Of the reply. */
  ids: readonly number[];
  logprobs: readonly LoggedToken[] | undefined;
  /** The last event of a turn that has ended. Its text is made from the ids. */
  last: Last | undefined;
}

export interface Reader {
  /** Tokens it was given. */
  read: number;
  /** It came back with more than has been computed again since: what it has seen is still to come. */
  isAhead: boolean;
}

export class RunningTurn implements KnownTurn {
  readonly id: string;
  readonly tenant: string;
  readonly ids: number[] = [];
  /**
   * Whether its reply, once it is whole, may be refused: its schema has keywords that it is only checked against then.
   * Undefined until that is known.
   */
  isRefusable: boolean | undefined;
  /** Lets the next turn of its head begin. The scheduler sets it and calls it. */
  release: (() => void) | undefined;
  #phase: Phase = { name: "waiting" };
  #start: StartEvent | undefined;
  #prefill: { done: number; total: number } | undefined;
  #background: boolean;
  #cancelled: "when seen" | "now" | undefined;
  readonly #logprobs: LoggedToken[] = [];
  readonly #readers = new Set<Reader>();
  #waiting: (() => void)[] = [];

  constructor(id: string, tenant: string, background: boolean) {
    this.id = id;
    this.tenant = tenant;
    this.#background = background;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The only place that changes the phase. */
  #enter(phase: Phase): void {
    if (!this.over) this.#phase = phase;
    this.changed();
  }

  /** An attempt takes it up. */
  attempted(): void {
    this.#enter({ name: "computing" });
  }

  /** The attempt has stopped; unless that was the turn's end, another one may follow. */
  paused(): void {
    this.#enter({ name: "waiting" });
  }

  end(last: Last): void {
    this.#enter({ name: "ended", last });
  }

  lose(failure: Failure): void {
    this.#enter({ name: "lost", failure });
  }

  get computing(): boolean {
    return this.#phase.name === "computing";
  }

  get over(): boolean {
    return this.#phase.name === "ended" || this.#phase.name === "lost";
  }

  get last(): Last | undefined {
    return this.#phase.name === "ended" ? this.#phase.last : undefined;
  }

  get lost(): Failure | undefined {
    return this.#phase.name === "lost" ? this.#phase.failure : undefined;
  }

  get start(): StartEvent | undefined {
    return this.#start;
  }

  /** It has a memory slot and its state: readers may hear of it. */
  begin(start: StartEvent): void {
    this.#start = start;
    this.changed();
  }

  get prefill(): { done: number; total: number } | undefined {
    return this.#prefill;
  }

  /** Notes how much of the prompt was read. Readers are woken by the next change. */
  prefilled(done: number, total: number): void {
    this.#prefill = { done, total };
  }

  get logprobs(): LoggedToken[] | undefined {
    return this.#logprobs.length > 0 ? this.#logprobs : undefined;
  }

  /**
   * Not while a turn that is computed again has yet to come to what a reader was shown before: no
   * word that was shown is taken back.
   */
  get cancelled(): boolean {
    if (this.#cancelled === "when seen") return ![...this.#readers].some(({ isAhead }) => isAhead);
    return this.#cancelled === "now";
  }

  /** Tokens that were computed for it. */
  get computed(): number {
    const { last } = this;
    if (last?.type !== "end") return this.ids.length;
    const { promptTokens, cachedTokens, completionTokens } = last.usage;
    return promptTokens - cachedTokens + completionTokens;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** It stops at the next token, or, computed again, when it has come to what its readers have seen, unless `now`. */
  cancel(when: "when seen" | "now" = "when seen"): void {
    this.#cancelled = this.#cancelled === "now" ? "now" : when;
    this.changed();
  }

  /** Goes on without readers from now on. */
  detach(): void {
    this.#background = true;
  }

  push(id: number, logprob: LoggedToken | undefined): void {
    this.ids.push(id);
    if (logprob) this.#logprobs.push(logprob);
    this.changed();
  }

  join(read = 0, isAhead = false): Reader {
    const reader = { read, isAhead };
    this.#readers.add(reader);
    return reader;
  }

  /** Whoever asked for a foreground turn and left wants no more of it. */
  leave(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0 && !this.#background && !this.over) this.cancel();
    this.changed();
  }

  /** Resolves at the next change. */
  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  changed(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.next();
  }

  /**
   * Resolves when the fastest reader has nearly caught up, so that nothing is computed that nobody may come to read.
   */
  async room(): Promise<void> {
    if (!protects("backpressure")) return;
    const ahead = () => this.ids.length - Math.max(0, ...[...this.#readers].map(({ read }) => read));
    const isNear = () => this.#background || this.cancelled || ahead() < limits.leadTokens;
    if (!isNear()) await this.until(isNear);
  }
}
