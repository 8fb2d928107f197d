/**
 * A stream of numbers that is forecast as it comes: three weeks of outdoor temperature by the hour, what was expected
 * of each hour just before it came, and the next half a day.
 *
 * The same made-up weather comes at every run. Beside the forecaster stand the two simplest forecasts there are: the
 * value before, and the value of the same hour yesterday.
 */
import { parseArgs } from "node:util";
import { rivulet, run, table } from "../client.ts";

const { values: options } = parseArgs({
  options: {
    days: { type: "string", default: "21" },
    hours: { type: "string", default: "12" },
    /** Leaves the stream there, to be looked at. */
    keep: { type: "boolean", default: false },
  },
});
const DAYS = Number(options.days);
const HOURS = Number(options.hours);
/** Before that the forecaster gets to know the stream. */
const JUDGED = Math.min(7, DAYS - 1) * 24;

let drawn = 7;
/** About normal around 0, the same at every run. */
function noise(): number {
  let sum = -1.5;
  for (let i = 0; i < 3; i++) {
    drawn = (Math.imul(drawn, 1_664_525) + 1_013_904_223) >>> 0;
    sum += drawn / 2 ** 32;
  }
  return sum;
}

let weather = 0;
/** Degrees: warm at three in the afternoon, cold at three in the morning, and a weather that wanders. */
function temperature(hour: number): number {
  weather = 0.97 * weather + noise() * 0.9;
  return 12 + weather + 4 * Math.sin((((hour % 24) - 9) / 24) * 2 * Math.PI) + noise() * 0.3;
}

interface Fed {
  values: { value: number; expected: { low: number; median: number; high: number } | null }[];
}
interface Forecast {
  /** One for each hour: its quantiles, in the order in which they were asked for. */
  steps: { values: [number, number, number] }[];
}

const mean = (errors: number[]): string =>
  (errors.reduce((sum, error) => sum + Math.abs(error), 0) / errors.length).toFixed(2);
const timeOf = (hour: number): string => new Date(Date.UTC(2026, 0, 5) + hour * 3_600_000).toISOString();

await run(async () => {
  const { server } = rivulet;
  const history = Array.from({ length: DAYS * 24 }, (_, hour) => temperature(hour));
  const truth = Array.from({ length: HOURS }, (_, i) => temperature(DAYS * 24 + i));
  const { id } = await server.json<{ id: string }>("/v1/streams", {
    body: { name: "outdoor temperature", frequency: "1h", ttl_seconds: 3600 },
  });
  const expected: Fed["values"] = [];
  const began = performance.now();
  for (let at = 0; at < history.length; at += 96) {
    const batch = history.slice(at, at + 96).map((value, i) => ({ time: timeOf(at + i), value }));
    expected.push(...(await server.json<Fed>(`/v1/streams/${id}/values`, { body: { values: batch } })).values);
  }
  const fedMs = performance.now() - began;
  const { steps } = await server.json<Forecast>(`/v1/streams/${id}/forecast?h=${HOURS}&quantiles=0.1,0.5,0.9`);
  const rows = steps.map(({ values: [low, middle, high] }, i): (string | number)[] => {
    const came = truth[i]!;
    const where = came < low ? "below" : came > high ? "above" : "";
    return [timeOf(DAYS * 24 + i).slice(11, 16), ...[low, middle, high, came].map((x) => x.toFixed(1)), where];
  });
  console.log(table(["hour", "10 %", "50 %", "90 %", "came", ""], rows));
  const hours = history.slice(-JUDGED).map((_, i) => history.length - JUDGED + i);
  const before = (lag: number) => mean(hours.map((hour) => history[hour]! - history[hour - lag]!));
  const judged = hours.map((hour) => expected[hour]!);
  const held = judged.filter((one) => one.value >= one.expected!.low && one.value <= one.expected!.high).length;
  const errors = [
    [
      "forecaster",
      mean(judged.map((one) => one.value - one.expected!.median)),
      mean(steps.map(({ values }, i) => values[1] - truth[i]!)),
    ],
    ["the value before", before(1), mean(truth.map((came) => came - history.at(-1)!))],
    [
      "the same hour yesterday",
      before(24),
      mean(truth.map((came, i) => came - history[history.length - 24 + (i % 24)]!)),
    ],
  ];
  console.log(`\n${table(["mean error, degrees", "next hour", `next ${HOURS} hours`], errors)}`);
  console.log(`\nOf ${JUDGED} hours ${held} came within the 95 % that were expected of them.`);
  console.log(`${history.length} values in ${(fedMs / 1000).toFixed(1)} s.`);
  if (!options.keep) await server.open(`/v1/streams/${id}`, { method: "DELETE" });
});
