/** Epoch numbers of one conversation, shared by its live sequences so that no two take the same. */
export class EpochCounter {
  readonly owner: string;
  readonly #gone: () => void;
  #newest = 0;
  #live = 0;

  constructor(owner: string, gone: () => void) {
    this.owner = owner;
    this.#gone = gone;
  }

  enter(): this {
    this.#live++;
    return this;
  }

  leave(): void {
    if (--this.#live === 0) this.#gone();
  }

  /** A stage has stored this epoch, whether it ever counted or not. */
  saw(epoch: number): void {
    this.#newest = Math.max(this.#newest, epoch);
  }

  next(): number {
    this.#newest += 1;
    return this.#newest;
  }
}
