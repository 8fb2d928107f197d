/**
 * feedSteps: a batch that was arranged goes through the model, value by value; what comes out is what
 * is written and what is replied.
 */
import type { AppendReply, StreamValue } from "../../src/api/streams/replies.ts";
import { isoTime } from "../../src/api/streams/replies.ts";
import { check } from "../../src/core/failure.ts";
import type { Arranged } from "./arrange.ts";
import { type Course, letOthersRun } from "./course.ts";
import type { Entry } from "./entry.ts";
import { shownValue } from "./stream-replies.ts";
import { type Commit, KEPT_EVERY, type Kept, type StreamRecord } from "./stream-store.ts";

interface Fed {
  /** Values since the last kept state. */
  tail: Entry[];
  /** The last state of the batch that is to be kept, with the values between the one before it and itself. */
  kept: Commit["kept"];
  /** Of the new values alone, not of those that were fed again. */
  values: StreamValue[];
  alerts: AppendReply["alerts"];
}

/**
 * `before`: values between the last kept state, at position `start`, and the first step. Moves
 * `course` behind the last step.
 */
export async function feedSteps(
  course: Course,
  record: StreamRecord,
  { steps, from }: Arranged,
  before: readonly Entry[],
  start: number,
): Promise<Fed> {
  check(start + before.length === from, "bug", () => `${before.length} values from ${start} on do not reach ${from}`);
  const lastKept = Math.floor((from + steps.length) / KEPT_EVERY) * KEPT_EVERY;
  const entries = [...before];
  /** How many of the entries come before the last kept state. */
  let covered = 0;
  let kept: Kept | undefined;
  const values: StreamValue[] = [];
  const alerts: AppendReply["alerts"] = [];
  for (const [i, { value, timeMs, isNew }] of steps.entries()) {
    const position = from + i;
    const { entry, due } = await course.take(value, timeMs, record.rules);
    entries.push(entry);
    if (isNew) {
      values.push(shownValue(entry, position, record));
      for (const { name, when } of due) alerts.push({ name, when, position, time: isoTime(timeMs), value });
    }
    if (course.position % KEPT_EVERY === 0) {
      covered = entries.length;
      // Of several in one batch only the last is kept.
      if (course.position === lastKept) kept = await course.keep();
    }
    await letOthersRun(i + 1);
  }
  check(covered === 0 || kept, "bug", () => "values without a kept state");
  return {
    tail: entries.slice(covered),
    kept: kept && { state: kept, start, entries: entries.slice(0, covered) },
    values,
    alerts,
  };
}
