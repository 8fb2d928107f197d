/** HeadLocks: what changes a head comes one after another; different heads do not wait for each other. */
import { TurnLock } from "./keyed-lock.ts";

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
