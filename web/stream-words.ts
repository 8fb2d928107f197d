/** What a chart of a stream shows, in words. */
import type { Forecast, TakenValue } from "../src/client/streams.ts";
import { stepsAhead } from "./stream-series.ts";

/** A number as short as it can be read: five digits, thousands apart, far ones with their power of ten. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e7 || size < 1e-4)) return value.toExponential(2).replace("e+", "e");
  return Number(value.toPrecision(5)).toLocaleString("en", { maximumFractionDigits: 8 });
}

export const clock = (time: string): string => time.slice(0, 19).replace("T", " ").replace(/:00$/, "");

/** Below this a chance is said as "less than". */
const CHANCE_MIN = 1e-4;
export const chance = (probability: number): string =>
  probability < CHANCE_MIN ? "less than 0.01 %" : `${Number((100 * probability).toPrecision(2))} %`;

export const valueWords = ({ value }: Pick<TakenValue, "value">): string => (value === null ? "gap" : short(value));

/** The value at `index`, or the step of the forecast behind the values. */
export function momentOf(values: readonly TakenValue[], forecast: Forecast | undefined, index: number): string {
  const taken = values[index];
  if (taken) return takenWords(taken);
  const step = stepsAhead(values, forecast)[index - values.length];
  if (!step) return "no value";
  const [low, , median, , high] = step.values;
  const when = step.time === null ? `position ${(values[0]?.position ?? 0) + index}` : clock(step.time);
  return `${when}: expected ${short(median!)}, between ${short(low!)} and ${short(high!)}`;
}

function takenWords({ position, time, value, expected, tail_probability: tail, anomaly }: TakenValue): string {
  const when = time === null ? `position ${position}` : clock(time);
  const was = expected
    ? `, expected ${short(expected.median)}, between ${short(expected.low)} and ${short(expected.high)}`
    : "";
  const odds = tail === null ? "" : `; so far out in ${chance(tail)}`;
  return `${when}: ${value === null ? "gap" : short(value)}${was}${odds}${anomaly ? "; an anomaly" : ""}`;
}
