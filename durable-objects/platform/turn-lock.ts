/**
 * TurnLock: whoever holds it is alone; others wait and come in order. Where too many wait, or one waits too long, they
 * fail with `turn_in_progress`. HeadLocks has one for each head: what changes a head happens one after another, and
 * different heads do not wait for each other.
 */
import { Failure } from "../../src/core/failure.ts";

export const inProgress = (): Failure =>
  new Failure("turn_in_progress", "conversation: its last turn is still running; try again when it has ended", {
    param: "conversation",
  });

export class TurnLock {
  readonly #waiting: (() => void)[] = [];
  readonly #maxWaiting: number;
  readonly #maxWaitMs: number;
  #held = false;

  constructor({ maxWaiting = 4, maxWaitMs = 30_000 } = {}) {
    this.#maxWaiting = maxWaiting;
    this.#maxWaitMs = maxWaitMs;
  }

  /** Resolves to what gives the lock back; calling that again does nothing. */
  async acquire(): Promise<() => void> {
    if (!this.#held) this.#held = true;
    else await this.#wait();
    let mine = true;
    return () => {
      if (!mine) return;
      mine = false;
      const next = this.#waiting.shift();
      if (next) next();
      else this.#held = false;
    };
  }

  #wait(): Promise<void> {
    if (this.#waiting.length >= this.#maxWaiting) return Promise.reject(inProgress());
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(inProgress());
      }, this.#maxWaitMs);
      const enter = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#waiting.push(enter);
    });
  }
}

export class HeadLocks {
  readonly #locks = new Map<string, TurnLock>();

  /** Resolves to what lets the next one in; at once where no head moves. Fails with `turn_in_progress`. */
  async acquire(head: string | undefined): Promise<() => void> {
    if (head === undefined) return () => {};
    const lock = this.#locks.get(head) ?? new TurnLock();
    this.#locks.set(head, lock);
    return lock.acquire();
  }

  /** Does the work while no turn of the head runs. */
  async alone<T>(head: string, work: () => T | Promise<T>): Promise<T> {
    const release = await this.acquire(head);
    try {
      return await work();
    } finally {
      release();
    }
  }
}
