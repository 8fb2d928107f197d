/** A stream's record from what its caller asked for. */
import { QUANTILES, type StreamOptions } from "../../src/api/streams/requests.ts";
import type { AlertRule } from "../../src/forecast/alert-rules.ts";
import { NO_SCALE } from "../../src/forecast/codec.ts";
import type { StreamRecord } from "./stream-store.ts";

const HORIZON = 12;
const ANOMALY_THRESHOLD = 0.001;

export function newRecord(id: string, fingerprint: string, digest: string, options: StreamOptions): StreamRecord {
  const nowMs = Date.now();
  const empty: StreamRecord = {
    ...{ id, fingerprint, digest, createdMs: nowMs, changedMs: nowMs, revision: nowMs, name: null },
    frequency: options.frequency ?? null,
    ...{ horizon: HORIZON, quantiles: QUANTILES, anomalyThreshold: ANOMALY_THRESHOLD, rules: [], metadata: {} },
    ...{ ttlSeconds: null, forkedFrom: null, lastMs: null, keys: [] },
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
