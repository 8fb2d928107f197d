/** A stream's record: how it begins, how requests change it, and when it has expired. */
import { QUANTILES, type StreamOptions } from "../../src/api/streams/requests.ts";
import type { AlertRule } from "../../src/forecast/alert-rules.ts";
import { NO_SCALE } from "../../src/forecast/codec.ts";
import type { Arranged } from "./arrange.ts";
import type { Moment, StreamRecord } from "./stream-store.ts";

const HORIZON = 12;
const ANOMALY_THRESHOLD = 0.001;
/** Requests with a key that are remembered. */
const KEYS_MAX = 64;

export function newRecord(id: string, fingerprint: string, digest: string, options: StreamOptions): StreamRecord {
  const nowMs = Date.now();
  const empty: StreamRecord = {
    id,
    fingerprint,
    digest,
    createdMs: nowMs,
    changedMs: nowMs,
    revision: nowMs,
    name: null,
    frequency: options.frequency ?? null,
    horizon: HORIZON,
    quantiles: QUANTILES,
    anomalyThreshold: ANOMALY_THRESHOLD,
    rules: [],
    metadata: {},
    ttlSeconds: null,
    forkedFrom: null,
    lastMs: null,
    keys: [],
    moment: { position: 0, scale: NO_SCALE, tails: [], held: [] },
  };
  return { ...changed(empty, options), revision: nowMs };
}

/** `undefined` leaves things as they are, null puts them back. Rules that change begin anew. */
export function changed(record: StreamRecord, options: StreamOptions): StreamRecord {
  const pick = <T>(given: T | null | undefined, now: T, standard: T): T =>
    given === undefined ? now : (given ?? standard);
  const anomalyThreshold = pick(options.anomaly_threshold, record.anomalyThreshold, ANOMALY_THRESHOLD);
  const rules = options.alerts?.map((rule): AlertRule => {
    const standard = rule.when === "anomaly" ? anomalyThreshold : 0;
    return { name: rule.name, when: rule.when, threshold: rule.threshold ?? standard, for: rule.for ?? 1 };
  });
  return {
    ...record,
    revision: Math.max(Date.now(), record.revision + 1),
    name: pick(options.name, record.name, null),
    horizon: pick(options.horizon, record.horizon, HORIZON),
    quantiles: pick(options.quantiles, record.quantiles, QUANTILES),
    anomalyThreshold,
    rules: options.alerts === undefined ? record.rules : (rules ?? []),
    metadata: pick(options.metadata, record.metadata, {}),
    ttlSeconds: pick(options.ttl_seconds, record.ttlSeconds, null),
    moment: options.alerts === undefined ? record.moment : { ...record.moment, held: [] },
  };
}

/** Those that are remembered. */
export const latestKeys = (keys: StreamRecord["keys"]): StreamRecord["keys"] => keys.slice(-KEYS_MAX);

/** The record after a batch. `once`: the key that the batch came with, and the digest of its body. */
export function afterBatch(
  record: StreamRecord,
  { from, steps, gaps, duplicates }: Arranged,
  moment: Moment,
  once: { key: string; digest: string } | undefined,
): StreamRecord {
  const known = once && {
    ...once,
    from,
    to: moment.position,
    gaps,
    duplicates,
    replayed: record.moment.position - from,
  };
  const times = steps.flatMap(({ timeMs }) => timeMs ?? []);
  return {
    ...record,
    moment,
    changedMs: Date.now(),
    lastMs: times.reduce<number | null>((last, timeMs) => Math.max(last ?? timeMs, timeMs), record.lastMs),
    keys: known ? latestKeys([...record.keys, known]) : record.keys,
  };
}

/** The record as of an earlier moment. Requests behind it are forgotten, so their values may come again. */
export const rewoundTo = (record: StreamRecord, moment: Moment, lastMs: number | null): StreamRecord => ({
  ...record,
  moment,
  changedMs: Date.now(),
  lastMs,
  keys: record.keys.filter(({ to }) => to <= moment.position),
});

/** The record under another id, as an import or, with a fork's options, as a fork of the first. */
export function copied(record: StreamRecord, id: string, fork?: StreamOptions): StreamRecord {
  const nowMs = Date.now();
  const { generation: _, ledger: __, ...shared } = record;
  const own = { ...shared, id, createdMs: nowMs, changedMs: nowMs, revision: nowMs, keys: [] };
  if (!fork) return own;
  return changed({ ...own, forkedFrom: { stream: record.id, position: record.moment.position } }, fork);
}

/** The record as the stream's own row is to hold it. `now`: what the stream takes next may stand in the ledger. */
export const written = (record: StreamRecord, now: boolean): StreamRecord => ({
  ...record,
  generation: (record.generation ?? 0) + 1,
  ledger: now ? "now" : record.ledger && "before",
});

/** Whether nothing has changed for longer than the stream is to be kept. */
export const isExpired = ({ ttlSeconds, changedMs }: StreamRecord): boolean =>
  ttlSeconds !== null && changedMs + 1000 * ttlSeconds <= Date.now();
