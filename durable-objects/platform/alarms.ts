/**
 * Alarms: the object's one alarm, asked for by several.
 *
 * Each asks for a time; the earliest counts. When it rings, everybody looks for what is due and says when to ring again. It is not taken
 * back when a turn ends: a ring for nothing is cheaper than the row that would prevent it.
 */
export interface AlarmStorage {
  setAlarm(atMs: number): Promise<void>;
  getAlarm(): Promise<number | null>;
}

export class Alarms {
  readonly #storage: AlarmStorage;
  /** Of this instance's knowledge; another one may have asked for an earlier time, which then counts. */
  #atMs = Number.POSITIVE_INFINITY;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /** Part of the transaction that is under way. */
  ask(atMs: number): void {
    if (atMs >= this.#atMs) return;
    this.#atMs = atMs;
    void this.#storage.setAlarm(atMs);
  }

  /** Like `ask`, for who has time to look: an earlier time that another instance asked for stays. */
  async atLatest(atMs: number): Promise<void> {
    const set = await this.#storage.getAlarm();
    if (set === null || set > atMs) this.ask(atMs);
  }

  /** It has rung: none is set now. */
  rang(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
  }
}
