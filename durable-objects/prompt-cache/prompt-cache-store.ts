/**
 * PromptCacheStore: states after the beginnings of one tenant's prompts, found by what the prompts say.
 *
 * A state stands after a whole number of slices of a prompt, and is named by the borders before it: a chained digest
 * of the ids up to each. It is only ever given for a prompt with the same borders, so for the same ids. No text and no
 * id is stored, and nothing is kept for longer than its time after the last use or beyond the budget of bytes: then
 * the longest unused goes first.
 */
import { Database } from "../storage/database.ts";
import type { Row, SqlValue, Storage } from "../storage/schema.ts";
import { PIECE_BYTES } from "../storage/state-pieces.ts";
import type { PromptCacheLimits } from "./prompt-cache-limits.ts";

/** Of one border. */
export const DIGEST_BYTES = 16;
/** States at most, however small. */
const MOST_STATES = 256;

/** Not one that was forgotten and holds zeros until it is deleted. */
const IS_THERE = "borders <> zeroblob(length(borders))";

const tables = [
  // `origin`: the state that this one's prompt began with. `shared`: other prompts are likely to begin with it.
  // `owner`: the object that keeps the prompt, where one does.
  `CREATE TABLE IF NOT EXISTS states (
     id INTEGER PRIMARY KEY, borders BLOB NOT NULL, shared INTEGER NOT NULL, origin INTEGER, owner TEXT, used_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
     pieces TEXT NOT NULL
   ) STRICT`,
  "CREATE TABLE IF NOT EXISTS pieces (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
  "CREATE TABLE IF NOT EXISTS cleared (id INTEGER PRIMARY KEY CHECK (id = 1), at_ms INTEGER NOT NULL) STRICT",
];

/** A state that is kept; `bytes` are given piece by piece. */
interface FoundState {
  id: number;
  /** Borders before it: slices that it holds. */
  slices: number;
  pieces: number[];
  bytes: number;
}

export interface NewState {
  borders: Uint8Array<ArrayBuffer>;
  shared: boolean;
  /** The state that its prompt began with. */
  origin?: number;
  /** The object that keeps the prompt: what it forgets goes here as well. */
  owner?: string;
  /** When its prompt came: what was cleared since does not come back. */
  beganMs: number;
}

export class PromptCacheStore {
  readonly database: Database;
  readonly #limits: PromptCacheLimits;
  readonly #pieceBytes: number;
  /** Pieces of states that are being written. */
  readonly #reserved = new Set<number>();
  #isOpen = false;

  constructor(storage: Storage, limits: PromptCacheLimits, pieceBytes = PIECE_BYTES) {
    this.database = new Database(storage);
    this.#limits = limits;
    this.#pieceBytes = pieceBytes;
  }

  /**
   * The longest state that a prompt with these borders begins with, and how many of its borders any kept one shares.
   */
  find(borders: Uint8Array, nowMs: number): { state: FoundState | undefined; shared: number } {
    let best: Row | undefined;
    let [slices, shared] = [0, 0];
    for (const row of this.#rows("used_ms > ?", nowMs - this.#limits.ttlMs)) {
      const own = new Uint8Array(row.borders as ArrayBuffer);
      const common = commonBorders(own, borders);
      shared = Math.max(shared, common);
      if (common * DIGEST_BYTES < own.length || common <= slices) continue;
      [best, slices] = [row, common];
    }
    if (!best) return { state: undefined, shared };
    const id = Number(best.id);
    this.database.exec("UPDATE states SET used_ms = ? WHERE id = ?", nowMs, id);
    const pieces = piecesOf(best);
    return { state: { id, slices, pieces, bytes: Number(best.bytes) }, shared };
  }

  piece(id: number): Uint8Array<ArrayBuffer> {
    const [row] = this.database.exec("SELECT bytes FROM pieces WHERE id = ?", id);
    return new Uint8Array((row?.bytes ?? new ArrayBuffer(0)) as ArrayBuffer);
  }

  /**
   * Keeps a state of so many bytes, as they come, if it has room. One of the same name goes: whoever
   * sends this one had no use of it.
   */
  async keep(state: NewState, bytes: number, chunks: AsyncIterable<Uint8Array>, now: () => number): Promise<boolean> {
    this.#open();
    if (bytes > this.#limits.maxBytes || this.#isCleared(state)) return false;
    const pieces: number[] = [];
    try {
      for (const row of this.#rows("used_ms <= ?", now() - this.#limits.ttlMs)) this.#forget(row);
      this.#makeRoom(bytes, state.origin);
      let length = 0;
      for await (const piece of inPieces(chunks, this.#pieceBytes)) {
        pieces.push(this.#write(piece));
        length += piece.length;
      }
      // A sender that ended in the middle; or what must not come back.
      if (length !== bytes || this.#isCleared(state)) return false;
      const { borders, shared, origin = null, owner = null } = state;
      for (const row of this.#rows("borders = ?", borders)) this.#forget(row);
      this.database.exec(
        "INSERT INTO states (borders, shared, origin, owner, used_ms, bytes, pieces) VALUES (?, ?, ?, ?, ?, ?, ?)",
        borders,
        Number(shared),
        origin,
        owner,
        now(),
        bytes,
        JSON.stringify(pieces),
      );
      return true;
    } finally {
      for (const id of pieces) this.#reserved.delete(id);
    }
  }

  get size(): { states: number; bytes: number } {
    const rows = this.#rows("1");
    return { states: rows.length, bytes: rows.reduce((sum, row) => sum + Number(row.bytes), 0) };
  }

  /** When the next state expires. */
  get earliestMs(): number {
    return Math.min(...this.#rows("1").map((row) => Number(row.used_ms))) + this.#limits.ttlMs;
  }

  /** Removes what has expired; resolves when nothing of it is left in the file. */
  async expire(nowMs: number): Promise<void> {
    for (const row of this.#rows("used_ms <= ?", nowMs - this.#limits.ttlMs)) this.#forget(row);
    this.#eraseFree();
    await this.database.settled();
  }

  /** Removes what the object's prompts left. */
  async drop(owner: string): Promise<void> {
    const [isThere] = this.database.exec("SELECT 1 AS one FROM sqlite_master WHERE name = 'states'");
    if (!isThere) return;
    for (const row of this.#rows("owner = ?", owner)) this.#forget(row);
    this.#eraseFree();
    await this.database.settled();
  }

  /** Removes everything, what prompts that came before now would bring as well. */
  async clear(nowMs: number): Promise<void> {
    this.#open();
    this.database.exec("INSERT OR REPLACE INTO cleared (id, at_ms) VALUES (1, ?)", nowMs);
    for (const row of this.#rows("1")) this.#forget(row);
    this.#eraseFree();
    await this.database.settled();
  }

  #open(): void {
    if (this.#isOpen) return;
    for (const table of tables) this.database.exec(table);
    this.#isOpen = true;
  }

  #rows(where: string, ...bindings: SqlValue[]): Row[] {
    this.#open();
    return this.database.exec(`SELECT * FROM states WHERE ${IS_THERE} AND ${where} ORDER BY used_ms, id`, ...bindings);
  }

  #isCleared({ beganMs }: NewState): boolean {
    return this.database.exec("SELECT 1 AS one FROM cleared WHERE at_ms >= ?", beganMs).length > 0;
  }

  /**
   * A prompt that goes on from one that went on from another: of such a row of prompts the last two states stay, for
   * the one before is asked for again when an answer is. Then the longest unused go.
   */
  #makeRoom(bytes: number, origin: number | undefined): void {
    const [from] = this.#rows("id = ?", origin ?? -1);
    const [before] = this.#rows("id = ? AND shared = 0", Number(from?.origin ?? -1));
    if (before && from?.shared === 0) this.#forget(before);
    const rows = this.#rows("1");
    let [held, count] = [rows.reduce((sum, row) => sum + Number(row.bytes), 0), rows.length];
    for (const row of rows) {
      if (held + bytes <= this.#limits.maxBytes && count < MOST_STATES) return;
      this.#forget(row);
      held -= Number(row.bytes);
      count--;
    }
  }

  /** Its pieces are free to be written over. */
  #forget({ id }: Row): void {
    this.database.erase("states", { borders: "" }, "id = ?", Number(id));
  }

  #free(): number[] {
    const kept = new Set(this.#rows("1").flatMap(piecesOf));
    const all = this.database.exec("SELECT id FROM pieces ORDER BY id").map(({ id }) => Number(id));
    return all.filter((id) => !kept.has(id) && !this.#reserved.has(id));
  }

  #write(piece: Uint8Array<ArrayBuffer>): number {
    const [free] = this.#free();
    const [last] = this.database.exec("SELECT max(id) AS id FROM pieces");
    const id = free ?? Number(last?.id ?? 0) + 1;
    this.#reserved.add(id);
    this.database.exec("INSERT OR REPLACE INTO pieces (id, bytes) VALUES (?, ?)", id, piece);
    return id;
  }

  #eraseFree(): void {
    for (const id of this.#free()) this.database.erase("pieces", { bytes: "" }, "id = ?", id);
  }
}

const piecesOf = (row: Row): number[] => JSON.parse(String(row.pieces)) as number[];

/**
 * How many borders two prompts have in common: as each is a digest of everything before
 * it, the last common one says all.
 */
function commonBorders(a: Uint8Array, b: Uint8Array): number {
  let [same, differs] = [0, Math.floor(Math.min(a.length, b.length) / DIGEST_BYTES) + 1];
  while (differs - same > 1) {
    const middle = (same + differs) >> 1;
    if (isSame(a, b, middle - 1)) same = middle;
    else differs = middle;
  }
  return same;
}

function isSame(a: Uint8Array, b: Uint8Array, border: number): boolean {
  for (let i = border * DIGEST_BYTES; i < (border + 1) * DIGEST_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}

async function* inPieces(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let piece = new Uint8Array(size);
  let length = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + size - length);
      piece.set(part, length);
      length += part.length;
      at += part.length;
      if (length < size) continue;
      yield piece;
      [piece, length] = [new Uint8Array(size), 0];
    }
  }
  if (length > 0) yield piece.slice(0, length);
}
