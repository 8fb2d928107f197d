/**
 * Erasable: how text is laid out in rows so that it can be erased.
 *
 * Zeros that are written over a value reach it where it lies. But SQLite moves cells, with the beginning of each row
 * (its local payload), from page to page while a table grows and shrinks, and a page that they left keeps its copy,
 * which no statement reaches. What does not fit into the cell lies in overflow pages of the row's own, which are never
 * moved. So text begins behind a lead that is longer than any local payload: in pages of 4,096 bytes at most 1,002
 * bytes of a row of a table with keys (WITHOUT ROWID), and 4,061 of a table with rowids. And it is written over only by
 * values as long as itself: a longer one takes other overflow pages, and those that it leaves keep the text. So a value
 * that may grow is cut into parts that are all of one length.
 *
 * Source: https://www.sqlite.org/fileformat2.html#b_tree_pages (how much of a payload a cell holds).
 */
import type { Row, SqlValue } from "./schema.ts";

/** Bytes before the text, in a table WITHOUT ROWID and in one with rowids. */
export const LEAD = { withoutRowid: 1024, rowid: 4096 };
/**
 * A lead begins with it, and goes on with zeros. JSON of an earlier release begins with a brace,
 * and what was erased with a zero.
 */
const MARK = 1;
/** Of one part, its lead included: with the row's other columns it takes one page of its own. */
const PART_BYTES = 4096;
const TEXT_BYTES = PART_BYTES - LEAD.withoutRowid;
/** Longest value that lies in the row of its turn: record and ids together stay below a row's limit. */
export const INLINE_MAX_BYTES = 900_000;

type Exec = (query: string, ...bindings: SqlValue[]) => Row[];

/** With a lead before it, and zeros behind it up to `room`. */
export function led(bytes: Uint8Array, lead: number, room = 0): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(lead + Math.max(bytes.length, room));
  whole[0] = MARK;
  whole.set(bytes, lead);
  return whole;
}

/** JSON in parts of one length: the first is for the row of what it is about, others are for `putMore`. */
export function inParts(value: unknown): [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]] {
  const bytes = jsonBytes(value);
  const part = (at: number) => led(bytes.subarray(at, at + TEXT_BYTES), LEAD.withoutRowid, TEXT_BYTES);
  const parts: [Uint8Array<ArrayBuffer>, ...Uint8Array<ArrayBuffer>[]] = [part(0)];
  for (let at = TEXT_BYTES; at < bytes.length; at += TEXT_BYTES) parts.push(part(at));
  return parts;
}

/** What `inParts` was given, or JSON of an earlier release. `more` is asked where the first part is full. */
export function fromParts(first: ArrayBuffer, more: () => ArrayBuffer[]): unknown {
  const bytes = new Uint8Array(first);
  if (bytes[0] !== MARK || bytes.at(-1) === 0) return jsonOf(bytes);
  const parts = [first, ...more()];
  const whole = new Uint8Array(parts.length * TEXT_BYTES);
  for (const [n, part] of parts.entries()) whole.set(new Uint8Array(part, LEAD.withoutRowid), n * TEXT_BYTES);
  return jsonOf(whole);
}

/**
 * Parts after the first, in a table of (key, part, bytes). Rows that are not needed now hold zeros; none is given free.
 */
export function putMore(exec: Exec, table: string, key: string, more: readonly Uint8Array<ArrayBuffer>[]): void {
  const unneeded = `key = ? AND part >= ? AND substr(bytes, 1, 1) <> x'00'`;
  if (exec(`SELECT 1 AS one FROM ${table} WHERE ${unneeded} LIMIT 1`, key, more.length).length > 0)
    exec(`UPDATE ${table} SET bytes = zeroblob(length(bytes)) WHERE ${unneeded}`, key, more.length);
  for (const [part, bytes] of more.entries())
    exec(
      `INSERT INTO ${table} (key, part, bytes) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET bytes = excluded.bytes`,
      key,
      part,
      bytes,
    );
}

export const moreOf = (exec: Exec, table: string, key: string): ArrayBuffer[] =>
  exec(`SELECT bytes FROM ${table} WHERE key = ? ORDER BY part`, key).map(({ bytes }) => bytes as ArrayBuffer);

/**
 * Pads a value with zeros up to `bytes`, because SQLite writes a value of the same length
 * over the one that it replaces.
 */
export function padded(value: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  if (value.length >= bytes) return value;
  const whole = new Uint8Array(bytes);
  whole.set(value);
  return whole;
}

/**
 * Room for a value of this length: a power of two, so that a longer one is rare. A value too
 * long for its row is not padded.
 */
export const roomFor = (bytes: number, least: number): number =>
  Math.max(bytes, Math.min(INLINE_MAX_BYTES - LEAD.rowid, 2 ** Math.ceil(Math.log2(Math.max(bytes, least)))));

export const jsonBytes = (value: unknown): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(value)) as Uint8Array<ArrayBuffer>;

/** A lead before it and zeros behind it are no part of it. */
export function jsonOf(bytes: Uint8Array): unknown {
  let from = 0;
  if (bytes[0] === MARK) for (from = 1; bytes[from] === 0; ) from++;
  const end = bytes.indexOf(0, from);
  return JSON.parse(new TextDecoder().decode(bytes.subarray(from, end < 0 ? undefined : end)));
}
