/** Heads: the conversations of one tree. Each stands at a turn, as a branch of git does at a commit. */
import type { RecallMode } from "../../src/api/shared/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { type Database, GONE } from "./database.ts";
import { fromParts, inParts, moreOf, putMore } from "./erasable.ts";
import type { Row, SqlValue } from "./schema.ts";

/** A request with a key; hex digits stand for both. */
export interface KeyedRequest {
  key: string;
  digest: string;
  /** What a rewind said. */
  recomputeTokens?: number;
}

interface HeadRecord {
  /** Full conversation id, as the client knows it; null where it has none. */
  conversation: string | null;
  createdMs: number;
  metadata: Record<string, string>;
  /** It is removed at `expiresMs`, which every turn and change puts off by the seconds of its `ttl`; null: never. */
  expiresMs: number | null;
  ttlSeconds: number | null;
  /** Where it began, when it is a fork. */
  forkedFrom: { conversation: string | null; turn: string | null } | null;
  /** Fork, rewind: the next turn is another way to go on, so it draws other random numbers. */
  moved: boolean;
  /** Name of the shared prefix it began with, or that it is when it is `shared`. */
  prefix: string | null;
  shared: boolean;
  /** Absent: `auto`. */
  recall?: RecallMode;
  /** Grows with every change that a list shows. `told` is the revision that the directory has confirmed. */
  revision: number;
  told: number;
  /** Requests with a key that have changed it. */
  asked?: KeyedRequest[];
}

export interface Head extends HeadRecord {
  id: string;
  turn: string | null;
}

const COLUMNS = "id, turn, record";
/** Stands for no turn, so that the first one does not make the row longer. */
const NONE = GONE;
/** Where the parts of a long record after the first lie. */
const moreKey = (id: string): string => `head ${id}`;
const tipsKey = (except: string | undefined): string => `tips but ${except}`;
/** Whether a row of an earlier release is there, which is shorter or longer. */
const writtenKey = (id: string): string => `head ${id} is of an earlier release`;
/** False for a head that was removed and holds zeros until its row is deleted. */
const IS_THERE = "substr(record, 1, 1) <> x'00'";

export const noSuchConversation = (): Failure =>
  new Failure("not_found", "conversation: no such conversation", { param: "conversation" });

export class Heads {
  readonly #database: Database;
  /** This instance has changed something that the directory does not know. */
  unpublished = true;
  #earliestMs: number | undefined;
  /** Ids of those that may have changed since the directory was told; undefined before anybody has looked. */
  #changed: Set<string> | undefined;

  constructor(database: Database) {
    this.#database = database;
  }

  get(id: string): Head | undefined {
    return this.#database.once("heads", moreKey(id), () => {
      const [row] = this.#database.exec(`SELECT ${COLUMNS} FROM heads WHERE id = ? AND ${IS_THERE}`, id);
      return row && this.#toHead(row);
    });
  }

  /** Fails with `not_found`. */
  require(id: string): Head {
    const head = this.get(id);
    if (!head) throw noSuchConversation();
    return head;
  }

  all(): Head[] {
    return this.#database
      .exec(`SELECT ${COLUMNS} FROM heads WHERE ${IS_THERE} ORDER BY id`)
      .map((row) => this.#toHead(row));
  }

  /** Where heads stand, but for one, without their records: a conversation may have been forked thousands of times. */
  tips(except: string | undefined): readonly string[] {
    return this.#database.once("heads", tipsKey(except), () =>
      this.#database
        .exec(`SELECT DISTINCT turn FROM heads WHERE id IS NOT ? AND ${IS_THERE}`, except ?? null)
        .flatMap(({ turn }) => (turn === null || turn === NONE ? [] : [String(turn)])),
    );
  }

  /** Those of which the directory has not heard how they are. All are read once, and later only what was changed. */
  untold(): Head[] {
    const changed = this.#changed;
    const heads = changed ? [...changed].map((id) => this.get(id)).filter((head) => head !== undefined) : this.all();
    const untold = heads.filter(({ revision, told }) => revision !== told);
    this.#changed = new Set(untold.map(({ id }) => id));
    return untold;
  }

  /** New or changed: one row, written where the one before lay. */
  put({ id, turn, ...record }: Head): void {
    if (record.revision !== record.told) {
      this.unpublished = true;
      this.#changed?.add(id);
    }
    if (record.expiresMs !== null) this.#earliestMs = Math.min(this.earliestMs, record.expiresMs);
    const [first, ...more] = inParts(record);
    const others = this.#database.known("heads", tipsKey(id));
    const isEarlier = this.#database.once("heads", writtenKey(id), () => {
      const [room] = this.#database.exec("SELECT turn, length(record) AS bytes FROM heads WHERE id = ?", id);
      return room !== undefined && (room.turn === null || room.bytes !== first.length);
    });
    if (isEarlier) this.#database.overwrite("heads", { record: "" }, "id = ?", id);
    this.#database.exec(
      `INSERT INTO heads (${COLUMNS}) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET turn = excluded.turn, record = excluded.record`,
      id,
      turn ?? NONE,
      first,
    );
    if (more.length > 0 || this.#database.hasAside) putMore(this.#exec, "overflow", moreKey(id), more);
    this.#database.knows("heads", moreKey(id), { id, turn, ...record });
    this.#database.knows("heads", writtenKey(id), false);
    if (others) this.#database.knows("heads", tipsKey(id), others);
  }

  /** No head expires before this. */
  get earliestMs(): number {
    // No spread: there may be more forks than a call has arguments.
    this.#earliestMs ??= this.all().reduce(
      (earliest, { expiresMs }) => Math.min(earliest, expiresMs ?? Number.POSITIVE_INFINITY),
      Number.POSITIVE_INFINITY,
    );
    return this.#earliestMs;
  }

  /** Expiries were put off. */
  invalidateEarliest(): void {
    this.#earliestMs = undefined;
  }

  remove(id: string): void {
    this.invalidateEarliest();
    this.#database.erase("heads", { record: "" }, "id = ?", id);
    this.#database.eraseAside(moreKey(id));
  }

  readonly #exec = (query: string, ...bindings: SqlValue[]) => this.#database.exec(query, ...bindings);

  #toHead(row: Row): Head {
    const id = String(row.id);
    const record = fromParts(row.record as ArrayBuffer, () => moreOf(this.#exec, "overflow", moreKey(id)));
    return { id, turn: row.turn === null || row.turn === NONE ? null : String(row.turn), ...(record as HeadRecord) };
  }
}

/** Changed in a way that a list shows. */
export const revised = (head: Head, changes: Partial<Head> = {}): Head => ({
  ...head,
  ...changes,
  revision: Math.max(Date.now(), head.revision + 1),
});

/** With its expiry put off. */
export const used = (head: Head): Head =>
  head.ttlSeconds === null ? head : { ...head, expiresMs: Date.now() + 1000 * head.ttlSeconds };

export const newHead = (id: string, fields: Partial<Head> = {}): Head => ({
  id,
  turn: null,
  conversation: null,
  createdMs: Date.now(),
  metadata: {},
  expiresMs: null,
  ttlSeconds: null,
  forkedFrom: null,
  moved: false,
  prefix: null,
  shared: false,
  revision: Date.now(),
  told: 0,
  ...fields,
});
