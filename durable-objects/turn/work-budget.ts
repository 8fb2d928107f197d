/**
 * WorkBudget: how much one invocation may compute before it writes a checkpoint and lets the alarm go on in a new one.
 *
 * Counted in work, never in time: the clock of a deployed Worker stands still while code runs. A
 * unit is a million multiply-adds.
 */
import type { Backend } from "../../src/backends/backend.ts";
import { count } from "../../src/core/event-counts.ts";
import { limits } from "../platform/limits.ts";

/** Warnings of the platform that this isolate has seen. */
let signals = 0;

export class WorkBudget {
  readonly #backend: Backend;
  readonly #unitsPerToken: number;
  readonly #signalsBefore: number;
  #checkpointTokens: number;
  #left: number;
  #grantedTokens: number;
  #sinceCheckpoint = 0;

  /**
   * `attempts`: takeovers since the last progress. Each quarters the way to the next checkpoint, so that
   * progress comes before the last.
   * `pauses`: whether what is left at the end is computed by a later invocation. `grantedTokens`:
   * how many may be computed besides.
   */
  constructor(
    backend: Backend,
    parameters = 135e6,
    { attempts = 0, pauses = true, grantedTokens = Number.POSITIVE_INFINITY } = {},
  ) {
    this.#left = pauses ? limits.unitsPerInvocation : limits.unitsWithoutPause;
    this.#grantedTokens = grantedTokens;
    this.#checkpointTokens = Math.max(1, limits.checkpointTokens >> Math.min(2 * attempts, 30));
    this.#backend = backend;
    this.#unitsPerToken = parameters / 1e6;
    this.#signalsBefore = signals;
  }

  spend(tokens: number): void {
    this.#left -= tokens * this.#unitsPerToken;
    this.#grantedTokens -= tokens;
    this.#sinceCheckpoint += tokens;
    if (!this.#backend.cpuSignal?.()) return;
    signals++;
    count("cpu_signal");
  }

  /** This invocation must end: its work is done, or the platform is about to end it. */
  get spent(): boolean {
    return this.#left <= 0 || this.#grantedTokens <= 0 || signals !== this.#signalsBefore;
  }

  /** Tokens that can still be computed. */
  get tokensLeft(): number {
    return Math.min(Math.floor(this.#left / this.#unitsPerToken), this.#grantedTokens);
  }

  /** Of those that were granted, Infinity where all were. */
  get grantedTokensLeft(): number {
    return this.#grantedTokens;
  }

  get checkpointDue(): boolean {
    return this.#sinceCheckpoint >= this.#checkpointTokens;
  }

  checkpointed(): void {
    this.#sinceCheckpoint = 0;
    this.#checkpointTokens = limits.checkpointTokens;
  }
}
