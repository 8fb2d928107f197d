/**
 * Timeline: which values of a stream are still known, and the courses that begin at one of its kept states.
 *
 * A stream keeps every 64th state, so any position between two of them is reached again by feeding the values
 * that came after the earlier one.
 */
import { check } from "../../src/core/failure.ts";
import type { Forecaster } from "../../src/forecast/forecaster.ts";
import { Course, letOthersRun } from "./course.ts";
import type { Entry } from "./entry.ts";
import type { Linger } from "./linger.ts";
import { liveSequences } from "./live-sequences.ts";
import { liveBytes } from "./served-forecaster.ts";
import { HISTORY, type StreamRecord, type StreamStore } from "./stream-store.ts";

/** A stream as it is on disk, in its own row and in the ledger, without its earlier values. */
export interface OpenStream {
  record: StreamRecord;
  /** Values since the last kept state. */
  tail: Entry[];
  /** Of these the last that the stream's own row does not have: they are in the ledger. */
  owed: number;
}

export class Timeline {
  readonly #store: StreamStore;
  /** Under which name the stream's sequence stays in the engine's memory. */
  readonly #owner: string;
  readonly #linger: Linger;

  constructor(store: StreamStore, owner: string, linger: Linger) {
    this.#store = store;
    this.#owner = owner;
    this.#linger = linger;
  }

  /** The values from a position on, and the position of the first that is still known. */
  entriesFrom({ record, tail }: OpenStream, from: number): { start: number; entries: Entry[] } {
    const tailFrom = record.moment.position - tail.length;
    if (from >= tailFrom) return { start: from, entries: tail.slice(from - tailFrom) };
    const { start, entries } = this.#store.history(Math.max(from, record.moment.position - HISTORY));
    return { start: entries.length > 0 ? start : tailFrom, entries: [...entries, ...tail] };
  }

  /** All values that are still known; `rewindable` is the earliest position that can be reached again. */
  past(open: OpenStream): { start: number; entries: Entry[]; rewindable: number } {
    const known = this.entriesFrom(open, 0);
    const oldest = this.#store.keptPositions().find((position) => position >= known.start);
    return { ...known, rewindable: known.start === 0 ? 0 : (oldest ?? open.record.moment.position) };
  }

  /** Where the stream stands: from memory, or from its last kept state and the values since. */
  async course(open: OpenStream, forecaster: Forecaster): Promise<Course> {
    const { position } = open.record.moment;
    const live = liveSequences.take(this.#owner);
    if (live && live.moment.position === position) return Course.of(forecaster, live);
    live?.sequence.release();
    return (await this.courseAt(open, forecaster, position)).course;
  }

  /** Leaves the model's state in memory for the next request. What it stands for is on disk. */
  stay({ live }: Course): void {
    liveSequences.put(this.#owner, live, liveBytes());
    this.#linger.heard();
  }

  /**
   * Where the stream stood at a position, and the values from the kept state that this
   * began with (`start`) up to there.
   */
  async courseAt(
    open: OpenStream,
    forecaster: Forecaster,
    position: number,
  ): Promise<{ course: Course; start: number; entries: Entry[] }> {
    const kept = this.#store.keptAt(position);
    const start = kept?.moment.position ?? 0;
    const known = this.entriesFrom(open, start);
    check(known.start === start, "bug", () => `values from ${start} on are not there, but from ${known.start}`);
    const course = await Course.from(forecaster, kept);
    const entries: Entry[] = [];
    try {
      for (const { value, timeMs } of known.entries.slice(0, position - start)) {
        entries.push((await course.take(value, timeMs, open.record.rules)).entry);
        await letOthersRun(entries.length);
      }
    } catch (thrown) {
      course.sequence.release();
      throw thrown;
    }
    return { course, start, entries };
  }
}
