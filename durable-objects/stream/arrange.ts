/**
 * arrange: the values of a request → the steps that the stream takes, with the gaps between their times, and behind
 * late ones the values that are fed again.
 */
import { type Observed, TIME_MAX_MS } from "../../src/api/streams/values.ts";
import { Failure } from "../../src/core/failure.ts";
import type { Entry } from "./entry.ts";

/** Gaps that a silence becomes at most: what the model looks back over. */
const SILENCE_MAX = 512;
/** Steps of one request, with gaps and values that are fed again: its budget. */
const STEPS_MAX = 8192;

interface Step {
  value: number | null;
  timeMs: number | null;
  /** False for a value that is only fed again. */
  isNew: boolean;
}

export interface Arranged {
  /** Position of the first step: below the stream's own where values are fed again. */
  from: number;
  steps: Step[];
  gaps: number;
  duplicates: number;
}

export interface Arrangement {
  position: number;
  lastMs: number | null;
  /** Undefined: values come whenever they come. */
  periodMs: number | undefined;
  late: "refuse" | "replay";
  /** Values that are still known, from this position on; `rewindable`: how far back they can be fed again. */
  past: () => { start: number; entries: readonly Entry[]; rewindable: number };
}

/**
 * Fails with `stream_conflict` (two values for one time, or one that is too late) or
 * `request_invalid` (too many steps).
 */
export function arrange(values: readonly Observed[], where: Arrangement): Arranged {
  const { position, periodMs } = where;
  let { lastMs } = where;
  // Thousands of values of one request may be late, and each would read thousands of values from storage.
  let past: ReturnType<Arrangement["past"]> | undefined;
  const known: Arrangement = { ...where, past: () => (past ??= where.past()) };
  const out: Arranged = { from: position, steps: [], gaps: 0, duplicates: 0 };
  const push = (step: Step) => {
    out.steps.push(step);
    if (out.steps.length > STEPS_MAX)
      throw invalid(
        "values",
        `with the gaps between their times they are more than ${STEPS_MAX} steps; send fewer at once`,
      );
  };
  for (const [i, { value, timeMs: given }] of values.entries()) {
    const timeMs = given ?? (periodMs !== undefined && lastMs !== null ? lastMs + periodMs : null);
    if (timeMs !== null && timeMs > TIME_MAX_MS)
      throw invalid(`values[${i}]`, "by the stream's frequency its time would be after the year 9999");
    if (timeMs === null || lastMs === null || isLater(timeMs, lastMs, periodMs)) {
      const gaps = gapsBetween(lastMs, timeMs, periodMs);
      for (const gap of gaps) push(gap);
      out.gaps += gaps.length;
      push({ value, timeMs, isNew: true });
      lastMs = timeMs ?? lastMs;
    } else if (insert(out, { value, timeMs, isNew: true }, known, `values[${i}].time`)) {
      if (out.steps.length > STEPS_MAX)
        throw invalid("values", `they are more than ${STEPS_MAX} steps; send fewer at once`);
    } else out.duplicates++;
  }
  return out;
}

const isLater = (timeMs: number, lastMs: number, periodMs: number | undefined): boolean =>
  periodMs === undefined ? timeMs > lastMs : Math.round((timeMs - lastMs) / periodMs) >= 1;

/** What is missing between two neighbours: nothing where either has no time. */
function gapsBetween(fromMs: number | null | undefined, toMs: number | null, periodMs: number | undefined): Step[] {
  if (fromMs === null || fromMs === undefined || toMs === null || periodMs === undefined) return [];
  const missing = Math.min(SILENCE_MAX, Math.round((toMs - fromMs) / periodMs) - 1);
  return Array.from({ length: Math.max(0, missing) }, (_, n) => ({
    value: null,
    timeMs: Math.round(toMs - (missing - n) * periodMs),
    isNew: true,
  }));
}

/** A value that is not later than the last. False where it is there already. */
function insert(out: Arranged, step: Step, { periodMs, late, past }: Arrangement, field: string): boolean {
  const known = past();
  // Everything from `start` on, as it will be: what is known, then the steps so far.
  const before = known.entries.slice(0, out.from - known.start);
  const all: Pick<Step, "value" | "timeMs">[] = [...before, ...out.steps];
  const near = periodMs === undefined ? 0 : periodMs / 2;
  const timeMs = step.timeMs!;
  const same = all.findIndex(
    (other) => other.timeMs !== null && Math.abs(other.timeMs - timeMs) <= near - (near > 0 ? 0.5 : 0),
  );
  if (same >= 0 && Object.is(all[same]!.value, step.value)) return false;
  if (same >= 0 && all[same]!.value !== null)
    throw conflict(
      field,
      `the stream has another value at this time (${all[same]!.value}); rewind it to correct a value`,
    );
  if (late === "refuse")
    throw conflict(field, 'expected a time after the last value\'s; with "late": "replay" earlier values are taken in');
  const behind = same >= 0 ? same : all.findIndex((other) => other.timeMs !== null && other.timeMs > timeMs);
  const at = known.start + (behind < 0 ? all.length : behind);
  if (at < known.rewindable || (at === known.start && known.start > 0))
    throw conflict(field, `too late: values can be taken in from position ${known.rewindable} on`);
  if (at < out.from) {
    const again = before.slice(at - known.start).map(({ value, timeMs }) => ({ value, timeMs, isNew: false }));
    out.steps.unshift(...again);
    out.from = at;
  }
  // As if it had come in its place: gaps that the stream has already are enough where the silence goes on behind it.
  const [previous, next] = behind < 0 ? [all.at(-1), undefined] : [all[behind - 1], all[behind]];
  const isNewPlace = same < 0;
  const ahead = isNewPlace ? gapsBetween(previous?.timeMs, timeMs, periodMs) : [];
  const after =
    isNewPlace && next && (behind === 0 || next.value !== null) ? gapsBetween(timeMs, next.timeMs, periodMs) : [];
  out.steps.splice(at - out.from, isNewPlace ? 0 : 1, ...ahead, step, ...after);
  out.gaps += ahead.length + after.length;
  return true;
}

const invalid = (field: string, message: string) =>
  new Failure("request_invalid", `${field}: ${message}`, { param: field });
const conflict = (field: string, message: string) =>
  new Failure("stream_conflict", `${field}: ${message}`, { param: field });
