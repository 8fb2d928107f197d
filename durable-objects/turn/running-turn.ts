/**
 * RunningTurn: a turn that this object computes, and those who follow it.
 *
 * It holds ids, not text: every reader tells them again at its own pace, so that a slow one costs nothing and a late one misses nothing.
 */
import type { EndEvent, LoggedToken, StartEvent, TurnEvent } from "../../src/api/shared/turn.ts";
import type { Failure } from "../../src/core/failure.ts";
import { protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";

type Last = EndEvent | Extract<TurnEvent, { type: "failed" }>;

/** What there is to tell of a turn, finished or not. */
export interface KnownTurn {
  start: StartEvent;
  /** Of the reply. */
  ids: readonly number[];
  logprobs: readonly LoggedToken[] | undefined;
  /** Of a turn that has ended. Its text is told from the ids. */
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
  /** Goes on without readers. */
  background: boolean;
  start!: StartEvent;
  readonly ids: number[] = [];
  readonly #logprobs: LoggedToken[] = [];
  last: Last | undefined;
  work: { done: number; total: number } | undefined;
  /** It ended here without an end: storage is gone, or somebody else computes it now. */
  lost: Failure | undefined;
  /** An invocation is at it. */
  computing = false;
  /** Lets the next turn of its head begin. */
  release: (() => void) | undefined;
  #cancelled: "when seen" | "now" | undefined;
  readonly #readers = new Set<Reader>();
  #waiting: (() => void)[] = [];

  constructor(id: string, tenant: string, background: boolean) {
    this.id = id;
    this.tenant = tenant;
    this.background = background;
  }

  get logprobs(): LoggedToken[] | undefined {
    return this.#logprobs.length > 0 ? this.#logprobs : undefined;
  }

  /** Not while a turn that is computed again has yet to come to what a reader was shown before: no word that was shown is taken back. */
  get cancelled(): boolean {
    if (this.#cancelled === "when seen") return ![...this.#readers].some(({ isAhead }) => isAhead);
    return this.#cancelled === "now";
  }

  /** Tokens that were computed for it. */
  get computed(): number {
    if (this.last?.type !== "end") return this.ids.length;
    const { promptTokens, cachedTokens, completionTokens } = this.last.usage;
    return promptTokens - cachedTokens + completionTokens;
  }

  get over(): boolean {
    return this.last !== undefined || this.lost !== undefined;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** It stops at the next token, or, computed again, when it has come to what its readers have seen, unless `now`. */
  cancel(when: "when seen" | "now" = "when seen"): void {
    this.#cancelled = this.#cancelled === "now" ? "now" : when;
    this.changed();
  }

  push(id: number, logprob: LoggedToken | undefined): void {
    this.ids.push(id);
    if (logprob) this.#logprobs.push(logprob);
    this.changed();
  }

  end(last: Last): void {
    this.last = last;
    this.changed();
  }

  lose(failure: Failure): void {
    this.lost = failure;
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
    if (this.#readers.size === 0 && !this.background && !this.over) this.cancel();
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

  /** Resolves when the fastest reader is near enough: no work is done that nobody may come to read. */
  async room(): Promise<void> {
    if (!protects("backpressure")) return;
    const ahead = () => this.ids.length - Math.max(0, ...[...this.#readers].map(({ read }) => read));
    const isNear = () => this.background || this.cancelled || ahead() < limits.leadTokens;
    if (!isNear()) await this.until(isNear);
  }
}
