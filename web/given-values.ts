/** What somebody types or chooses a file of, as values of a stream: numbers between spaces, or the lines of a table. */
import { type CsvValue, csvReader } from "../src/client/csv-values.ts";
import type { GivenValue } from "../src/client/streams.ts";
import { Failure } from "../src/core/failure.ts";

/** As many as one request may have. */
export const BATCH_MAX = 4096;
const GAP = /^(gap|na|n\/a|nan|null|none|-)$/i;

/** `20.1 20.4, gap 20.9`. Fails with `request_invalid` at what is no number. */
export function valuesIn(text: string): GivenValue[] {
  const words = text.split(/[\s,;]+/).filter(Boolean);
  return words.map((word) => {
    if (GAP.test(word)) return null;
    const value = Number(word);
    if (!Number.isFinite(value))
      throw new Failure("request_invalid", `expected numbers or gap, got ${word.slice(0, 40)}`);
    return value;
  });
}

/** The lines of a CSV file. Fails with `request_invalid`, and names the line. */
export function valuesOfFile(text: string): CsvValue[] {
  const read = csvReader();
  return text.split(/\r?\n/).flatMap((line, i) => read(line, i + 1) ?? []);
}
