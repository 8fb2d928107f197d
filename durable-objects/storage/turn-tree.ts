/**
 * TurnTree: the finished turns of a conversation tree, each under the turn it continues. A turn is
 * written once and never changed.
 *
 * A turn's ids are its part of the token log; the log of a conversation is the ids along its path, from
 * the beginning to where it stands.
 */

import { check, Failure } from "../../src/core/failure.ts";
import { atOnce } from "../../src/core/work.ts";
import { protects } from "../platform/fault-points.ts";
import { bytesOf, type Database, idsOf } from "./database.ts";
import { jsonBytes, jsonOf, LEAD, led } from "./erasable.ts";
import { type IndexedWords, PassageIndex, type Posting } from "./passage-index.ts";
import { codesOf, type SentenceCoder, toldIn } from "./passage-senses.ts";
import { section } from "./passages.ts";
import { type ReadSection, ReadSections } from "./read-sections.ts";
import type { Row } from "./schema.ts";
import { type StoredTurn, saidIn, type TurnNode, type TurnRecord, type TurnStatus } from "./stored-turn.ts";

const NODE = "id, parent, depth, created_ms, status, start, position, logged, hidden";
/**
 * Nodes in memory at most: a turn walks up its path as far as the model sees, and again to
 * the oldest state that is kept.
 */
const REMEMBERED = 512;
/** Of the record that is kept of the turn that was read last. */
const KEPT_BYTES = 32_768;
/** A status as long as the one it replaces: of a turn whose row holds zeros and is about to be deleted. */
const ERASED = "substr('erased....', 1, length(status))";
const IS_THERE = "status NOT LIKE 'erased%'";

/**
 * The same failure for another tenant's response, a deleted one and one that never existed, so that it reveals nothing.
 */
export const noSuchResponse = () =>
  new Failure("not_found", "previous_response_id: no such response", { param: "previous_response_id" });

export class TurnTree {
  readonly #database: Database;
  readonly #passages: PassageIndex;
  /** As they were read, and what was rolled back until then: of that they may be. */
  readonly #nodes = new Map<string, TurnNode>();
  readonly #sections = new ReadSections();
  /**
   * The turn that was read or written last, unless it is long, and its ids where they were written: who goes on from
   * it asks for it again and again.
   */
  #last: { changes: number; turn: StoredTurn; ids?: Uint32Array<ArrayBuffer> } | undefined;
  #rollbacks = 0;
  #isBehind = true;

  /** `coder`: of sentences, for the index. */
  constructor(database: Database, coder?: SentenceCoder) {
    this.#database = database;
    this.#passages = new PassageIndex(database, coder);
  }

  /** Where what was said in the turns is found again. Turns of an earlier release are indexed now, all at once. */
  get passages(): PassageIndex {
    if (this.#isBehind && this.#passages.isBehind) this.#passages.catchUp(this.#unplaced());
    this.#isBehind = false;
    return this.#passages;
  }

  node(id: string): TurnNode | undefined {
    if (this.#rollbacks !== this.#database.rollbacks) this.forget();
    const known = this.#nodes.get(id);
    if (known) return known;
    const [row] = this.#database.exec(`SELECT ${NODE} FROM turns WHERE id = ? AND ${IS_THERE}`, id);
    return row && this.#remember(toNode(row));
  }

  #remember(node: TurnNode): TurnNode {
    if (this.#nodes.size >= REMEMBERED) this.#nodes.clear();
    this.#nodes.set(node.id, node);
    return node;
  }

  /** Nothing is known of the table but what it holds. */
  forget(): void {
    this.#nodes.clear();
    this.#sections.forget();
    this.#last = undefined;
    this.#rollbacks = this.#database.rollbacks;
  }

  turn(id: string): StoredTurn | undefined {
    return this.#lastIf(id)?.turn ?? this.#read(id, (turn) => this.#keep(turn));
  }

  /** `isShort`: called where its record is. */
  #read(id: string, isShort?: (turn: StoredTurn) => void): StoredTurn | undefined {
    const [row] = this.#database.exec(`SELECT ${NODE}, record FROM turns WHERE id = ? AND ${IS_THERE}`, id);
    if (!row) return undefined;
    const turn = this.#toTurn(row);
    if (row.record instanceof ArrayBuffer && row.record.byteLength <= KEPT_BYTES) isShort?.(turn);
    return turn;
  }

  #keep(turn: StoredTurn, ids?: Uint32Array<ArrayBuffer>): void {
    this.#last = { changes: this.#database.changesOf("turns"), turn, ...(ids ? { ids } : {}) };
  }

  #lastIf(id: string) {
    const isLast = this.#last?.turn.id === id && this.#last.changes === this.#database.changesOf("turns");
    return isLast ? this.#last : undefined;
  }

  /** Fails with `state_unreadable` where it is missing: of a turn that others name as their parent. */
  require(id: string): StoredTurn {
    const turn = this.turn(id);
    if (!turn) throw missing(id);
    return turn;
  }

  /** A section that the index found. Undefined where its turn is gone. */
  section(posting: Posting): ReadSection | undefined {
    if (this.#rollbacks !== this.#database.rollbacks) this.forget();
    const name = `${posting.place} ${posting.section}`;
    const known = this.#sections.get(name);
    if (known) return known;
    const slot = this.passages.sectionAt(posting);
    // The last turn stays the one that is gone on from.
    const turn = slot && (this.#lastIf(slot.turn)?.turn ?? this.#read(slot.turn));
    if (!turn) return undefined;
    const passages = section(saidIn(turn), slot.from, slot.to);
    const told = [...toldIn(passages)];
    const codes = slot.senses && codesOf(slot.senses, posting.section, told);
    const read = { turn: turn.id, passages, told, codes };
    this.#sections.keep(name, read);
    return read;
  }

  /** `words`: of what was said in it, where they were found before. */
  insert(turn: StoredTurn, ids: Uint32Array<ArrayBuffer>, words?: IndexedWords): void {
    const { id, parent, depth, createdMs, status, start, position, logged, hidden, ...record } = turn;
    check(start + ids.length === logged, "bug", () => `${ids.length} ids from ${start} on, expected up to ${logged}`);
    const lane = canBeContinued(turn) ? this.passages.laneFor(turn) : null;
    const inRow = this.#database.inline(`${id} record`, led(jsonBytes(record), LEAD.withoutRowid));
    // Behind the record, whose lead is theirs too.
    const idsInRow = this.#database[inRow ? "inline" : "aside"](`${id} ids`, bytesOf(ids));
    this.#database.exec(
      `INSERT ${protects("key") ? "" : "OR REPLACE "}INTO turns (${NODE}, record, ids, lane) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      parent,
      depth,
      createdMs,
      status,
      start,
      position,
      logged,
      Number(hidden),
      inRow,
      idsInRow,
      lane,
    );
    if (this.#rollbacks !== this.#database.rollbacks) this.forget();
    this.#remember({ id, parent, depth, createdMs, status, start, position, logged, hidden });
    if (inRow && idsInRow && inRow.length + idsInRow.length <= KEPT_BYTES) this.#keep(turn, ids);
    if (lane !== null) this.passages.add(turn, lane, words ?? atOnce(this.#passages.wordsOf(saidIn(turn))));
  }

  /** From a turn up to the beginning, itself first. */
  *path(from: string | null): Generator<TurnNode> {
    for (let id = from; id !== null; ) {
      const node = this.node(id);
      if (!node) throw missing(id);
      yield node;
      id = node.parent;
    }
  }

  /** The turn's own part of the log. */
  ownIds(id: string): Uint32Array<ArrayBuffer> {
    const known = this.#lastIf(id)?.ids;
    if (known) return known;
    const [row] = this.#database.exec("SELECT ids FROM turns WHERE id = ?", id);
    return idsOf(this.#database.outline(`${id} ids`, row?.ids));
  }

  /**
   * The log of the path to `at`, from position `from` up to `to`. Fails with `state_unreadable` when some are missing.
   */
  ids(at: string | null, from: number, to: number): Uint32Array<ArrayBuffer> {
    const ids = new Uint32Array(to - from);
    let left = to;
    for (const { id, start, logged } of left > from ? this.path(at) : []) {
      if (start >= left) continue;
      const own = this.ownIds(id);
      if (own.length !== logged - start || logged < left) break;
      const first = Math.max(start, from);
      ids.set(own.subarray(first - start, left - start), first - from);
      left = first;
      if (left <= from) break;
    }
    if (left > from) throw new Failure("state_unreadable", `the token log has a gap before ${left}`);
    return ids;
  }

  /** Of the whole tree, oldest first. */
  all(): TurnNode[] {
    return this.#database
      .exec(`SELECT ${NODE} FROM turns WHERE ${IS_THERE} ORDER BY created_ms, depth, id`)
      .map(toNode);
  }

  hasChildren(id: string): boolean {
    return this.#database.exec(`SELECT 1 AS one FROM turns WHERE parent = ? AND ${IS_THERE} LIMIT 1`, id).length > 0;
  }

  /** What it said is found no more. */
  hide(id: string): void {
    const turn = this.turn(id);
    if (turn && !turn.hidden) this.passages.conceal(turn, saidIn(turn));
    this.#database.exec("UPDATE turns SET hidden = 1 WHERE id = ?", id);
    this.#nodes.delete(id);
    this.#sections.forget();
  }

  /** Nothing of it stays in the file. */
  remove(id: string): void {
    const turn = this.#readable(id);
    const node = turn ? undefined : this.node(id);
    if (turn) this.passages.remove(turn, saidIn(turn), turn.hidden);
    if (node) this.passages.eraseCodes(node);
    this.#database.erase("turns", { status: ERASED, record: "", ids: "" }, "id = ?", id);
    this.#nodes.delete(id);
    this.#sections.forget();
    this.#database.eraseAside(`${id} record`, `${id} ids`);
  }

  /** A damaged row must not keep its turn from being removed; of its words only hashes stay. */
  #readable(id: string): StoredTurn | undefined {
    try {
      return this.turn(id);
    } catch (thrown) {
      console.warn(`turn ${id} is unreadable, its words stay in the index:`, thrown);
      return undefined;
    }
  }

  /** Parents first. */
  *#unplaced() {
    for (const { id } of this.all().sort((a, b) => a.depth - b.depth || a.createdMs - b.createdMs)) {
      const turn = this.turn(id)!;
      if (canBeContinued(turn)) yield { ...turn, said: turn.hidden ? undefined : saidIn(turn) };
    }
  }

  #toTurn(row: Row): StoredTurn {
    const record = jsonOf(this.#database.outline(`${row.id} record`, row.record)) as TurnRecord;
    return { ...toNode(row), ...record };
  }
}

/**
 * Whether a later turn may continue this one. None continues a failed turn, or one that ended before its first token.
 */
const canBeContinued = ({ status, reply, start, logged }: StoredTurn): boolean =>
  status !== "failed" && (logged > start || (reply === null && status !== "cancelled"));

const missing = (id: string): Failure => new Failure("state_unreadable", `turn ${id} is missing`);

const toNode = (row: Row): TurnNode => ({
  id: String(row.id),
  parent: row.parent === null ? null : String(row.parent),
  depth: Number(row.depth),
  createdMs: Number(row.created_ms),
  status: row.status as TurnStatus,
  start: Number(row.start),
  position: Number(row.position),
  logged: Number(row.logged),
  hidden: row.hidden === 1,
});
