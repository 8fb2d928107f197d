/**
 * Journal: turns that were accepted and are not finished. What it holds is enough to compute the
 * turn again, to the same tokens.
 *
 * One row at acceptance and none at the end: a slot whose turn is in the tree is free. The lease is the epoch: whoever
 * takes a turn up counts it up, and whoever then writes with a lower one finds that the turn is no longer theirs.
 *
 * Values have zeros behind them up to the room of their slot, so that the next turn is written exactly where the last
 * one lay: nothing of a turn stays in the file once its row was written over or `forget` was called.
 */
import type {
  FinishReason,
  LoggedToken,
  RebuildReason,
  Recalled,
  StateOrigin,
  Timings,
  TurnRequest,
} from "../../src/api/shared/turn.ts";
import { protects } from "../platform/fault-points.ts";
import { bytesOf, type Database, GONE, idsOf, LeaseLost } from "./database.ts";
import { jsonBytes, jsonOf, LEAD, led, padded, roomFor } from "./erasable.ts";
import type { SqlValue } from "./schema.ts";

/**
 * An accepted turn: everything that was decided before the model ran, and in its last fields how far it has come since.
 * It is never changed in place: what is decided or has come later is a copy, which `Journal` writes over the row.
 */
export type Accepted = Readonly<AcceptedTurn & Progress>;

/** A row of the journal: a turn that was accepted and has not ended. */
interface Progress {
  /** Takeovers since the last progress; −1 when it was left in good order, so that the next one counts for nothing. */
  attempts: number;
  /**
   * The reply is whole, with this reason, and the state that is kept is being computed: of
   * the lasting prompt and the reply.
   */
  settling?: FinishReason;
  logprobs?: LoggedToken[];
  /** Of the invocations that have left it in good order. Absent: none has. */
  spent?: Timings;
}

interface AcceptedTurn {
  id: string;
  parent: string | null;
  depth: number;
  createdMs: number;
  /** The messages are those that are new. */
  request: TurnRequest;
  digest?: string;
  fingerprint: string;
  /**
   * The first digits of the SHA-256 of the pack's tokenizer and chat template. Absent: accepted by an earlier release.
   */
  tokenizer?: string;
  template?: string;
  /** Null: the conversation's generator goes on. */
  seed: number | null;
  origin: StateOrigin;
  /** Tokens of the path before it, those of them that a kept state held, those that were fed again. */
  start: number;
  cachedTokens: number;
  rebuiltTokens: number;
  /** Why, where it is not that a state was dropped by age or could not be read. */
  rebuiltBecause?: RebuildReason;
  promptCount: number;
  /** Tokens of the prompt that are the template's prelude and are read by themselves. Absent: none. */
  prelude?: number;
  /** Tokens of the reply that the day leaves. Absent: as many as are asked for. */
  grantedReply?: number;
  /** What was quoted to the model, and its cost; among the prompt's ids. Absent: recall was off. */
  recalled?: Recalled[];
  recallTokens?: number;
  recallMs?: number;
  /** What stays of the prompt, where it has instructions that hold for this request only. Absent: all. */
  lasting?: number[];
  /** Of the conversation with the new messages. */
  asked: string;
  messageCount: number;
  hasSystem: boolean;
  toolsKnown?: string;
}

export interface PlannedTurn {
  accepted: Accepted;
  /** Ids of the new messages, up to where the reply begins. */
  prompt: Uint32Array<ArrayBuffer>;
  /** Where its head stands; null at the beginning. */
  tip: string | null;
  /** Tokens of the system message and the tools that the prompt begins with; costs an encoding. */
  opening: () => number;
}

interface JournalEntry {
  accepted: Accepted;
  epoch: number;
  /** Ids of the prompt, then of the reply as far as the last checkpoint. */
  ids: Uint32Array<ArrayBuffer>;
}

const UNFINISHED = `turn NOT IN ('', '${GONE}') AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.id = journal.turn)`;
/** Room for a short turn. */
const RECORD_BYTES = 1024;
const IDS_BYTES = 512;
/** Ends the ids where zeros behind them could be taken for tokens; no token has this id. */
const NO_TOKEN = 0xffffffff;

/** What a slot that is free for good holds. */
const ERASED = { turn: `'${GONE}'`, record: "", ids: "" };

type Columns = [turn: string, record: Uint8Array<ArrayBuffer> | null, ids: Uint8Array<ArrayBuffer> | null];
type Room = Record<string, SqlValue | undefined>;
/** Bytes that SQLite takes for an epoch: 1 takes none, small numbers one. */
const lengthOf = (epoch: number): number => (epoch === 1 ? 0 : epoch < 128 ? 1 : 2);

/** What a row holds, as far as this instance knows. */
interface Standing {
  accepted: Accepted;
  count: number;
  epoch: number;
  rollbacks: number;
}

export class Journal {
  readonly #database: Database;
  #standing: Standing | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Ids of turns that were accepted and not finished. */
  running(): readonly string[] {
    return this.#database.once("journal turns", "running", () =>
      this.#database.exec(`SELECT turn FROM journal WHERE ${UNFINISHED}`).map(({ turn }) => String(turn)),
    );
  }

  get(turn: string): JournalEntry | undefined {
    if (!this.running().includes(turn)) return undefined;
    const [row] = this.#database.exec(`SELECT epoch, record, ids FROM journal WHERE turn = ? AND ${UNFINISHED}`, turn);
    if (!row) return undefined;
    const accepted = jsonOf(this.#database.outline(`${turn} accepted`, row.record)) as Accepted;
    const room = idsOf(this.#database.outline(`${turn} so far`, row.ids));
    const end = room.indexOf(NO_TOKEN);
    const ids = end < 0 ? room : room.slice(0, end);
    return { accepted, epoch: Number(row.epoch), ids };
  }

  /** Writes over a free slot with room for it; a smaller one is given up for a larger. The epoch of a new turn is 1. */
  accept(accepted: Accepted, ids: Uint32Array<ArrayBuffer>): void {
    const slots = this.#database.exec(
      `SELECT slot, length(record) AS record, length(ids) AS ids, epoch, ${UNFINISHED} AS busy FROM journal ORDER BY slot`,
    );
    const free = slots.filter(({ busy }) => busy === 0);
    // Nothing but their slots names them.
    if (free.some(({ record, ids }) => record === null || ids === null)) this.sweepEnded();
    const columns = this.#columns(accepted, ids);
    const fits = free.find((slot) => slot.epoch === 1 && this.#fits(slot, columns));
    if (fits) {
      this.#update(columns, 1, fits, "slot = ?", Number(fits.slot));
      return;
    }
    if (free[0]) this.#database.erase("journal", ERASED, "slot = ?", Number(free[0].slot));
    this.#insert(columns, 1);
  }

  /** Takes the turn over: the epoch that this caller now holds. Throws `LeaseLost` when it is not there. */
  take(turn: string): JournalEntry {
    const entry = this.get(turn);
    if (!entry) throw new LeaseLost();
    const accepted = { ...entry.accepted, attempts: entry.accepted.attempts + 1 };
    this.#database.transaction(() => this.#write(accepted, entry.ids, entry.epoch, entry.epoch + 1));
    return { ...entry, accepted, epoch: entry.epoch + 1 };
  }

  /**
   * How far the turn has come. While a prompt is read only its state moves on, and the row, which may be megabytes, is
   * not written again. Throws `LeaseLost`.
   */
  progress(accepted: Accepted, ids: Uint32Array<ArrayBuffer>, epoch: number): void {
    const { rollbacks } = this.#database;
    if (isSame(this.#standing, { accepted, count: ids.length, epoch, rollbacks })) this.check(accepted.id, epoch);
    else this.#write(accepted, ids, epoch, epoch);
  }

  /** Throws `LeaseLost` unless the epoch is still the one that was taken. */
  check(turn: string, epoch: number): void {
    if (!protects("lease")) return;
    const [row] = this.#database.exec(`SELECT epoch FROM journal WHERE turn = ? AND ${UNFINISHED}`, turn);
    if (row?.epoch !== epoch) throw new LeaseLost();
  }

  /** Erases the turn as if it had never been accepted. */
  forget(turn: string): void {
    this.#database.overwrite("journal", ERASED, "turn = ?", turn);
    this.sweep(turn);
  }

  /** Long values of a turn that has ended. */
  sweep(turn: string): void {
    if (this.#standing?.accepted.id === turn) this.#standing = undefined;
    this.#database.eraseAside(`${turn} accepted`, `${turn} so far`);
  }

  /**
   * The same of all turns that have ended: of whoever erased such values and was gone before they were deleted, rows of
   * zeros are left.
   */
  sweepEnded(): void {
    const ended = this.#database.exec(
      `SELECT turn FROM journal WHERE (record IS NULL OR ids IS NULL) AND turn <> '${GONE}' AND NOT (${UNFINISHED})`,
    );
    for (const { turn } of ended) this.#database.eraseAside(`${turn} accepted`, `${turn} so far`);
  }

  /** Over its slot where that has room; else to a new one. Within a transaction. */
  #write(accepted: Accepted, ids: Uint32Array<ArrayBuffer>, held: number, next: number): void {
    this.check(accepted.id, held);
    const [slot] = this.#database.exec(
      "SELECT slot, epoch, length(record) AS record, length(ids) AS ids FROM journal WHERE turn = ?",
      accepted.id,
    );
    const columns = this.#columns(accepted, ids);
    this.#standing = { accepted, count: ids.length, epoch: next, rollbacks: this.#database.rollbacks };
    const isAsLong = slot && lengthOf(Number(slot.epoch)) === lengthOf(next) && this.#fits(slot, columns);
    if (isAsLong) {
      this.#update(columns, next, slot, "turn = ?", accepted.id);
      return;
    }
    if (slot) this.#database.erase("journal", ERASED, "slot = ?", Number(slot.slot));
    this.#insert(columns, next);
  }

  #insert([turn, record, ids]: Columns, epoch: number): void {
    this.#database.exec(
      "INSERT INTO journal (slot, turn, epoch, record, ids) VALUES ((SELECT coalesce(max(slot), 0) + 1 FROM journal), ?, ?, ?, ?)",
      ...[turn, epoch, record, ids],
    );
  }

  #update([turn, record, ids]: Columns, epoch: number, room: Room, where: string, key: SqlValue): void {
    this.#database.exec(
      `UPDATE journal SET turn = ?, epoch = ?, record = ?, ids = ? WHERE ${where}`,
      turn,
      epoch,
      record && padded(record, Number(room.record)),
      ids && padded(ids, Number(room.ids)),
      key,
    );
  }

  #fits(slot: Room, [, record, ids]: Columns): boolean {
    const fits = (value: Uint8Array | null, room: Room[string]) =>
      value === null || room === null ? value === room : value.length <= Number(room);
    return fits(record, slot.record) && fits(ids, slot.ids);
  }

  #columns({ ...accepted }: Accepted, ids: Uint32Array<ArrayBuffer>): Columns {
    const json = jsonBytes(accepted);
    const room = roomFor(json.length, RECORD_BYTES);
    const record = this.#database.inline(`${accepted.id} accepted`, led(json, LEAD.rowid, room));
    const ended = new Uint32Array(ids.length + 1);
    ended.set(ids);
    ended[ids.length] = NO_TOKEN;
    const bytes = padded(bytesOf(ended), roomFor(4 * ended.length, IDS_BYTES));
    // Behind the record, whose lead is theirs too.
    return [accepted.id, record, this.#database[record ? "inline" : "aside"](`${accepted.id} so far`, bytes)];
  }
}

/**
 * Whether a row would be written as it stands. Ids are only ever added, and fields are
 * replaced, never changed in place.
 */
function isSame(stands: Standing | undefined, next: Standing): boolean {
  if (stands?.count !== next.count || stands.epoch !== next.epoch || stands.rollbacks !== next.rollbacks) return false;
  const names = Object.keys({ ...stands.accepted, ...next.accepted }) as (keyof Accepted)[];
  return names.every((name) => stands.accepted[name] === next.accepted[name]);
}
