/**
 * Pieces: states as bytes, cut into rows that fit.
 *
 * A set of pieces is named by the turn it belongs to and the tokens it holds. Of each turn only the newest set counts. Rows of sets that
 * no longer count are written over; what a turn leaves besides is erased when it ends.
 */
import { Failure } from "../../src/core/failure.ts";
import { freeBytes } from "../../src/core/free-bytes.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { protects } from "../platform/fault-points.ts";
import { type Database, GONE } from "./database.ts";

export const PIECE_BYTES = 1_900_000;

/** A complete set: a state that can be read. */
export interface StateSet {
  turn: string;
  position: number;
  /** Row ids, in order of the bytes. */
  rows: number[];
}

export class StatePieces {
  readonly #database: Database;
  readonly #pieceBytes: number;

  constructor(database: Database, pieceBytes = PIECE_BYTES) {
    this.#database = database;
    this.#pieceBytes = pieceBytes;
  }

  /** The newest complete set of each turn. */
  sets(): Map<string, StateSet> {
    const newest = new Map<string, StateSet>();
    for (const set of this.#complete()) {
      const known = newest.get(set.turn);
      if (!known || known.position < set.position) newest.set(set.turn, set);
    }
    return newest;
  }

  /** The newest complete set of one turn. */
  of(turn: string): StateSet | undefined {
    return this.#complete(turn).sort((a, b) => b.position - a.position)[0];
  }

  /** Fails with `state_unreadable` unless every byte is as it was written. `verify` false: for who checks all that they make together. */
  read({ rows }: StateSet, { verify = true } = {}): Uint8Array<ArrayBuffer> {
    const pieces = rows.map((id) => this.piece(id, { verify }));
    const state = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      state.set(piece, at);
      at += piece.length;
      freeBytes(piece);
    }
    return state;
  }

  /** One row of a set. Fails with `state_unreadable`. */
  piece(id: number, { verify = true } = {}): Uint8Array<ArrayBuffer> {
    const [row] = this.#database.exec("SELECT turn, sha256, bytes FROM pieces WHERE id = ?", id);
    const bytes = new Uint8Array((row?.bytes ?? new ArrayBuffer(0)) as ArrayBuffer);
    if (verify && protects("checksum") && sha256(bytes) !== row?.sha256)
      throw new Failure("state_unreadable", `piece ${id} of the state of turn ${row?.turn} is damaged`);
    return bytes;
  }

  /** Writes a set over rows that none of `kept` needs, then to new rows. A set of the same turn and position does not count any more. Call it within a transaction. */
  write(turn: string, position: number, state: Uint8Array<ArrayBuffer>, kept: readonly StateSet[]): void {
    const parts = Math.max(1, Math.ceil(state.length / this.#pieceBytes));
    const taken = new Set(kept.flatMap(({ rows }) => rows));
    const rows = this.#database.exec("SELECT id, turn, position, part FROM pieces ORDER BY id");
    // A turn may end where its checkpoint stands, and the exact state of that may have more pieces than the rounded one.
    if (rows.some((row) => row.turn === turn && row.position === position))
      this.#database.exec("UPDATE pieces SET turn = ? WHERE turn = ? AND position = ?", GONE, turn, position);
    const free = rows.filter(({ id }) => !taken.has(Number(id)));
    let next = Number(rows.at(-1)?.id ?? 0) + 1;
    for (let part = 0; part < parts; part++) {
      const bytes = state.subarray(part * this.#pieceBytes, (part + 1) * this.#pieceBytes);
      const same = free.findIndex((row) => row.part === part);
      const [row] = free.splice(Math.max(0, same), 1);
      // The same part of an older state has most of its bytes in common with this one, and where a row keeps its length SQLite writes only the pages that differ.
      const statement = row
        ? "UPDATE pieces SET turn = ?, position = ?, part = ?, parts = ?, sha256 = ?, bytes = ? WHERE id = ?"
        : "INSERT INTO pieces (turn, position, part, parts, sha256, bytes, id) VALUES (?, ?, ?, ?, ?, ?, ?)";
      const id = row ? Number(row.id) : next++;
      this.#database.exec(statement, turn, position, part, parts, sha256(bytes), bytes, id);
    }
  }

  /** Bytes of a turn's newest complete set; 0 without one. */
  bytesOf(turn: string): number {
    const rows = this.of(turn)?.rows ?? [];
    const marks = rows.map(() => "?").join();
    const [row] = this.#database.exec(`SELECT sum(length(bytes)) AS bytes FROM pieces WHERE id IN (${marks})`, ...rows);
    return Number(row?.bytes ?? 0);
  }

  /** Within a transaction: erases the rows that none of `kept` needs. */
  trim(kept: readonly StateSet[]): void {
    const taken = new Set(kept.flatMap(({ rows }) => rows));
    for (const { id } of this.#database.exec("SELECT id FROM pieces ORDER BY id"))
      if (!taken.has(Number(id))) this.#database.erase("pieces", { bytes: "" }, "id = ?", Number(id));
  }

  /** Nothing of a turn's states stays in the file. */
  drop(turn: string): void {
    this.#database.erase("pieces", { bytes: "" }, "turn = ?", turn);
  }

  #complete(of?: string): StateSet[] {
    const where = of === undefined ? "" : "WHERE turn = ? ";
    const rows = this.#database.exec(
      `SELECT id, turn, position, part, parts FROM pieces ${where}ORDER BY turn, position, part`,
      ...(of === undefined ? [] : [of]),
    );
    const sets = new Map<string, StateSet & { parts: number }>();
    for (const { id, turn, position, part, parts } of rows) {
      const name = `${turn} ${position}`;
      const set = sets.get(name) ?? { turn: String(turn), position: Number(position), rows: [], parts: Number(parts) };
      sets.set(name, set);
      if (Number(part) === set.rows.length) set.rows.push(Number(id));
      else set.parts = Number.NaN; // a piece twice, or one that is missing
    }
    return [...sets.values()].filter((set) => set.rows.length === set.parts);
  }
}
