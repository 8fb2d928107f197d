/** Entry: one value of a stream as it is kept: when it came, what it was, and what had been expected of it. Six f64 each. */

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

export function entryBytes(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const rows = entries.flatMap(({ timeMs, value, tail, expected }) => [
    ...[orNaN(timeMs), orNaN(value), orNaN(tail), orNaN(expected?.low), orNaN(expected?.median), orNaN(expected?.high)],
  ]);
  return new Uint8Array(Float64Array.from(rows).buffer);
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
