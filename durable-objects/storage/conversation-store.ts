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
import { Database } from "./database.ts";
import { type Head, Heads, newHead, revised, used } from "./heads.ts";
import { type Accepted, Journal, type PlannedTurn } from "./journal.ts";
import { KeptStates } from "./kept-states.ts";
import type { IndexedWords } from "./passage-index.ts";
import type { SentenceCoder } from "./passage-senses.ts";
import type { Storage } from "./schema.ts";
import { PIECE_BYTES, type StateBytes, StatePieces, type StoredStretch } from "./state-pieces.ts";
import { movesOn, type StoredTurn } from "./stored-turn.ts";
import { TurnTree } from "./turn-tree.ts";

export interface TreeIdentity {
  /** Tenant. */
  owner: string;
  /** The object's own name. */
  object: string;
  fingerprint: string;
}

export class ConversationStore {
  readonly database: Database;
  readonly tree: TurnTree;
  readonly heads: Heads;
  readonly journal: Journal;
  readonly pieces: StatePieces;
  readonly states: KeptStates;
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
    this.states = new KeptStates(this.tree, this.heads, this.journal, this.pieces, this);
  }

  /** Of the pack that its states are of. */
  get fingerprint(): string | undefined {
    return this.identity()?.fingerprint;
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
      const stored = this.pieces.write(accepted.id, state, this.states.kept());
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
      const kept = this.states.keptAfter(turn, state);
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
