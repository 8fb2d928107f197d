/** What a stream has taken since its own row, as bytes and back. */
import { expect, it } from "vitest";
import type { Entry } from "../../../durable-objects/stream/entry.ts";
import { LEDGER_BYTES, ledgerEntry, withLedger } from "../../../durable-objects/stream/ledger-entry.ts";
import { newRecord } from "../../../durable-objects/stream/stream-record.ts";
import type { StreamRecord } from "../../../durable-objects/stream/stream-store.ts";
import type { OpenStream } from "../../../durable-objects/stream/timeline.ts";

const entry = (n: number): Entry => ({
  timeMs: n % 3 ? 1e12 + n : null,
  value: n % 5 ? n / 7 : null,
  tail: n % 2 ? 1 / (n + 1) : null,
  expected: n % 4 ? { low: -n, median: 0, high: n } : null,
});
const keyOf = (n: number, key: string) => ({
  key,
  digest: "d".repeat(64),
  from: n,
  to: n + 1,
  gaps: 0,
  duplicates: 0,
  replayed: 0,
});

function standing(own: number, owed: number, key: (n: number) => string = (n) => `batch-${n}`): OpenStream {
  const empty = newRecord("stream_1", "f", "digest", { name: "press 4" });
  const position = own + owed;
  const record: StreamRecord = {
    ...empty,
    ...{ generation: 3, ledger: "now", changedMs: 77, lastMs: 1e12 },
    moment: { position, scale: { ...empty.moment.scale, count: position }, tails: Array(128).fill(0.5), held: [2, 0] },
    keys: Array.from({ length: position }, (_, n) => keyOf(n, key(n))).slice(-64),
  };
  return { record, tail: Array.from({ length: position }, (_, n) => entry(n)), owed };
}

const ownRow = ({ record, tail, owed }: OpenStream): OpenStream => ({
  record: {
    ...record,
    changedMs: 1,
    lastMs: null,
    keys: record.keys.slice(0, -owed || undefined),
    moment: { ...record.moment, position: tail.length - owed },
  },
  tail: tail.slice(0, tail.length - owed),
  owed: 0,
});

it.each([
  [0, 1],
  [5, 20],
  [20, 38],
])("gives with the stream's own row of %i values the stream with %i more", (own, owed) => {
  const now = standing(own, owed);
  const row = new Uint8Array(LEDGER_BYTES);
  row.set(ledgerEntry(now)!);
  expect(withLedger(ownRow(now), row)).toEqual(now);
});

it("says nothing to a row that was written after it", () => {
  const now = standing(5, 3);
  const own = ownRow(now);
  const later = { ...own, record: { ...own.record, generation: 4 } };
  expect(withLedger(later, ledgerEntry(now)!)).toBe(later);
});

it("does not fit when its keys are too long, and then the row is to be written", () => {
  expect(ledgerEntry(standing(0, 63, (n) => `${n}`.padEnd(255, "x")))).toBeUndefined();
});
