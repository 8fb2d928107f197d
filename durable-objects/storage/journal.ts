/**
 * Journal: turns that were accepted and are not finished. What it holds is enough to compute the turn again, to the same tokens.
 *
 * One row at acceptance and none at the end: a slot whose turn is in the tree is free. The lease is the epoch: whoever takes a turn up
 * counts it up, and whoever then writes with a lower one finds that the turn is no longer theirs.
 */
import type { LoggedToken, StateOrigin, TurnRequest } from "../../src/api/shared/turn.ts";
import { protects } from "../platform/fault-points.ts";
import { bytesOf, type Database, idsOf, jsonBytes, jsonOf } from "./database.ts";
import { LeaseLost } from "./lease-lost.ts";

/** An accepted turn: everything that was decided before the model ran. */
export interface Accepted {
  id: string;
  parent: string | null;
  depth: number;
  createdMs: number;
  /** The messages are those that are new. */
  request: TurnRequest;
  digest?: string;
  fingerprint: string;
  /** Null: the conversation's generator goes on. */
  seed: number | null;
  origin: StateOrigin;
  /** Tokens of the path before it, those of them that a kept state held, those that were fed again. */
  start: number;
  cachedTokens: number;
  rebuiltTokens: number;
  promptCount: number;
  /** Of the conversation with the new messages. */
  asked: string;
  messageCount: number;
  hasSystem: boolean;
  /** Takeovers since the last progress; −1 when it was left in good order, so that the next one counts for nothing. */
  attempts: number;
  logprobs?: LoggedToken[];
}

export interface Entry {
  accepted: Accepted;
  epoch: number;
  /** Ids of the prompt, then of the reply as far as the last checkpoint. */
  ids: Uint32Array<ArrayBuffer>;
}

const UNFINISHED = "turn <> '' AND NOT EXISTS (SELECT 1 FROM turns WHERE turns.id = journal.turn)";

export class Journal {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Ids of turns that were accepted and not finished. */
  running(): string[] {
    return this.#database.exec(`SELECT turn FROM journal WHERE ${UNFINISHED}`).map(({ turn }) => String(turn));
  }

  get(turn: string): Entry | undefined {
    const [row] = this.#database.exec(`SELECT epoch, record, ids FROM journal WHERE turn = ? AND ${UNFINISHED}`, turn);
    if (!row) return undefined;
    const accepted = jsonOf(this.#database.outline(`${turn} accepted`, row.record)) as Accepted;
    const ids = idsOf(this.#database.outline(`${turn} so far`, row.ids));
    return { accepted, epoch: Number(row.epoch), ids };
  }

  /** Writes over a free slot. The epoch of a new turn is 1. */
  accept(accepted: Accepted, ids: Uint32Array<ArrayBuffer>): void {
    const rows = this.#database.exec(`SELECT slot, ${UNFINISHED} AS busy FROM journal ORDER BY slot`);
    const slot = rows.find(({ busy }) => busy === 0)?.slot ?? rows.length + 1;
    this.#database.exec(
      "INSERT OR REPLACE INTO journal (slot, turn, epoch, record, ids) VALUES (?, ?, 1, ?, ?)",
      Number(slot),
      ...this.#columns(accepted, ids),
    );
  }

  /** Takes the turn over: the epoch that this caller now holds. Throws `LeaseLost` when it is not there. */
  take(turn: string): Entry {
    const entry = this.get(turn);
    if (!entry) throw new LeaseLost();
    const accepted = { ...entry.accepted, attempts: entry.accepted.attempts + 1 };
    this.#write(accepted, entry.ids, entry.epoch, entry.epoch + 1);
    return { ...entry, accepted, epoch: entry.epoch + 1 };
  }

  /** How far the turn has come. Throws `LeaseLost`. */
  progress(accepted: Accepted, ids: Uint32Array<ArrayBuffer>, epoch: number): void {
    this.#write(accepted, ids, epoch, epoch);
  }

  /** Throws `LeaseLost` unless the epoch is still the one that was taken. */
  check(turn: string, epoch: number): void {
    if (!protects("lease")) return;
    const [row] = this.#database.exec(`SELECT epoch FROM journal WHERE turn = ? AND ${UNFINISHED}`, turn);
    if (row?.epoch !== epoch) throw new LeaseLost();
  }

  /** The turn never was. */
  forget(turn: string): void {
    this.#database.exec("UPDATE journal SET turn = '' WHERE turn = ?", turn);
    this.sweep(turn);
  }

  /** Long values of a turn that has ended. */
  sweep(turn: string): void {
    this.#database.exec("DELETE FROM overflow WHERE key IN (?, ?)", `${turn} accepted`, `${turn} so far`);
  }

  #write(accepted: Accepted, ids: Uint32Array<ArrayBuffer>, held: number, next: number): void {
    this.check(accepted.id, held);
    const [turn, record, so] = this.#columns(accepted, ids);
    this.#database.exec("UPDATE journal SET epoch = ?, record = ?, ids = ? WHERE turn = ?", next, record, so, turn);
  }

  #columns({ ...accepted }: Accepted, ids: Uint32Array<ArrayBuffer>) {
    const record = this.#database.inline(`${accepted.id} accepted`, jsonBytes(accepted));
    return [accepted.id, record, this.#database.inline(`${accepted.id} so far`, bytesOf(ids))] as const;
  }
}
