/** What a stream answers: its record, its values and its forecasts in the form that /v1/streams speaks. */
import type { AppendReply, StreamForecast, StreamValue, StreamView } from "../../src/api/streams/replies.ts";
import { isoTime } from "../../src/api/streams/replies.ts";
import { periodMs, TIME_MAX_MS } from "../../src/api/streams/values.ts";
import type { Arranged } from "./arrange.ts";
import type { Entry } from "./entry.ts";
import type { StreamRecord } from "./stream-store.ts";

export const shownValue = (
  { timeMs, value, tail, expected }: Entry,
  position: number,
  record: StreamRecord,
): StreamValue => ({
  position,
  time: isoTime(timeMs),
  value,
  tail_probability: tail,
  anomaly: tail !== null && tail <= record.anomalyThreshold,
  expected: expected && { ...expected },
});

/** Entries whose first stands at position `start`. */
export const shownValues = (entries: readonly Entry[], start: number, record: StreamRecord): StreamValue[] =>
  entries.map((entry, i) => shownValue(entry, start + i, record));

/** `record`: after the batch; `before`: the stream's position before it. */
export const appended = (
  { id, moment }: StreamRecord,
  { from, gaps, duplicates }: Arranged,
  before: number,
  { values, alerts }: Pick<AppendReply, "values" | "alerts">,
): AppendReply => ({
  object: "stream.values",
  stream: id,
  position: moment.position,
  gaps_filled: gaps,
  duplicates,
  replayed: before - from,
  repeated: false,
  values,
  alerts,
});

/**
 * What a request that comes again is answered: its counts as they were, and its values as far as they are still known.
 */
export const repeated = (
  record: StreamRecord,
  { gaps, duplicates, replayed }: StreamRecord["keys"][0],
  values: StreamValue[],
): AppendReply => ({
  object: "stream.values",
  stream: record.id,
  position: record.moment.position,
  gaps_filled: gaps,
  duplicates,
  replayed,
  repeated: true,
  values,
  alerts: [],
});

/** `rows`: for each step ahead, the values of the quantiles. */
export function forecastReply(record: StreamRecord, quantiles: number[], rows: number[][]): StreamForecast {
  const period = record.frequency === null ? undefined : periodMs(record.frequency);
  const timeOf = (i: number) => {
    if (period === undefined || record.lastMs === null) return null;
    const timeMs = record.lastMs + (i + 1) * period;
    return timeMs > TIME_MAX_MS ? null : isoTime(timeMs);
  };
  return {
    object: "stream.forecast",
    stream: record.id,
    position: record.moment.position,
    quantiles,
    steps: rows.map((values, i) => ({ time: timeOf(i), values })),
  };
}

export const streamView = (record: StreamRecord, rewindable: number, stateBytes: number): StreamView => ({
  id: record.id,
  object: "stream",
  created_at: Math.floor(record.createdMs / 1000),
  name: record.name,
  model: record.fingerprint.slice(0, 12),
  frequency: record.frequency,
  horizon: record.horizon,
  quantiles: record.quantiles,
  anomaly_threshold: record.anomalyThreshold,
  alerts: record.rules,
  metadata: record.metadata,
  position: record.moment.position,
  last_time: isoTime(record.lastMs),
  oldest_rewind: rewindable,
  state_bytes: stateBytes,
  expires_at: record.ttlSeconds === null ? null : Math.floor(record.changedMs / 1000) + record.ttlSeconds,
  forked_from: record.forkedFrom,
});
