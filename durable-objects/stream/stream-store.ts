/**
 * StreamStore: a stream's rows. One for the stream itself, with the values since the last kept state; one for each kept
 * state; one for each run of earlier values. All of one batch is one transaction of at most four rows, and the number
 * of rows does not grow with the stream.
 */
import { Failure } from "../../src/core/failure.ts";
import type { AlertRule } from "../../src/forecast/alert-rules.ts";
import type { Scale } from "../../src/forecast/codec.ts";
import type { Storage } from "../storage/schema.ts";
import { type Entry, entriesOf, entryBytes } from "./entry.ts";
import { Statements } from "./statements.ts";

/** Values between two kept states. */
export const KEPT_EVERY = 64;
/** States that are kept: a rewind goes back to the oldest. */
const STATES = 8;
/** Values that can be looked at again. */
export const HISTORY = 4096;

/** What is known after a value, beside the model's state: computed of the values alone. */
export interface Moment {
  position: number;
  scale: Scale;
  /** Tail probabilities so far: calibration.ts. */
  tails: number[];
  /** For how long each rule has held. */
  held: number[];
}

export interface StreamRecord {
  id: string;
  fingerprint: string;
  /** Of the request that began it. */
  digest: string;
  createdMs: number;
  changedMs: number;
  revision: number;
  name: string | null;
  frequency: string | null;
  horizon: number;
  quantiles: number[];
  anomalyThreshold: number;
  rules: AlertRule[];
  metadata: Record<string, string>;
  ttlSeconds: number | null;
  forkedFrom: { stream: string; position: number } | null;
  moment: Moment;
  lastMs: number | null;
  /** How often the stream's own row was written; an entry of the ledger belongs to one of these times. */
  generation?: number;
  /**
   * Whether the ledger may have an entry that belongs to this row, or holds one from
   * before. Undefined: it never had any.
   */
  ledger?: "now" | "before" | undefined;
  /** The latest requests that had a key: what they were, and which values they brought. */
  keys: { key: string; digest: string; from: number; to: number; gaps: number; duplicates: number; replayed: number }[];
}

/** A kept state: the model's, and what belongs to it. */
export interface Kept {
  moment: Moment;
  /** `encodeState`'s bytes, then the logits (V) that follow. */
  state: Uint8Array<ArrayBuffer>;
  logits: Float32Array<ArrayBuffer>;
}

export interface Commit {
  record: StreamRecord;
  /** Values since the last kept state. */
  tail: readonly Entry[];
  /** A new kept state, and the values that came between the last one and it. */
  kept?: { state: Kept; start: number; entries: readonly Entry[] } | undefined;
  /** Everything behind this position was taken back: a kept state's, or 0. */
  cut?: number | undefined;
}

const tables = [
  "CREATE TABLE IF NOT EXISTS stream (id INTEGER PRIMARY KEY CHECK (id = 1), owner TEXT NOT NULL, record TEXT NOT NULL, tail BLOB NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS states (slot INTEGER PRIMARY KEY, position INTEGER NOT NULL, moment TEXT NOT NULL, logits BLOB NOT NULL, state BLOB NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS history (start INTEGER PRIMARY KEY, count INTEGER NOT NULL, entries BLOB NOT NULL) STRICT",
];

export class StreamStore {
  readonly #sql: Statements;
  #isOpen = false;
  /** Whose the stream is, once that was read or written. */
  #owner: string | undefined;

  constructor(storage: Pick<Storage, "sql" | "transactionSync">) {
    this.#sql = new Statements(storage, "the stream");
  }

  /**
   * Undefined where the object holds nothing; asking writes nothing. Fails with
   * `not_found` when it is another tenant's.
   */
  read(tenant: string): { record: StreamRecord; tail: Entry[] } | undefined {
    if (!this.#isOpen && this.#sql.rows("SELECT 1 AS one FROM sqlite_master WHERE name = 'stream'").length === 0)
      return undefined;
    this.#isOpen = true;
    const [row] = this.#sql.rows("SELECT owner, record, tail FROM stream");
    if (!row) return undefined;
    this.#owner = String(row.owner);
    if (row.owner !== tenant) throw noSuchStream();
    return { record: JSON.parse(String(row.record)) as StreamRecord, tail: entriesOf(row.tail as ArrayBuffer) };
  }

  /** Whose it is; undefined where it holds nothing. */
  owner(): string | undefined {
    if (this.#owner !== undefined) return this.#owner;
    if (!this.#isOpen && this.#sql.rows("SELECT 1 AS one FROM sqlite_master WHERE name = 'stream'").length === 0)
      return undefined;
    const [row] = this.#sql.rows("SELECT owner FROM stream");
    if (row) this.#owner = String(row.owner);
    return this.#owner;
  }

  /** Everything was deleted. */
  forget(): void {
    this.#isOpen = false;
    this.#owner = undefined;
  }

  /** Bytes of one kept state. */
  stateBytes(): number {
    return Number(this.#sql.rows("SELECT length(state) AS n FROM states LIMIT 1")[0]?.n ?? 0);
  }

  commit(tenant: string, { record, tail, kept, cut }: Commit): void {
    if (!this.#isOpen) for (const table of tables) this.#sql.rows(table);
    this.#isOpen = true;
    const write = () => {
      if (cut !== undefined) this.#cut(cut);
      this.#sql.write(
        "INSERT OR REPLACE INTO stream (id, owner, record, tail) VALUES (1, ?, ?, ?)",
        tenant,
        JSON.stringify(record),
        entryBytes(tail),
      );
      if (kept) this.#keep(kept.state, kept.start, kept.entries);
    };
    // One statement is whole or not at all by itself.
    if (cut === undefined && !kept) write();
    else this.#sql.transaction(write);
    this.#owner = tenant;
  }

  #keep({ moment, logits, state }: Kept, start: number, entries: readonly Entry[]): void {
    const { position, ...rest } = moment;
    const [free] = this.#sql.rows("SELECT slot FROM states ORDER BY position LIMIT 1");
    const used = Number(this.#sql.rows("SELECT count(*) AS n FROM states")[0]!.n);
    const slot = used < STATES ? used : Number(free!.slot);
    this.#sql.write(
      "INSERT OR REPLACE INTO states (slot, position, moment, logits, state) VALUES (?, ?, ?, ?, ?)",
      slot,
      position,
      JSON.stringify(rest),
      new Uint8Array(logits.slice().buffer),
      state,
    );
    const last = entries.slice(-HISTORY);
    const from = start + entries.length - last.length;
    this.#sql.write(
      "INSERT OR REPLACE INTO history (start, count, entries) VALUES (?, ?, ?)",
      from,
      last.length,
      entryBytes(last),
    );
    this.#sql.write("DELETE FROM history WHERE start + count <= ?", position - HISTORY);
  }

  #cut(position: number): void {
    this.#sql.write("DELETE FROM states WHERE position > ?", position);
    // Slots are numbered without holes.
    const left = this.#sql.rows("SELECT slot FROM states ORDER BY slot").map(({ slot }) => Number(slot));
    for (const [slot, old] of left.entries())
      if (slot !== old) this.#sql.write("UPDATE states SET slot = ? WHERE slot = ?", slot, old);
    const [last] = this.#sql.rows(
      "SELECT start, entries FROM history WHERE start < ? ORDER BY start DESC LIMIT 1",
      position,
    );
    this.#sql.write("DELETE FROM history WHERE start + count > ?", position);
    if (!last) return;
    const kept = entriesOf(last.entries as ArrayBuffer).slice(0, position - Number(last.start));
    this.#sql.write(
      "INSERT OR REPLACE INTO history (start, count, entries) VALUES (?, ?, ?)",
      Number(last.start),
      kept.length,
      entryBytes(kept),
    );
  }

  /** The latest kept state of at most so many values. */
  keptAt(position: number): Kept | undefined {
    const [row] = this.#sql.rows(
      "SELECT position, moment, logits, state FROM states WHERE position <= ? ORDER BY position DESC LIMIT 1",
      position,
    );
    if (!row) return undefined;
    const moment = { ...(JSON.parse(String(row.moment)) as Omit<Moment, "position">), position: Number(row.position) };
    return {
      moment,
      logits: new Float32Array(new Uint8Array(row.logits as ArrayBuffer).slice().buffer),
      state: new Uint8Array(row.state as ArrayBuffer),
    };
  }

  /** Positions of all kept states, in order. */
  keptPositions(): number[] {
    return this.#sql.rows("SELECT position FROM states ORDER BY position").map(({ position }) => Number(position));
  }

  /** Values before the tail, from a position on: as many as are there. */
  history(from: number): { start: number; entries: Entry[] } {
    const rows = this.#sql.rows("SELECT start, entries FROM history WHERE start + count > ? ORDER BY start", from);
    const first = Number(rows[0]?.start ?? from);
    const entries = rows.flatMap((row) => entriesOf(row.entries as ArrayBuffer));
    const skipped = Math.max(0, from - first);
    return { start: first + skipped, entries: entries.slice(skipped) };
  }
}

export const noSuchStream = () => new Failure("not_found", "id: no such stream", { param: "id" });
