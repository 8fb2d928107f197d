/**
 * SingleFlight: something heavy that an isolate loads once, whoever asks first.
 *
 * The object that loads may vanish in the middle, and its promise with it. So the others watch a flag instead of
 * the promise, and one of them takes over when the load stands still. A failure goes to all who waited and is
 * forgotten: the next caller tries again.
 */
interface Patience {
  stalledMs: number;
  pollMs: number;
}

interface Flight {
  seenMs: number;
  failed?: { thrown: unknown };
}

export class SingleFlight<T> {
  readonly #patience: Patience;
  #value: { value: T } | undefined;
  #flight: Flight | undefined;

  constructor(patience: Patience = { stalledMs: 30_000, pollMs: 25 }) {
    this.#patience = patience;
  }

  get value(): T | undefined {
    return this.#value?.value;
  }

  /** The next caller loads anew. */
  forget(): void {
    this.#value = undefined;
  }

  /** `load` calls `progress` whenever it got further. */
  async get(load: (progress: () => void) => Promise<T>): Promise<T> {
    for (;;) {
      if (this.#value) return this.#value.value;
      const flight = this.#flight;
      if (!flight || this.#stalled(flight)) return this.#lead(load);
      await new Promise((resolve) => setTimeout(resolve, this.#patience.pollMs));
      if (flight.failed) throw flight.failed.thrown;
    }
  }

  async #lead(load: (progress: () => void) => Promise<T>): Promise<T> {
    const flight: Flight = { seenMs: Date.now() };
    this.#flight = flight;
    try {
      const value = await load(() => {
        flight.seenMs = Date.now();
      });
      this.#value ??= { value };
      return this.#value.value;
    } catch (thrown) {
      flight.failed = { thrown };
      throw thrown;
    } finally {
      if (this.#flight === flight) this.#flight = undefined;
    }
  }

  #stalled = (flight: Flight) => Date.now() - flight.seenMs > this.#patience.stalledMs;
}
