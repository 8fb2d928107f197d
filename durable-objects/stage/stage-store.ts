/**
 * StageStore: what one stage has stored for one conversation: the states of its layers at a few epochs.
 *
 * An epoch is written in one transaction and counts only when the conversation refers to it; so the one that it still
 * refers to stays until the next was written. Nothing that differs from what was stored is ever given back.
 */
import type { Saved } from "../../src/backends/backend.ts";
import type { EpochStore, Stored } from "../../src/backends/pipeline/stage.ts";
import { Failure } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { Sampler } from "../../src/sampling/sampler.ts";
import { decodeState, encodeState } from "../../src/state/codec.ts";
import type { SqlValue, Storage } from "../storage/schema.ts";
import { PIECE_BYTES } from "../storage/state-pieces.ts";

/**
 * Epochs that stay beside the new one and the one that it came from: sixteen in all, whatever the conversation keeps.
 */
const OTHERS = 14;

const tables = [
  "CREATE TABLE IF NOT EXISTS epochs (epoch INTEGER PRIMARY KEY, position INTEGER NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL, pieces TEXT NOT NULL) STRICT",
  // Rows of epochs no longer kept are written over: a deleted row costs as much as a written one.
  "CREATE TABLE IF NOT EXISTS pieces (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT",
  // One row: the pack that the epochs are of. Absent in stores of earlier releases.
  "CREATE TABLE IF NOT EXISTS pack (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL) STRICT",
];

export class StageStore implements EpochStore {
  readonly #storage: Storage;
  readonly #fingerprint: string;
  readonly #pieceBytes: number;

  constructor(storage: Storage, fingerprint: string, pieceBytes = PIECE_BYTES) {
    this.#storage = storage;
    this.#fingerprint = fingerprint;
    this.#pieceBytes = pieceBytes;
    for (const table of tables) this.#exec(table);
  }

  newest(): number {
    return Number(this.#exec("SELECT max(epoch) AS epoch FROM epochs")[0]?.epoch ?? 0);
  }

  load({ epoch, position, sha256: stored }: Stored): Saved {
    const unreadable = (what: string) => new Failure("state_unreadable", `state: epoch ${epoch} of a stage ${what}`);
    const [row] = this.#exec("SELECT * FROM epochs WHERE epoch = ?", epoch);
    if (!row) throw unreadable("is not there");
    const bytes = this.#bytes(Number(row.bytes), JSON.parse(String(row.pieces)) as number[]);
    if (row.sha256 !== stored || sha256(bytes) !== stored) throw unreadable("is not what was stored");
    const saved = decodeState(bytes, this.#fingerprint);
    if (saved.position !== position) throw unreadable(`holds ${saved.position} tokens, expected ${position}`);
    return saved;
  }

  async store(epoch: number, { position, tensors }: Saved, keep: number | undefined): Promise<Stored> {
    const fingerprint = this.#fingerprint;
    const state = { fingerprint, position, pending: [], sampler: new Sampler(1).state(), tensors };
    const bytes = encodeState(state) as Uint8Array<ArrayBuffer>;
    const stored = { epoch, position, sha256: sha256(bytes), bytes: bytes.length };
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length; at += this.#pieceBytes) pieces.push(bytes.subarray(at, at + this.#pieceBytes));
    this.#storage.transactionSync(() => {
      this.#forgetOtherPacks();
      this.#forgetOthers(epoch, keep);
      const ids = this.#freePieces(pieces.length);
      pieces.forEach((piece, i) => {
        const upsert =
          "INSERT INTO pieces (id, bytes) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET bytes = excluded.bytes";
        this.#exec(upsert, ids[i]!, piece);
      });
      const row = "INSERT INTO epochs (epoch, position, bytes, sha256, pieces) VALUES (?, ?, ?, ?, ?)";
      this.#exec(row, epoch, position, bytes.length, stored.sha256, JSON.stringify(ids));
    });
    await this.#storage.sync();
    return stored;
  }

  /**
   * A state of another pack is loaded by none but that one, and the conversation goes on with this one: what it had
   * is computed again from its log.
   */
  #forgetOtherPacks(): void {
    const [pack] = this.#exec("SELECT fingerprint FROM pack");
    if (pack?.fingerprint === this.#fingerprint) return;
    this.#exec("INSERT OR REPLACE INTO pack (id, fingerprint) VALUES (1, ?)", this.#fingerprint);
    if (!pack) return;
    this.#exec("DELETE FROM epochs");
    this.#exec("DELETE FROM pieces");
  }

  #forgetOthers(epoch: number, keep: number | undefined): void {
    const epochs = this.#exec("SELECT epoch FROM epochs ORDER BY epoch DESC").map((row) => Number(row.epoch));
    const others = epochs.filter((each) => each !== epoch && each !== keep);
    const forgotten = [...others.slice(OTHERS), ...epochs.filter((each) => each === epoch)];
    for (const each of forgotten) this.#exec("DELETE FROM epochs WHERE epoch = ?", each);
  }

  #freePieces(count: number): number[] {
    const kept = this.#exec("SELECT pieces FROM epochs").flatMap((row) => JSON.parse(String(row.pieces)) as number[]);
    const ids = this.#exec("SELECT id FROM pieces ORDER BY id").map((row) => Number(row.id));
    const free = ids.filter((id) => !kept.includes(id));
    for (let next = (ids.at(-1) ?? 0) + 1; free.length < count; next++) free.push(next);
    return free.slice(0, count);
  }

  /** As long as is said, or shorter when a piece is missing. */
  #bytes(length: number, ids: number[]): Uint8Array {
    const out = new Uint8Array(length);
    let at = 0;
    for (const id of ids) {
      const [row] = this.#exec("SELECT bytes FROM pieces WHERE id = ?", id);
      const piece = new Uint8Array((row?.bytes ?? new ArrayBuffer(0)) as ArrayBuffer).subarray(0, length - at);
      out.set(piece, at);
      at += piece.length;
    }
    return out.subarray(0, at);
  }

  #exec(query: string, ...bindings: SqlValue[]) {
    return this.#storage.sql.exec(query, ...bindings).toArray();
  }
}
