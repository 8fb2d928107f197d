/**
 * Alarms: the object's one alarm, asked for by several.
 *
 * Each asks for a time; the earliest counts. When it rings, everybody looks for what is due and says when to ring
 * again. It is not taken back when a turn ends: where turns follow each other, the next one puts it off, and a ring for
 * nothing after the last one is cheaper than setting it and taking it back for every turn, which the runtime writes
 * down each time (docs/decisions/alarms-are-put-off.md).
 */
import { limits } from "./limits.ts";

interface AlarmStorage {
  setAlarm(atMs: number): Promise<void>;
  getAlarm(): Promise<number | null>;
}

export class Alarms {
  readonly #storage: AlarmStorage;
  /** Of this instance's knowledge; another one may have asked for an earlier time, which then counts. */
  #atMs = Number.POSITIVE_INFINITY;
  /** The earliest that was asked for otherwise than by `watch`, whether it was set or something earlier was. */
  #askedMs = Number.POSITIVE_INFINITY;

  constructor(storage: AlarmStorage) {
    this.#storage = storage;
  }

  /** Part of the transaction that is under way. */
  ask(atMs: number): void {
    this.#askedMs = Math.min(this.#askedMs, atMs);
    if (atMs < this.#atMs) this.#set(atMs);
  }

  /**
   * As `ask`, for a turn that has begun and may be left unfinished. An alarm of an earlier turn that would ring soon is
   * put off to this one's: when a turn begins, nothing is left that nobody computes. One that would ring later stays,
   * so that a row is not written for every turn.
   */
  watch(atMs: number): void {
    const isSoon = this.#atMs < Date.now() + limits.alarmMs / 3;
    const wantedMs = Math.min(atMs, this.#askedMs);
    if (wantedMs < this.#atMs || (isSoon && wantedMs > this.#atMs)) this.#set(wantedMs);
  }

  /** Like `ask`, for who has time to look: an earlier time that another instance asked for stays. */
  async atLatest(atMs: number): Promise<void> {
    const set = await this.#storage.getAlarm();
    if (set === null || set > atMs) this.ask(atMs);
    else this.#askedMs = Math.min(this.#askedMs, atMs);
  }

  /** It has rung: none is set now. */
  rang(): void {
    this.#atMs = Number.POSITIVE_INFINITY;
    this.#askedMs = Number.POSITIVE_INFINITY;
  }

  #set(atMs: number): void {
    this.#atMs = atMs;
    void this.#storage.setAlarm(atMs);
  }
}
