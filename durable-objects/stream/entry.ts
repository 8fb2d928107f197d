/**
 * Entry: one value of a stream as it is kept: when it came, what it was, and what had
 * been expected of it. Six f64 each.
 */

export interface Entry {
  /** Milliseconds since 1970, or null. */
  timeMs: number | null;
  /** Null is a gap. */
  value: number | null;
  /** Null where nothing could be expected. */
  tail: number | null;
  expected: { low: number; median: number; high: number } | null;
}

const FIELDS = 6;
const orNaN = (value: number | null | undefined): number => value ?? Number.NaN;
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);

/** Written with every value, so without a list in between. */
export function entryBytes(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const rows = new Float64Array(FIELDS * entries.length);
  let at = 0;
  for (const { timeMs, value, tail, expected } of entries) {
    rows[at] = orNaN(timeMs);
    rows[at + 1] = orNaN(value);
    rows[at + 2] = orNaN(tail);
    rows[at + 3] = orNaN(expected?.low);
    rows[at + 4] = orNaN(expected?.median);
    rows[at + 5] = orNaN(expected?.high);
    at += FIELDS;
  }
  return new Uint8Array(rows.buffer);
}

export function entriesOf(bytes: ArrayBuffer | Uint8Array): Entry[] {
  const copy = new Uint8Array(bytes).slice().buffer;
  const rows = new Float64Array(copy, 0, Math.floor(copy.byteLength / 8));
  return Array.from({ length: Math.floor(rows.length / FIELDS) }, (_, i) => {
    const [timeMs, value, tail, low, median, high] = rows.subarray(i * FIELDS, (i + 1) * FIELDS);
    return {
      timeMs: orNull(timeMs!),
      value: orNull(value!),
      tail: orNull(tail!),
      expected: Number.isNaN(median!) ? null : { low: low!, median: median!, high: high! },
    };
  });
}
