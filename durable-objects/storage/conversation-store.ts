/**
 * ConversationStore: what a conversation tree holds, and the few transactions that change it. SQLite
 * is the truth, memory is a cache.
 *
 * An ordinary turn writes eight rows when its state has three pieces: one at acceptance, then turn, its two rows of the
 * index, head and pieces in one transaction.
 */
import { Failure } from "../../src/core/failure.ts";
import type { NewStretch } from "../../src/state/codec.ts";
import { faultNow, protects } from "../platform/fault-points.ts";
import { limits } from "../platform/limits.ts";
import { Database } from "./database.ts";
import { type Head, Heads, newHead, revised, used } from "./heads.ts";
import type { PlannedTurn } from "./journal.ts";
import { type Accepted, Journal } from "./journal.ts";
import type { IndexedWords } from "./passage-index.ts";
import type { SentenceCoder } from "./passage-senses.ts";
import { released } from "./retention.ts";
import type { Storage } from "./schema.ts";
import {
  isRebuild,
  PIECE_BYTES,
  rebuildOf,
  rowsOf,
  type StateBytes,
  StatePieces,
  type StateSet,
  type StoredStretch,
} from "./state-pieces.ts";
import type { StoredTurn } from "./stored-turn.ts";
import { TurnTree } from "./turn-tree.ts";

export interface TreeIdentity {
  /** Tenant. */
  owner: string;
  /** The object's own name. */
  object: string;
  fingerprint: string;
}

/** What `recomputeTokens` reads once for many turns. */
export interface StatePlaces {
  /** By turn. */
  sets: ReadonlyMap<string, StateSet>;
  /** By turn: the position of the nearest state at or above it, as far as somebody has asked. */
  nearest: Map<string, number>;
}

export class ConversationStore {
  readonly database: Database;
  readonly tree: TurnTree;
  readonly heads: Heads;
  readonly journal: Journal;
  readonly pieces: StatePieces;
  /** A file is being read into it. */
  importing = false;
  /** Its pack is served no more: its states are as good as gone. */
  isOrphaned = false;

  constructor(storage: Storage, pieceBytes = PIECE_BYTES, coder?: SentenceCoder) {
    this.database = new Database(storage);
    this.tree = new TurnTree(this.database, coder);
    this.heads = new Heads(this.database);
    this.journal = new Journal(this.database);
    this.pieces = new StatePieces(this.database, pieceBytes);
  }

  /** Whose tree this is, or undefined before anything was stored. */
  identity(): TreeIdentity | undefined {
    return this.database.once("family", "identity", () => {
      const [row] = this.database.exec("SELECT owner, object, fingerprint FROM family");
      return row && { owner: String(row.owner), object: String(row.object), fingerprint: String(row.fingerprint) };
    });
  }

  /** Opens what is there for its owner. Fails with `not_found` for everybody else, and where nothing is. */
  openFor(tenant: string, param = "id"): TreeIdentity {
    if (this.database.exists) {
      this.database.open();
      const identity = this.identity();
      if (identity && (identity.owner === tenant || !protects("owner"))) return identity;
    }
    throw new Failure("not_found", `${param}: nothing is kept under this name`, { param });
  }

  /** The tree's one row, written with the first thing that is kept. Within a transaction. */
  createTree({ owner, object, fingerprint }: TreeIdentity): void {
    if (this.identity()) return;
    this.database.exec(
      "INSERT INTO family (id, owner, object, fingerprint, created_ms) VALUES (1, ?, ?, ?, ?)",
      owner,
      object,
      fingerprint,
      Date.now(),
    );
  }

  /**
   * A turn that was accepted, over or not: while its end is on the way to the disk it is in the log
   * already, and no longer in the journal.
   */
  acceptedTurn(id: string): Accepted | StoredTurn | undefined {
    return this.tree.turn(id) ?? this.journal.get(id)?.accepted;
  }

  /** The name that the model of its newest turn was served under. Undefined while it is blank. */
  get modelName(): string | undefined {
    const newest = this.tree.all().at(-1);
    const [running] = newest ? [] : this.journal.running();
    return newest ? this.tree.turn(newest.id)?.model : running && this.journal.get(running)?.accepted.request.model;
  }

  /** Conversations were made, and no turn of any was begun. */
  get isBlank(): boolean {
    return this.tree.all().length === 0 && this.journal.running().length === 0;
  }

  /**
   * The tree goes on with another pack, which none of its states is of: they are computed again from the
   * token log. Within a transaction.
   */
  retake(fingerprint: string): void {
    this.database.exec("UPDATE family SET fingerprint = ?", fingerprint);
    this.pieces.disown();
    this.isOrphaned = false;
  }

  /** Makes the turn durable. Fails with `turn_in_progress` when its head has moved since it was planned. */
  accept({ accepted, prompt, tip }: Omit<PlannedTurn, "opening">, identity: TreeIdentity): void {
    const { head: name, conversation = null, prefix = null, ttlSeconds } = accepted.request;
    const { feedOnly: shared = false } = accepted.request;
    this.database.transaction(() => {
      this.createTree(identity);
      if (this.identity()!.fingerprint !== identity.fingerprint) this.retake(identity.fingerprint);
      const head = name === undefined ? undefined : this.heads.get(name);
      const isThere = accepted.parent === null || this.tree.node(accepted.parent);
      if (!isThere || (name !== undefined && (head?.turn ?? null) !== tip))
        throw new Failure("turn_in_progress", "conversation: another turn ended first; send this one again", {
          param: "conversation",
        });
      if (name !== undefined && !head)
        this.heads.put(used(newHead(name, { conversation, prefix, shared, ttlSeconds: ttlSeconds ?? null })));
      this.journal.accept(accepted, prompt);
      faultNow("accept");
    });
  }

  /** Keeps what a running turn has so far, and says where its stretches lie. Throws `LeaseLost`. */
  checkpoint(accepted: Accepted, epoch: number, ids: Uint32Array<ArrayBuffer>, state: StateBytes): StoredStretch[] {
    return this.database.transaction(() => {
      this.journal.progress(accepted, ids, epoch);
      const stored = this.pieces.write(accepted.id, state, this.kept());
      faultNow("checkpoint");
      return stored;
    });
  }

  /**
   * What a running turn has computed again so far, and nothing of its own, is for whoever goes on from the same
   * turn next. Throws `LeaseLost`.
   */
  leaveRebuilt({ id, parent }: Pick<Accepted, "id" | "parent">, epoch: number): void {
    this.database.transaction(() => {
      this.journal.check(id, epoch);
      this.pieces.leaveRebuilt(id, parent!);
    });
  }

  /** Writes a long stretch of a running turn's state before the rest of it. Throws `LeaseLost`. */
  writeAhead(turn: string, epoch: number, stretch: NewStretch): StoredStretch {
    return this.database.transaction(() => {
      this.journal.check(turn, epoch);
      return this.pieces.writeAhead(turn, stretch);
    });
  }

  /**
   * The end of a turn, all or nothing. Throws `LeaseLost`. Its head moves to it unless it brought nothing to go on
   * from. `state` is absent when the last checkpoint is the state, or when there is none. Says where its stretches lie.
   */
  commit(
    turn: StoredTurn,
    epoch: number,
    ids: Uint32Array<ArrayBuffer>,
    state: StateBytes | undefined,
    words?: IndexedWords,
  ): StoredStretch[] {
    const work = () => {
      this.journal.check(turn.id, epoch);
      this.tree.insert(turn, ids, words);
      faultNow("commit.turn");
      const kept = this.keptAfter(turn, state);
      this.#moveHead(turn);
      const stored = state ? this.pieces.write(turn.id, state, kept) : [];
      const own = this.pieces.of(turn.id);
      this.pieces.trim(own ? [...kept, own] : kept);
      this.journal.sweep(turn.id);
      faultNow("commit.end");
      return stored;
    };
    return protects("transaction") ? this.database.transaction(work) : work();
  }

  /**
   * States that must not be written over: of turns that keep theirs, of those that are running, and what
   * was rebuilt for whoever goes on.
   */
  kept(): StateSet[] {
    const running = new Set(this.journal.running());
    return [...this.pieces.sets().values()].filter(
      ({ turn, position }) => running.has(turn) || isRebuild(turn) || this.tree.node(turn)?.position === position,
    );
  }

  /** The same, once this turn is there with its state, that of its checkpoint where none is given. */
  keptAfter(turn: StoredTurn, state?: StateBytes): StateSet[] {
    const { id, parent, request } = turn;
    const rebuilt = parent !== null && movesOn(turn) ? rebuildOf(parent) : undefined;
    const isLeft = (name: string) => name === id || name === rebuilt;
    const kept = this.kept().filter((set) => !isLeft(set.turn));
    if (!protects("retention")) return kept.filter(({ turn }) => turn === parent);
    const tips = this.heads.tips(request.head);
    const holders = new Map(kept.map((set) => [set.turn, rowsOf(set)]));
    const free = new Set(released(this.tree, parent, new Set(holders.keys()), tips, this.#affords(id, holders, state)));
    return kept.filter(({ turn }) => !free.has(turn));
  }

  /**
   * Whether the states of some turns fit the budget together with a turn's own, rows that several have counted once.
   */
  #affords(turn: string, holders: ReadonlyMap<string, readonly number[]>, state: StateBytes | undefined) {
    const lengths = this.pieces.lengths();
    const stretches = state?.stretches ?? [];
    const shared = stretches.flatMap((each) => ("row" in each ? [each.row] : []));
    const checkpoint = state ? undefined : this.pieces.of(turn);
    const own = checkpoint ? rowsOf(checkpoint) : shared;
    const added = stretches.reduce((sum, each) => sum + ("row" in each ? 0 : each.bytes), state?.bytes.length ?? 0);
    return (turns: readonly string[]): boolean => {
      const rows = new Set([...own, ...turns.flatMap((id) => holders.get(id)!)]);
      return [...rows].reduce((sum, row) => sum + (lengths.get(row) ?? 0), added) <= limits.stateBudgetBytes;
    };
  }

  /**
   * States of a pack that are kept at or above a turn, nearest first. `rebuilt`: with as much as was rebuilt of them,
   * which is nearer than any above.
   */
  *statesFrom(turn: string | null, fingerprint: string, { rebuilt = false } = {}): Generator<StateSet> {
    if (this.identity()?.fingerprint !== fingerprint) return;
    const sets = this.pieces.sets();
    for (const { id, position } of this.tree.path(turn)) {
      const set = sets.get(id);
      if (set?.position === position) yield set;
      const again = rebuilt ? sets.get(rebuildOf(id)) : undefined;
      if (again) yield again;
    }
  }

  statePlaces(): StatePlaces {
    return { sets: this.isOrphaned ? new Map() : this.pieces.sets(), nearest: new Map() };
  }

  /**
   * Tokens to feed again before anything can follow this turn: 0 when its state is kept. Who asks about many turns of
   * one path passes the same `places`, since thousands of turns may follow the last one that has a state.
   */
  recomputeTokens(turn: string | null, { sets, nearest } = this.statePlaces()): number {
    if (turn === null) return 0;
    const passed: string[] = [];
    let found = 0;
    for (const { id, position } of this.tree.path(turn)) {
      const own = sets.get(id)?.position === position ? position : sets.get(rebuildOf(id))?.position;
      const known = nearest.get(id) ?? own;
      if (known !== undefined) {
        found = known;
        break;
      }
      passed.push(id);
    }
    for (const id of passed) nearest.set(id, found);
    return (this.tree.node(turn)?.position ?? 0) - found;
  }

  /** Within a transaction: nothing of a turn stays, in any table. */
  forgetTurn(id: string): void {
    this.journal.forget(id);
    this.pieces.drop(id);
    this.tree.remove(id);
  }

  /**
   * Within a transaction: forgets every turn that can no longer be reached. A turn can be reached when it was
   * not hidden and the head that it was made for is there, or it was made for none; and when such a turn, a head
   * or a running turn goes on from it.
   */
  forgetUnreachable(): void {
    const heads = this.heads.all();
    const running = this.journal.running().map((id) => this.journal.get(id)?.accepted.parent ?? null);
    const needed = new Set<string>();
    const need = (turn: string | null) => {
      for (const { id } of this.tree.path(turn)) {
        if (needed.has(id)) return;
        needed.add(id);
      }
    };
    for (const turn of [...heads.map((head) => head.turn), ...running]) need(turn);
    const makers = new Set(heads.map(({ id }) => id));
    const isMine = (maker: string | undefined) => maker === undefined || makers.has(maker);
    for (const { id, hidden } of this.tree.all())
      if (!needed.has(id) && !hidden && isMine(this.tree.turn(id)?.request.head)) need(id);
    for (const { id } of this.tree.all()) if (!needed.has(id)) this.forgetTurn(id);
  }

  /** Nobody can ask for anything that is here. */
  get isForsaken(): boolean {
    return this.heads.all().length === 0 && this.tree.all().length === 0 && this.journal.running().length === 0;
  }

  #moveHead(turn: StoredTurn): void {
    const { id, request } = turn;
    const head: Head | undefined = request.head === undefined ? undefined : this.heads.get(request.head);
    if (!head) return;
    const moved = movesOn(turn) ? { ...head, turn: id, moved: false } : head;
    // A list shows how far a prefix is.
    if (head.shared) this.heads.put(used(revised(moved)));
    else if (moved !== head) this.heads.put(used(moved));
  }
}

/** Whether it brought something to go on from. */
const movesOn = ({ status, logged, start }: StoredTurn): boolean => status !== "failed" && logged > start;
