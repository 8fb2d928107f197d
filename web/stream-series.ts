/** Series: what a stream took and expects, as columns of a chart that share one axis. */
import type { Forecast, TakenValue } from "../src/client/streams.ts";

/** Of the fan: the outer band, the inner band, the median. */
export const FAN = [0.025, 0.25, 0.5, 0.75, 0.975] as const;

type Column = (number | null)[];

export interface Series {
  /** Seconds since 1970 where every value has its time, else positions. */
  xs: number[];
  isTime: boolean;
  /** Position of the first column entry. */
  from: number;
  value: Column;
  /** The value where it is an anomaly. */
  anomaly: Column;
  low: Column;
  high: Column;
  /** One for each quantile of `FAN`. The fan begins at the last value. */
  fan: [Column, Column, Column, Column, Column];
}

const secondsOf = (time: string): number => Date.parse(time) / 1000;

export function seriesOf(values: readonly TakenValue[], forecast: Forecast | undefined): Series {
  const isTime = values.length > 0 && values.every(({ time }) => time !== null) && isRising(values);
  const steps = stepsAhead(values, forecast);
  const xs = values.map(({ time, position }) => (isTime ? secondsOf(time!) : position));
  const spacing = isTime ? spacingOf(xs) : 1;
  xs.push(...steps.map(({ time }, i) => (isTime && time !== null ? secondsOf(time) : xs.at(-1)! + (i + 1) * spacing)));
  const ahead: Column = steps.map(() => null);
  const past = (of: (value: TakenValue) => number | null): Column => [...values.map(of), ...ahead];
  const fan = FAN.map((_, q) => [
    ...values.map((value, i) => (steps.length > 0 && i === values.length - 1 ? value.value : null)),
    ...steps.map((step) => step.values[q] ?? null),
  ]) as Series["fan"];
  return {
    xs,
    isTime,
    from: values[0]?.position ?? 0,
    value: past(({ value }) => value),
    anomaly: past(({ value, anomaly }) => (anomaly ? value : null)),
    low: past(({ expected }) => expected?.low ?? null),
    high: past(({ expected }) => expected?.high ?? null),
    fan,
  };
}

/** What is expected behind the last value. While a newer forecast is on its way, the rest of the one before stands. */
export function stepsAhead(values: readonly TakenValue[], forecast: Forecast | undefined): Forecast["steps"] {
  const last = values.at(-1);
  const past = last && forecast ? last.position + 1 - forecast.position : -1;
  return past < 0 ? [] : forecast!.steps.slice(past);
}

/** Times that stand still or go back cannot be an axis. */
const isRising = (values: readonly TakenValue[]): boolean =>
  values.every(({ time }, i) => i === 0 || secondsOf(time!) > secondsOf(values[i - 1]!.time!));

/** The middle one of the distances between neighbours. */
function spacingOf(xs: readonly number[]): number {
  const distances = xs.slice(1).map((x, i) => x - xs[i]!);
  return distances.sort((a, b) => a - b)[distances.length >> 1] ?? 1;
}

/** Values in order, each once; what came later of the same position stands. At most the last `max`. */
export function joined(known: readonly TakenValue[], more: readonly TakenValue[], max: number): TakenValue[] {
  const byPosition = new Map(known.map((value) => [value.position, value]));
  for (const value of more) byPosition.set(value.position, value);
  return [...byPosition.values()].sort((a, b) => a.position - b.position).slice(-max);
}
