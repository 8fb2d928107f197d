/** Values of a stream as a caller writes them, with or without a time each. */
import * as z from "zod";
import "../shared/openapi.ts";
import { isDate } from "../../constrain/check/format-checks.ts";
import { Failure } from "../../core/failure.ts";
import { VALUE_MAX } from "../../forecast/codec.ts";

/** Of one request. The body's own bound comes first for longer ones. */
export const VALUES_MAX = 4096;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;
/** The end of the year 9999: later times have no form that a caller could send back. */
const SECONDS_MAX = 253_402_300_799;
export const TIME_MAX_MS = 1000 * SECONDS_MAX;
/** The beginning of the year 0. */
const TIME_MIN_MS = -62_167_219_200_000;
const MAGNITUDE = `expected a number of magnitude at most ${VALUE_MAX}`;

const number = z.number().min(-VALUE_MAX, MAGNITUDE).max(VALUE_MAX, MAGNITUDE);
const timeField = z
  .union(
    [
      z
        .string()
        .regex(TIME, "expected a time as ISO 8601 writes it, with its zone: 2026-01-31T12:00:00Z")
        .refine(isTime, "expected a date that there is, in the years 0 to 9999"),
      z.number().min(0).max(SECONDS_MAX),
    ],
    "expected an ISO 8601 time with its zone, or seconds since 1970",
  )
  .openapi({ description: "ISO 8601 with a zone, or seconds since 1970.", example: "2026-01-31T12:00:00Z" });

/** The language's own reading takes 30 February for 2 March. */
function isTime(text: string): boolean {
  const timeMs = Date.parse(text);
  return isDate(text.slice(0, 10)) && timeMs >= TIME_MIN_MS && timeMs <= TIME_MAX_MS;
}

export const valueField = z
  .union(
    [number, z.null(), z.strictObject({ time: timeField.optional(), value: number.nullable() })],
    "expected a number, null for a gap, or {time, value}",
  )
  .openapi({ description: "A number, or null for a gap, or an object of either with its time." });

/** A value with its time in milliseconds, null where it has none. */
export interface Observed {
  value: number | null;
  timeMs: number | null;
}

export function observed(given: z.infer<typeof valueField>): Observed {
  const { value, time } = given === null || typeof given === "number" ? { value: given, time: undefined } : given;
  const timeMs = time === undefined ? null : Math.round(typeof time === "number" ? time * 1000 : Date.parse(time));
  // -0 is 0: sent again in either form, it is the same value.
  return { value: value === 0 ? 0 : value, timeMs };
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const FREQUENCY = /^([1-9]\d{0,8})(ms|s|min|h|d|w)$/;

/** Time between two values: `15s`, `5min`, `1h`, `1d`, `1w`. Months have no one length. */
export const frequencyField = z
  .string()
  .regex(
    FREQUENCY,
    "expected a number and a unit (ms, s, min, h, d, w), as in 15min; leave it out for months and years",
  )
  .openapi({ example: "15min" });

export function periodMs(frequency: string): number {
  const [, amount, unit] = FREQUENCY.exec(frequency) ?? [];
  if (!amount || !unit) throw new Failure("bug", `a frequency of another form: ${frequency}`);
  return Number(amount) * UNITS[unit]!;
}
