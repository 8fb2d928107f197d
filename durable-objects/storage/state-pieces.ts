/**
 * StatePieces: states as bytes, cut into rows that fit.
 *
 * A set of pieces is named by the turn it belongs to and the tokens it holds. Of each turn only the newest set counts.
 * Rows of sets that no longer count are written over; what a turn leaves besides is erased when it ends.
 *
 * Keys and values of past positions never change, so they lie in rows that all states share which have grown from the
 * one that brought them (src/state/stretches.ts). Such a row belongs to the turn that wrote it, and stays as long as a
 * set that counts names it. It is never orphaned while it is needed: whoever needs it goes on from that turn.
 */
import { freeBytes } from "../../src/core/free-bytes.ts";
import type { NewStretch, StretchReader } from "../../src/state/codec.ts";
import { Joined } from "../../src/state/joined.ts";
import type { Stretch } from "../../src/state/stretches.ts";
import { type Database, GONE } from "./database.ts";

export const PIECE_BYTES = 1_900_000;

/** A complete set: a state that can be read. */
export interface StateSet {
  turn: string;
  position: number;
  /** Row ids, in order of the bytes. */
  rows: number[];
  /** Of its stretches, in the state's order. */
  stretches: number[];
}

/** A stretch that lies in a row. */
export type StoredStretch = Stretch & { row: number };

/**
 * A state at a position, ready to be written. What is joined lies elsewhere and is written
 * piece by piece, at once or never.
 */
export interface StateBytes<Bytes = Uint8Array<ArrayBuffer> | Joined> {
  position: number;
  bytes: Bytes;
  /** Absent: none. */
  stretches?: readonly (StoredStretch | NewStretch)[];
}

/** A row of the table, and how many bytes it has. */
interface PieceRow {
  id: number;
  turn: string;
  position: number;
  part: number;
  parts: number;
  stretches: string;
  bytes: number;
}

/**
 * More than a turn gives up, unless its tree has been given to another pack: then several turns erase what that leaves.
 */
const TRIMMED_ROWS = 16;

/**
 * Under which name stands what was computed again of a turn's state, up to some position, by one that went on from it
 * and has not ended. It is as long as the turn's own, so of a row that is named anew one page is written.
 */
export const rebuildOf = (turn: string): string => `${REBUILD}${turn.slice(1)}`;
const REBUILD = "~";
export const isRebuild = (name: string): boolean => name.startsWith(REBUILD);

/** Rows of stretches have parts below zero, by their kind. */
const partOf = ({ kind }: Stretch): number => -1 - kind;

export class StatePieces {
  readonly #database: Database;
  readonly pieceBytes: number;
  /** Rows of the states that attempts at turns have grown from, by the turn. */
  readonly #held = new Map<string, readonly number[]>();
  /**
   * All rows in order, as they were when the table had changed so often. A turn asks six times what is there, and what
   * it writes puts all that SQLite holds of the table out of its memory.
   */
  #known: { changes: number; rows: PieceRow[] } | undefined;

  constructor(database: Database, pieceBytes = PIECE_BYTES) {
    this.#database = database;
    this.pieceBytes = pieceBytes;
  }

  /**
   * What a turn is computed from stays until it is `released`, whatever other turns leave: its own
   * states will name the same stretches.
   */
  hold(turn: string, { stretches }: Pick<StateSet, "stretches">): void {
    this.#held.set(turn, stretches);
  }

  release(turn: string): void {
    this.#held.delete(turn);
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

  /** As it was written, which the state's own checksums tell. */
  read({ rows }: StateSet): Uint8Array<ArrayBuffer> {
    const pieces = rows.map((id) => this.#bytes(id));
    if (pieces.length === 1) return pieces[0]!;
    const state = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      state.set(piece, at);
      at += piece.length;
      freeBytes(piece);
    }
    return state;
  }

  /** What its stretches hold. */
  readStretches({ stretches }: StateSet): Uint8Array<ArrayBuffer>[] {
    return stretches.map((id) => this.#bytes(id));
  }

  /** The same, one by one. */
  stretchReader({ stretches }: StateSet): StretchReader {
    return { count: stretches.length, read: (n) => this.#bytes(stretches[n]!) };
  }

  #bytes(id: number): Uint8Array<ArrayBuffer> {
    const [row] = this.#database.exec("SELECT bytes FROM pieces WHERE id = ?", id);
    return new Uint8Array((row?.bytes ?? new ArrayBuffer(0)) as ArrayBuffer);
  }

  /**
   * Writes a set over rows that none of `kept` needs, then to new rows, and holds its stretches for the turn. A set of
   * the same turn and position does not count any more. Call it within a transaction.
   */
  write(
    turn: string,
    { position, bytes: state, stretches = [] }: StateBytes,
    kept: readonly StateSet[],
  ): StoredStretch[] {
    const parts = Math.max(1, Math.ceil(state.length / this.pieceBytes));
    const taken = this.#taken(kept);
    const rows = this.#rows();
    // A turn may end where its checkpoint stands, and the exact state of that may have
    // more pieces than the rounded one.
    const former = rows.filter((row) => row.turn === turn && row.position === position && row.part >= 0);
    if (former.length > 0) {
      this.#database.exec(
        "UPDATE pieces SET turn = ? WHERE turn = ? AND position = ? AND part >= 0",
        GONE,
        turn,
        position,
      );
      for (const row of former) row.turn = GONE;
    }
    const free = rows.filter(({ id }) => !taken.has(id));
    let next = (rows.at(-1)?.id ?? 0) + 1;
    const put = (part: number, shared: string, bytes: Uint8Array<ArrayBuffer>): number => {
      // The same part of an older state has bytes in common with this one, and where a row keeps its length SQLite
      // writes only the pages that differ.
      const same = free.findIndex((row) => row.part === part);
      const other = free.findIndex((row) => row.part < 0 === part < 0);
      const at = same < 0 ? other : same;
      const [row] = at < 0 ? [] : free.splice(at, 1);
      const statement = row
        ? "UPDATE pieces SET turn = ?, position = ?, part = ?, parts = ?, stretches = ?, bytes = ? WHERE id = ?"
        : "INSERT INTO pieces (turn, position, part, parts, stretches, bytes, id) VALUES (?, ?, ?, ?, ?, ?, ?)";
      const id = row ? row.id : next++;
      this.#database.exec(statement, turn, position, part, parts, shared, bytes, id);
      const written = { id, turn, position, part, parts, stretches: shared, bytes: bytes.length };
      if (row) Object.assign(row, written);
      else rows.push(written);
      // Of what a turn's end writes nothing is freed yet: its transaction may fail by chance and be tried again.
      if (state instanceof Joined) freeBytes(bytes);
      return id;
    };
    const stored = stretches.map((stretch): StoredStretch => {
      if ("row" in stretch) return stretch;
      const { data, ...rest } = stretch;
      return { ...rest, row: put(partOf(stretch), "", data) };
    });
    const ids = stored.map(({ row }) => row);
    for (let part = 0; part < parts; part++) {
      const bytes = state.subarray(part * this.pieceBytes, (part + 1) * this.pieceBytes);
      put(part, part === 0 ? JSON.stringify(ids) : "", bytes);
    }
    this.#remember(rows);
    this.hold(turn, { stretches: ids });
    return stored;
  }

  #rows(): PieceRow[] {
    if (this.#known?.changes === this.#database.changesOf("pieces")) return this.#known.rows;
    const rows = this.#database.exec(
      "SELECT id, turn, position, part, parts, stretches, length(bytes) AS bytes FROM pieces ORDER BY id",
    );
    return this.#remember(
      rows.map(({ id, turn, position, part, parts, stretches, bytes }) => ({
        ...{ id: Number(id), turn: String(turn), position: Number(position) },
        ...{ part: Number(part), parts: Number(parts), stretches: String(stretches), bytes: Number(bytes) },
      })),
    );
  }

  #remember(rows: PieceRow[]): PieceRow[] {
    this.#known = { changes: this.#database.changesOf("pieces"), rows };
    return rows;
  }

  /**
   * Writes a stretch before the state that will name it, and holds it for the turn: what is never named is erased with
   * the next state that ends a turn. Call it within a transaction.
   */
  writeAhead(turn: string, { data, ...rest }: NewStretch): StoredStretch {
    const [last] = this.#database.exec("SELECT max(id) AS id FROM pieces");
    const row = Number(last?.id ?? 0) + 1;
    this.#database.exec(
      "INSERT INTO pieces (turn, position, part, parts, stretches, bytes, id) VALUES (?, ?, ?, 0, '', ?, ?)",
      ...[turn, rest.to, partOf(rest), data, row],
    );
    this.hold(turn, { stretches: [...(this.#held.get(turn) ?? []), row] });
    return { ...rest, row };
  }

  #taken(kept: readonly StateSet[]): Set<number> {
    return new Set([...kept.flatMap(rowsOf), ...[...this.#held.values()].flat()]);
  }

  /** Bytes of each row. */
  lengths(): Map<number, number> {
    return new Map(this.#rows().map(({ id, bytes }) => [id, bytes]));
  }

  /** Within a transaction: erases rows that none of `kept` needs, so many at a time. */
  trim(kept: readonly StateSet[]): void {
    const taken = this.#taken(kept);
    const left = this.#rows().flatMap(({ id }) => (taken.has(id) ? [] : [id]));
    for (const id of left.slice(0, TRIMMED_ROWS))
      this.#database.erase("pieces", { bytes: "", turn: `'${GONE}'` }, "id = ?", id);
  }

  /**
   * No set counts any more: another pack made them all. Their rows are written over by later sets, erased by `trim`,
   * and go with their turn. The position below zero takes as many bytes as the one that it replaces, so of a row of
   * megabytes one page is written.
   */
  disown(): void {
    this.#database.exec("UPDATE pieces SET position = -1 - position WHERE position >= 0");
  }

  /**
   * Within a transaction: what a running turn has written becomes what was rebuilt of another's state. Of all that was
   * rebuilt only the last counts, so there is one such state.
   */
  leaveRebuilt(turn: string, of: string): void {
    this.#database.exec("UPDATE pieces SET turn = ? WHERE turn GLOB ? AND part >= 0", GONE, `${REBUILD}*`);
    this.#database.exec("UPDATE pieces SET turn = ? WHERE turn = ?", rebuildOf(of), turn);
  }

  /** Nothing of a turn's states stays in the file. */
  drop(turn: string): void {
    this.release(turn);
    this.#database.erase("pieces", { bytes: "" }, "turn IN (?, ?)", turn, rebuildOf(turn));
  }

  #complete(of?: string): StateSet[] {
    const rows = this.#rows()
      .filter(({ turn, position, part }) => part >= 0 && position >= 0 && (of === undefined || turn === of))
      .sort((a, b) => a.position - b.position || a.part - b.part);
    const sets = new Map<string, StateSet & { parts: number }>();
    for (const { id, turn, position, part, parts, stretches } of rows) {
      const name = `${turn} ${position}`;
      const set = sets.get(name) ?? { turn, position, rows: [], parts, stretches: stretchesIn(stretches) };
      sets.set(name, set);
      if (part === set.rows.length) set.rows.push(id);
      else set.parts = Number.NaN; // a piece twice, or one that is missing
    }
    return [...sets.values()].filter((set) => set.rows.length === set.parts);
  }
}

/** All rows that a set needs. */
export const rowsOf = ({ rows, stretches }: Pick<StateSet, "rows" | "stretches">): number[] => [...rows, ...stretches];

/** What a first piece says of its stretches. Rows of an earlier release hold a checksum there. */
const stretchesIn = (text: string): number[] => (text.startsWith("[") ? (JSON.parse(text) as number[]) : []);
