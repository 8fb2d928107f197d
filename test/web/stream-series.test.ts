import { expect, it } from "vitest";
import type { TakenValue } from "../../src/client/streams.ts";
import { joined, seriesOf, stepsAhead } from "../../web/stream-series.ts";

const taken = (position: number, value: number | null, rest: Partial<TakenValue> = {}): TakenValue => ({
  ...{ position, value, time: null, tail_probability: null, anomaly: false, expected: null },
  ...rest,
});
const step = (at: number, time: string | null = null) => ({ time, values: [at - 2, at - 1, at, at + 1, at + 2] });
const forecast = (position: number, steps = [step(5), step(6)]) => ({ position, quantiles: [], steps });
const at = (minute: number) => `2026-01-31T12:0${minute}:00.000Z`;

it("stands on positions where a value has no time, and its fan begins at the last value", () => {
  const expected = { low: 1, median: 2, high: 3 };
  const series = seriesOf([taken(7, 1, { time: at(0) }), taken(8, 4, { expected, anomaly: true })], forecast(9));
  expect(series).toMatchObject({ isTime: false, from: 7, xs: [7, 8, 9, 10] });
  expect(series.value).toEqual([1, 4, null, null]);
  expect(series.anomaly).toEqual([null, 4, null, null]);
  expect(series.low).toEqual([null, 1, null, null]);
  expect(series.high).toEqual([null, 3, null, null]);
  expect(series.fan[0]).toEqual([null, 4, 3, 4]);
  expect(series.fan[4]).toEqual([null, 4, 7, 8]);
});

it("stands on times, goes on with the usual distance where steps have none, and on positions where times do not rise", () => {
  const values = [taken(0, 1, { time: at(0) }), taken(1, 1, { time: at(1) }), taken(2, null, { time: at(2) })];
  const begun = Date.parse(at(0)) / 1000;
  expect(seriesOf(values, forecast(3)).xs).toEqual([0, 60, 120, 180, 240].map((after) => begun + after));
  expect(seriesOf(values, forecast(3, [step(1, at(4))])).xs.at(-1)).toBe(begun + 240);
  expect(seriesOf([...values, taken(3, 1, { time: at(2) })], undefined)).toMatchObject({ isTime: false });
});

it("shows what is left of a forecast that is older than the last value, and none of the future", () => {
  expect(stepsAhead([taken(9, 1)], forecast(9))).toEqual([step(6)]);
  expect(stepsAhead([taken(8, 1)], forecast(9))).toHaveLength(2);
  expect(stepsAhead([taken(7, 1)], forecast(9))).toEqual([]);
  expect(stepsAhead([taken(20, 1)], forecast(9))).toEqual([]);
  expect(stepsAhead([], forecast(9))).toEqual([]);
});

it("joins values that come twice or in another order, and keeps the last", () => {
  const known = [taken(1, 1), taken(2, 2), taken(3, 3)];
  expect(joined(known, [taken(3, 30), taken(4, 4)], 3).map(({ value }) => value)).toEqual([2, 30, 4]);
});
