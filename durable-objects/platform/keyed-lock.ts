/** TurnLock: one turn of a conversation at a time. The next ones wait in order; too many, or too long, fail with `turn_in_progress`. */
import { Failure } from "../../src/core/failure.ts";

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

const inProgress = () =>
  new Failure("turn_in_progress", "this conversation is still answering; try again when it has finished");
