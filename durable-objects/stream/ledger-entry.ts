/**
 * LedgerEntry: what a stream has taken since it last wrote its own row, as the ledger of its tenant keeps it. With the
 * row it gives the stream as it stands, without the model.
 */
import { type Entry, entriesOf, entryBytes } from "./entry.ts";
import { latestKeys } from "./stream-record.ts";
import { KEPT_EVERY, type Moment, type StreamRecord } from "./stream-store.ts";
import type { OpenStream } from "./timeline.ts";

/** Of one entry, whatever is in it: a row that never changes its length is written in place. */
export const LEDGER_BYTES = 12 * 1024;

/** Values since the last kept state are fewer than this. */
const ENTRIES_BYTES = KEPT_EVERY * entryBytes([{ timeMs: null, value: null, tail: null, expected: null }]).length;
const HEAD_BYTES = 8;

type Head = Pick<StreamRecord, "changedMs" | "lastMs" | "keys"> & { generation: number; moment: Moment };

/** Undefined where it does not fit: then the stream writes its own row. */
export function ledgerEntry({ record, tail, owed }: OpenStream): Uint8Array<ArrayBuffer> | undefined {
  const { changedMs, lastMs, moment, generation = 0 } = record;
  const keys = record.keys.filter(({ to }) => to > moment.position - owed);
  // What changes least comes last.
  const head: Head = { generation, changedMs, lastMs, moment, keys };
  const text = new TextEncoder().encode(JSON.stringify(head));
  const bytes = new Uint8Array(HEAD_BYTES + ENTRIES_BYTES + text.length);
  if (bytes.length > LEDGER_BYTES || owed >= KEPT_EVERY) return undefined;
  new Uint32Array(bytes.buffer, 0, 2).set([owed, text.length]);
  bytes.set(entryBytes(tail.slice(tail.length - owed)), HEAD_BYTES);
  bytes.set(text, HEAD_BYTES + ENTRIES_BYTES);
  return bytes;
}

/**
 * The stream as it stands: its own row, and what the ledger has for it. An entry from before
 * the row was written says nothing.
 */
export function withLedger(own: OpenStream, bytes: Uint8Array): OpenStream {
  const [owed, length] = new Uint32Array(bytes.slice(0, HEAD_BYTES).buffer) as unknown as [number, number];
  const textFrom = HEAD_BYTES + ENTRIES_BYTES;
  const text = new TextDecoder().decode(bytes.subarray(textFrom, textFrom + length));
  const { generation, keys, ...head } = JSON.parse(text) as Head;
  if (generation !== (own.record.generation ?? 0)) return own;
  const entrySize = ENTRIES_BYTES / KEPT_EVERY;
  const entries: Entry[] = entriesOf(bytes.subarray(HEAD_BYTES, HEAD_BYTES + owed * entrySize));
  const record = { ...own.record, ...head, keys: latestKeys([...own.record.keys, ...keys]) };
  return { record, tail: [...own.tail, ...entries], owed };
}
