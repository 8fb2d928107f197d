/** csvValues: the lines of a table, or of nothing but numbers → values with their times, as /v1/streams takes them. */
import { Failure } from "../core/failure.ts";

export interface CsvValue {
  value: number | null;
  time?: string | number;
}

export interface CsvColumns {
  /** By name or number from 1. Unless given, the last column. */
  value?: string | undefined;
  /** By name or number from 1. Unless given, the first of several columns where it holds times. */
  time?: string | undefined;
}

const EMPTY = new Set(["", "na", "n/a", "nan", "null", "none"]);
const DATE = /^\d{4}-\d\d(-\d\d)?([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/;

/** Cells of one line; quotes may hold a separator. A line without one is one cell. */
function cellsOf(line: string): string[] {
  const separator = line.includes("\t") ? "\t" : line.includes(";") ? ";" : ",";
  const cells: string[] = [""];
  let quoted = false;
  for (const letter of line) {
    if (letter === '"') quoted = !quoted;
    else if (letter === separator && !quoted) cells.push("");
    else cells[cells.length - 1] += letter;
  }
  return cells.map((cell) => cell.trim());
}

/**
 * A reader of one line after another. A first line without a number in the value's column is a heading. Gives
 * undefined for headings and empty lines.
 */
export function csvReader({ value, time }: CsvColumns = {}): (line: string, number: number) => CsvValue | undefined {
  let heading: string[] = [];
  let isFirst = true;
  const indexOf = (column: string, cells: readonly string[], option: string): number => {
    const named = heading.indexOf(column);
    const at = named >= 0 ? named : /^\d{1,4}$/.test(column) ? Number(column) - 1 : -1;
    if (at >= 0 && at < cells.length) return at;
    const known = heading.length > 0 ? heading.join(", ") : `1 to ${cells.length}`;
    throw new Failure("request_invalid", `--${option}: expected a column (${known}), got ${column}`);
  };
  return (line, number) => {
    if (line.trim() === "") return undefined;
    const cells = cellsOf(line.replace(/^\uFEFF/, ""));
    const wasFirst = isFirst;
    isFirst = false;
    if (
      wasFirst &&
      cells.every((cell) => numberOf(cell) === undefined && !EMPTY.has(cell.toLowerCase()) && !DATE.test(cell))
    ) {
      heading = cells;
      return undefined;
    }
    const valueAt = value === undefined ? cells.length - 1 : indexOf(value, cells, "value");
    const guessed = cells.length > 1 && valueAt !== 0 && DATE.test(cells[0]!) ? 0 : -1;
    const timeAt = time === undefined ? guessed : indexOf(time, cells, "time");
    const text = cells[valueAt]!;
    const read = EMPTY.has(text.toLowerCase()) ? null : numberOf(text);
    if (read === undefined)
      throw new Failure(
        "request_invalid",
        `line ${number}: expected a number, got ${JSON.stringify(text.slice(0, 40))}`,
      );
    return timeAt < 0 ? { value: read } : { value: read, time: timeOf(cells[timeAt]!, number) };
  };
}

function numberOf(text: string): number | undefined {
  const read = text === "" ? Number.NaN : Number(text);
  return Number.isFinite(read) ? read : undefined;
}

/** Seconds since 1970 as they are; a date without a zone is in UTC, one without a day is the first of its month. */
function timeOf(text: string, number: number): string | number {
  const seconds = numberOf(text);
  if (seconds !== undefined) return seconds;
  const parts = /^(\d{4}-\d\d)(-\d\d)?(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?))?\s*(Z|UTC|[+-]\d\d:?\d\d)?$/.exec(text);
  if (!parts)
    throw new Failure("request_invalid", `line ${number}: expected a time, got ${JSON.stringify(text.slice(0, 40))}`);
  const [, month, day = "-01", clock = "00:00:00", zone = "Z"] = parts;
  const offset = zone === "UTC" ? "Z" : zone.replace(/^([+-]\d\d)(\d\d)$/, "$1:$2");
  return `${month}${day}T${clock}${offset}`;
}
