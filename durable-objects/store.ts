/**
 * Store: a conversation's rows. SQLite holds the dialogue as of the last finished turn, and is the truth.
 *
 * A turn is committed in one transaction. The states of the last two turns are kept, so that a bad one never costs the good one.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Failure } from "../src/core/failure.ts";
import type { Message } from "../src/tokenizer/text-codec.ts";
import { migrate, type SqlValue, type Storage } from "./schema.ts";

/** The platform's documented limit of a row is 2,000,000 bytes; local runs do not enforce it, so this does. */
export const ROW_MAX_BYTES = 1_990_000;
export const PIECE_BYTES = 1_900_000;
const SEGMENT_MAX_IDS = 400_000;
/** States kept: of the last turn and of the one before. */
const GENERATIONS = 2;

/** Where a state's bytes lie: row id and SHA-256 of each piece, in order. */
export interface StateRef {
  bytes: number;
  chunks: [id: number, sha256: string][];
}

export interface Turn {
  n: number;
  replyId: string;
  createdMs: number;
  messages: Message[];
  reply: string;
  reason: "stop" | "length" | "cancelled";
  /** Chained hash of every message up to the one before the reply, and up to the reply. */
  asked: string;
  history: string;
  messageCount: number;
  hasSystem: boolean;
  /** The log ends with the token that ends a reply. */
  closed: boolean;
  /** Tokens that the state holds, and that the log holds; the difference is still to be fed. */
  position: number;
  logged: number;
  generator: number[];
}

export type StoredTurn = Turn & { state: StateRef };

export class Store {
  readonly #storage: Storage;
  readonly #pieceBytes: number;

  constructor(storage: Storage, pieceBytes = PIECE_BYTES) {
    this.#storage = storage;
    this.#pieceBytes = pieceBytes;
  }

  /** Must come before anything else. */
  open(): void {
    try {
      migrate({
        sql: { exec: (query, ...bindings) => this.#cursor(query, bindings) },
        transactionSync: (work) => this.#storage.transactionSync(work),
      });
    } catch (thrown) {
      throw storageFailure(thrown);
    }
  }

  /** Whose conversation this is, or undefined before its first turn. */
  identity(): { owner: string; fingerprint: string } | undefined {
    const [row] = this.#exec("SELECT owner, fingerprint FROM conversation");
    return row && { owner: String(row.owner), fingerprint: String(row.fingerprint) };
  }

  /** The last turns whose states are kept, newest first. */
  recent(): StoredTurn[] {
    return this.#exec("SELECT * FROM turns ORDER BY n DESC LIMIT ?", GENERATIONS).map(toTurn);
  }

  /** Ids of the log from position `from` up to `to`. Fails with `state_unreadable` when some are missing. */
  ids(from: number, to: number): Uint32Array {
    const ids = new Uint32Array(to - from);
    let at = from;
    const rows = "SELECT start, ids FROM segments WHERE start < ? AND start + length(ids) / 4 > ? ORDER BY start";
    for (const row of to > from ? this.#exec(rows, to, from) : []) {
      const bytes = row.ids as ArrayBuffer;
      const segment = new Uint32Array(bytes, 0, Math.floor(bytes.byteLength / 4));
      const start = Number(row.start);
      if (start > at) break;
      const part = segment.subarray(at - start, to - start);
      ids.set(part, at - from);
      at += part.length;
    }
    if (at !== to) throw new Failure("state_unreadable", `the token log ends at ${at}, expected ${to}`);
    return ids;
  }

  /** Fails with `state_unreadable` unless every byte is as it was written. */
  state({ bytes, chunks }: StateRef): Uint8Array<ArrayBuffer> {
    const state = new Uint8Array(bytes);
    let at = 0;
    for (const [id, sha256] of chunks) {
      const [row] = this.#exec("SELECT bytes FROM chunks WHERE id = ?", id);
      const piece = new Uint8Array((row?.bytes ?? new ArrayBuffer(0)) as ArrayBuffer);
      if (at + piece.length > bytes || hash(piece) !== sha256) {
        throw new Failure("state_unreadable", `piece ${id} of the stored state is damaged`);
      }
      state.set(piece, at);
      at += piece.length;
    }
    if (at !== bytes) throw new Failure("state_unreadable", `the stored state has ${at} bytes, expected ${bytes}`);
    return state;
  }

  /** Writes one turn, its tokens and its state, all or nothing. `ids` are those that the log does not hold yet. */
  commit(
    turn: Turn,
    ids: Uint32Array<ArrayBuffer>,
    state: Uint8Array<ArrayBuffer>,
    identity: { owner: string; fingerprint: string },
  ): void {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < state.length; at += this.#pieceBytes) pieces.push(state.subarray(at, at + this.#pieceBytes));
    const hashes = pieces.map(hash);
    try {
      this.#storage.transactionSync(() => {
        if (turn.n === 1) {
          const row = "INSERT INTO conversation (id, owner, fingerprint, created_ms) VALUES (1, ?, ?, ?)";
          this.#exec(row, identity.owner, identity.fingerprint, turn.createdMs);
        }
        const free = this.#freeChunks(pieces.length);
        pieces.forEach((piece, i) => {
          const upsert =
            "INSERT INTO chunks (id, bytes) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes";
          this.#exec(upsert, free[i]!, piece);
        });
        for (let at = 0; at < ids.length; at += SEGMENT_MAX_IDS) {
          const part = ids.slice(at, at + SEGMENT_MAX_IDS);
          this.#exec("INSERT INTO segments (start, ids) VALUES (?, ?)", turn.logged - ids.length + at, part.buffer);
        }
        const ref: StateRef = { bytes: state.length, chunks: hashes.map((sha256, i) => [free[i]!, sha256]) };
        this.#insertTurn(turn, ref);
      });
    } catch (thrown) {
      throw storageFailure(thrown);
    }
  }

  /** Resolves when the commit is on disk: before anybody is told of it. */
  async settled(): Promise<void> {
    await this.#storage.sync().catch((thrown: unknown) => {
      throw storageFailure(thrown);
    });
  }

  /** Row ids for new pieces: those of states no longer kept, then new ones. The last turn's state is never among them. */
  #freeChunks(count: number): number[] {
    const kept = new Set(
      this.recent()
        .slice(0, GENERATIONS - 1)
        .flatMap((turn) => turn.state.chunks.map(([id]) => id)),
    );
    const ids = this.#exec("SELECT id FROM chunks ORDER BY id").map((row) => Number(row.id));
    const free = ids.filter((id) => !kept.has(id));
    for (let next = (ids.at(-1) ?? 0) + 1; free.length < count; next++) free.push(next);
    return free;
  }

  #insertTurn(turn: Turn, state: StateRef): void {
    this.#exec(
      `INSERT INTO turns (n, reply_id, created_ms, messages, reply, reason, asked, history, message_count,
         has_system, closed, position, logged, generator, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      turn.n,
      turn.replyId,
      turn.createdMs,
      JSON.stringify(turn.messages),
      turn.reply,
      turn.reason,
      turn.asked,
      turn.history,
      turn.messageCount,
      Number(turn.hasSystem),
      Number(turn.closed),
      turn.position,
      turn.logged,
      JSON.stringify(turn.generator),
      JSON.stringify(state),
    );
  }

  #exec(query: string, ...bindings: SqlValue[]) {
    try {
      return this.#cursor(query, bindings).toArray();
    } catch (thrown) {
      throw storageFailure(thrown);
    }
  }

  #cursor(query: string, bindings: SqlValue[]) {
    const bytes = bindings.reduce((sum: number, value) => sum + sizeOf(value), 0);
    if (bytes > ROW_MAX_BYTES) throw new Failure("bug", `a row of ${bytes} bytes, at most ${ROW_MAX_BYTES}`);
    return this.#storage.sql.exec(query, ...bindings);
  }
}

function sizeOf(value: SqlValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  return value !== null && typeof value === "object" ? value.byteLength : 8;
}

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

function storageFailure(thrown: unknown): Failure {
  if (thrown instanceof Failure) return thrown;
  return new Failure(
    "storage_unavailable",
    "the conversation's storage did not answer; nothing of this turn was kept",
    { cause: thrown },
  );
}

function toTurn(row: Record<string, SqlValue | ArrayBuffer>): StoredTurn {
  return {
    n: Number(row.n),
    replyId: String(row.reply_id),
    createdMs: Number(row.created_ms),
    messages: JSON.parse(String(row.messages)),
    reply: String(row.reply),
    reason: row.reason as Turn["reason"],
    asked: String(row.asked),
    history: String(row.history),
    messageCount: Number(row.message_count),
    hasSystem: row.has_system === 1,
    closed: row.closed === 1,
    position: Number(row.position),
    logged: Number(row.logged),
    generator: JSON.parse(String(row.generator)),
    state: JSON.parse(String(row.state)),
  };
}
