/**
 * PassageIndex: which turns of a conversation tree have said which words. SQLite's full-text index holds hashes of
 * terms; texts lie in the turns.
 *
 * A turn has a place, lane and depth. The first turn that continues another one stays on its lane, every
 * further one begins a lane of its own. So a branch of the tree is a few ranges of places, and a search of one
 * branch reads no entry of another.
 */
import { atOnce, type Work } from "../../src/core/work.ts";
import { bytesOf, type Database, idsOf } from "./database.ts";
import { termsOf } from "./index-terms.ts";
import { areOlder, type CodedQuestion, compared, type SentenceCoder, sensesOf } from "./passage-senses.ts";
import { type Said, sectionsOf } from "./passages.ts";

/**
 * What the index takes of a turn: where its sections start in its text, the terms of each, and codes of its
 * sentences, where there are any.
 */
export interface IndexedWords {
  starts: Uint32Array<ArrayBuffer>;
  terms: string[];
  senses: Uint8Array<ArrayBuffer> | null;
}

/**
 * The same words always give the same. With pauses, since a text may be megabytes, and its words are found before the
 * transaction that inserts them.
 */
export function* indexedWords(said: Said, coder?: SentenceCoder): Work<IndexedWords> {
  const sections = yield* sectionsOf(said);
  const terms: string[] = [];
  for (const [n, section] of sections.entries()) {
    terms.push(termsIn(section));
    if (n % SECTIONS_AT_ONCE === SECTIONS_AT_ONCE - 1) yield;
  }
  const senses = coder ? yield* sensesOf(sections, coder) : null;
  return { starts: Uint32Array.from(sections, ([first]) => first!.start), terms, senses };
}

/** Sections between two pauses: of the longest text, 64 kB. */
const SECTIONS_AT_ONCE = 16;

const DEPTHS = 2 ** 20;
const SECTIONS = 2 ** 10;
/** Lanes of a branch that are searched one by one; older ones are read as one range, with a filter. */
const RANGES_MAX = 16;
const FILTER_FACTOR = 4;
/** Of the user's sentences, the newest that a question is compared with, and the turns that are read at once. */
const COMPARED_MAX = 16_384;
const TURNS_AT_ONCE = 1024;
const COMPARED_LANES_MAX = 64;

/** A section of a turn that stands on the branch that was asked. */
export interface Posting {
  place: number;
  depth: number;
  section: number;
}

/** What is near to a question. */
export interface Alike {
  sections: (Posting & { nearness: number })[];
  usual: number;
}

/** Where a branch runs: on `lane` from depth `from` to depth `to`. Newest first. */
interface LaneRange {
  lane: number;
  from: number;
  to: number;
}

/** Groups of terms: a section must hold one of each. */
export type TermGroups = readonly (readonly string[])[];

interface Placed {
  id: string;
  parent: string | null;
  depth: number;
}

export class PassageIndex {
  readonly #database: Database;
  readonly #coder: SentenceCoder | undefined;
  /** A question has met codes of another version, with which it could not be compared, since this was set to false. */
  hasMetOlder = false;

  /** `coder`: of sentences; without it they are found by their words alone. */
  constructor(database: Database, coder?: SentenceCoder) {
    this.#database = database;
    this.#coder = coder;
  }

  /** What the index takes of a turn. */
  wordsOf = (said: Said): Work<IndexedWords> => indexedWords(said, this.#coder);

  /** The lane for a turn that is not there yet. Writes a row when it begins a new one. Within a transaction. */
  laneFor({ parent, depth }: Omit<Placed, "id">): number {
    const lane = parent === null ? 0 : this.#laneOf(parent);
    if (!this.#isTaken(lane, depth)) return lane;
    const [row] = this.#database.exec("SELECT max(lane) AS last FROM passage_lanes");
    const next = Math.max(0, Number(row?.last ?? 0)) + 1;
    this.#database.exec(
      "INSERT INTO passage_lanes (lane, parent, depth) VALUES (?, ?, ?)",
      ...[next, parent === null ? null : lane, depth - 1],
    );
    return next;
  }

  /** One row for the turn, and one for each of its sections. Within the transaction that inserts the turn. */
  add({ id, depth }: Placed, lane: number, { starts, terms, senses }: IndexedWords): void {
    const place = lane * DEPTHS + depth;
    this.#database.exec(
      "INSERT INTO passage_turns (place, turn, starts, senses) VALUES (?, ?, ?, ?)",
      ...[place, id, bytesOf(starts), senses],
    );
    this.#database.knows("turns", laneKey(id), lane);
    // Nothing follows a turn that was not there.
    this.#database.knows("passage_turns", takenKey(lane, depth + 1), false);
    for (const [i, words] of terms.entries())
      this.#database.exec("INSERT INTO passages (rowid, terms) VALUES (?, ?)", place * SECTIONS + i, words);
  }

  /** The turn's words are gone; its place is kept for the turns that follow it. `said`: as it was added. */
  conceal({ id, depth }: Placed, said: Said): void {
    const lane = this.#lane(id);
    if (lane === undefined) return;
    const place = lane * DEPTHS + depth;
    for (const [i, words] of atOnce(indexedWords(said)).terms.entries())
      this.#database.exec(
        "INSERT INTO passages (passages, rowid, terms) VALUES ('delete', ?, ?)",
        place * SECTIONS + i,
        words,
      );
    this.eraseCodes({ id, depth });
  }

  /** Written over in their place. */
  eraseCodes({ id, depth }: Pick<Placed, "id" | "depth">): void {
    const lane = this.#lane(id);
    if (lane === undefined) return;
    this.#database.exec(
      "UPDATE passage_turns SET senses = zeroblob(length(senses)) WHERE place = ? AND senses IS NOT NULL",
      lane * DEPTHS + depth,
    );
  }

  /** The turn is gone. Nothing follows it. Its place is free for another one from the next transaction on. */
  remove(turn: Placed, said: Said, isConcealed: boolean): void {
    const lane = this.#lane(turn.id);
    if (lane === undefined) return;
    if (!isConcealed) this.conceal(turn, said);
    this.#database.erase("passage_turns", { senses: "" }, "place = ?", lane * DEPTHS + turn.depth);
  }

  clear(): void {
    this.#database.exec("INSERT INTO passages (passages) VALUES ('delete-all')");
    this.#database.exec("DELETE FROM passage_turns");
    this.#database.exec("DELETE FROM passage_lanes");
  }

  /** Turns of an earlier release have no places yet. */
  get isBehind(): boolean {
    return this.#database.exec("SELECT 1 AS one FROM passage_lanes WHERE lane = -1").length > 0;
  }

  /**
   * Gives them theirs, parents first, for their words: codes of a long past take minutes. `turns`: all of
   * the tree that can be continued.
   */
  catchUp(turns: Iterable<Placed & { said: Said | undefined }>): void {
    this.#database.transaction(() => {
      for (const turn of turns) {
        const lane = this.laneFor(turn);
        this.#database.exec("UPDATE turns SET lane = ? WHERE id = ?", lane, turn.id);
        this.add(turn, lane, atOnce(indexedWords(turn.said ?? { messages: [], reply: null })));
      }
      this.#database.exec("DELETE FROM passage_lanes WHERE lane = -1");
    });
  }

  /** The branch up to a turn. */
  branch({ id, depth }: Pick<Placed, "id" | "depth">): LaneRange[] {
    const ranges: LaneRange[] = [];
    let to = depth;
    let lane: number | null = this.#laneOf(id);
    while (lane !== null) {
      const { parent, after } = this.#originOf(lane);
      if (to > after) ranges.push({ lane, from: after + 1, to });
      to = Math.min(to, after);
      lane = parent;
    }
    return ranges;
  }

  /**
   * For each question, the newest sections of the branch that hold one of the terms of each of its groups,
   * newest first, at most `limit`.
   */
  find(branch: readonly LaneRange[], questions: readonly TermGroups[], limit: number): Posting[][] {
    const near = branch.slice(0, RANGES_MAX);
    const far = branch.slice(RANGES_MAX);
    const ranges = near.map(({ lane, from, to }) => rangeOf(lane, from, to));
    if (far.length > 0) {
      const lanes = far.map(({ lane }) => lane);
      ranges.push([rangeOf(Math.min(...lanes), 0, 0)[0], rangeOf(Math.max(...lanes), 0, DEPTHS - 1)[1]]);
    }
    const asked = questions.flatMap((question, i) => ranges.map((range) => [i, matching(question), ...range]));
    if (asked.length === 0) return questions.map(() => []);
    const most = far.length > 0 ? limit * FILTER_FACTOR : limit;
    // The limit is a number and no parameter: SQLite plans a statement anew whenever one is bound to it.
    const rows = this.#database.exec(
      `SELECT value ->> 0 AS question, (
         SELECT json_group_array(id) FROM (
           SELECT rowid AS id FROM passages WHERE passages MATCH (value ->> 1)
             AND rowid BETWEEN (value ->> 2) AND (value ->> 3) ORDER BY rowid DESC LIMIT ${most}
         )
       ) AS ids FROM json_each(?)`,
      JSON.stringify(asked),
    );
    const found = questions.map((): Posting[] => []);
    const reach = new Map(branch.map(({ lane, from, to }) => [lane, { from, to }]));
    for (const { question, ids } of rows)
      for (const id of JSON.parse(String(ids)) as number[]) {
        const posting = postingOf(id);
        const { from, to } = reach.get(Math.floor(posting.place / DEPTHS)) ?? { from: 1, to: 0 };
        if (posting.depth >= from && posting.depth <= to) found[Number(question)]!.push(posting);
      }
    const isNewer = (a: Posting, b: Posting) => b.depth - a.depth || b.section - a.section;
    // A section may lie in a range of its own and in the last one.
    const once = (posting: Posting, i: number, all: Posting[]) => i === 0 || isNewer(all[i - 1]!, posting) !== 0;
    return found.map((postings) => postings.sort(isNewer).filter(once).slice(0, limit));
  }

  /**
   * The sections of the branch whose sentences are nearest to what is asked, the nearest first; none of which every
   * sentence is below `least`. `usual`: the nearness of the last of as many sentences, 0 where there are fewer.
   */
  alike(branch: readonly LaneRange[], asked: CodedQuestion, least: number, limit: number): Alike {
    const found: Alike["sections"] = [];
    const top = new Float64Array(limit);
    let left = COMPARED_MAX;
    for (const { lane, from, to } of branch.slice(0, COMPARED_LANES_MAX)) {
      const [first, end] = placesOf({ lane, from, to });
      for (let last = end; last >= first && left > 0; ) {
        const rows = this.#database.exec(
          `SELECT place, senses FROM passage_turns WHERE place BETWEEN ? AND ? AND senses IS NOT NULL ORDER BY place DESC LIMIT ${TURNS_AT_ONCE}`,
          ...[first, last],
        );
        for (const row of rows) {
          if (left <= 0) break;
          const place = Number(row.place);
          const best = new Map<number, number>();
          const senses = new Uint8Array(row.senses as ArrayBuffer);
          this.hasMetOlder ||= areOlder(senses, asked);
          left -= compared(senses, asked, (section, nearness) => {
            if (nearness < least) return;
            if (nearness > (best.get(section) ?? 0)) best.set(section, nearness);
            if (nearness > top[0]!) {
              top[0] = nearness;
              top.sort();
            }
          });
          for (const [section, nearness] of best) found.push({ place, depth: place % DEPTHS, section, nearness });
        }
        last = rows.length < TURNS_AT_ONCE ? -1 : Number(rows.at(-1)!.place) - 1;
      }
    }
    const isNearer = (a: Alike["sections"][number], b: Alike["sections"][number]) =>
      b.nearness - a.nearness || b.depth - a.depth || a.section - b.section;
    return { sections: found.sort(isNearer).slice(0, limit), usual: top[0]! };
  }

  /**
   * The turn of a place, the part of its text that a section is, from `from` up to `to`, and the
   * codes of the turn's sentences.
   */
  sectionAt({
    place,
    section,
  }: Posting): { turn: string; from: number; to: number; senses: Uint8Array | undefined } | undefined {
    const [row] = this.#database.exec("SELECT turn, starts, senses FROM passage_turns WHERE place = ?", place);
    if (!row) return undefined;
    const starts = idsOf(new Uint8Array(row.starts as ArrayBuffer));
    return {
      turn: String(row.turn),
      from: starts[section] ?? Number.POSITIVE_INFINITY,
      to: starts[section + 1] ?? Number.POSITIVE_INFINITY,
      senses: row.senses === null ? undefined : new Uint8Array(row.senses as ArrayBuffer),
    };
  }

  #isTaken = (lane: number, depth: number): boolean =>
    this.#database.once(
      "passage_turns",
      takenKey(lane, depth),
      () => this.#database.exec("SELECT 1 AS one FROM passage_turns WHERE place = ?", lane * DEPTHS + depth).length > 0,
    );

  #lane(turn: string): number | undefined {
    return this.#database.once("turns", laneKey(turn), () => {
      const [row] = this.#database.exec("SELECT lane FROM turns WHERE id = ?", turn);
      return row && row.lane !== null ? Number(row.lane) : undefined;
    });
  }

  /** Where a lane begins: after this depth of its parent. */
  #originOf(lane: number): { parent: number | null; after: number } {
    return this.#database.once("passage_lanes", `lane ${lane}`, () => {
      const [row] = this.#database.exec("SELECT parent, depth FROM passage_lanes WHERE lane = ?", lane);
      return { parent: row && row.parent !== null ? Number(row.parent) : null, after: Number(row?.depth ?? 0) };
    });
  }

  #laneOf = (turn: string): number => this.#lane(turn) ?? 0;
}

/**
 * Terms as the index has them: numbers that words are hashed to, so that nothing that was said can be read in it
 * or in what SQLite leaves of it.
 */
function hashed(term: string): string {
  let [low, high] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < term.length; i++) {
    const unit = term.charCodeAt(i);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  return ((high & 0x7ff) * 2 ** 32 + (low >>> 0)).toString(36).padStart(9, "0");
}

const takenKey = (lane: number, depth: number): string => `place ${lane} ${depth} is taken`;
const laneKey = (turn: string): string => `${turn} lane`;

const termsIn = (section: readonly { text: string }[]): string =>
  [...new Set(section.flatMap(({ text }) => termsOf(text)))].map(hashed).join(" ");

/** As FTS5 writes it. A group without terms matches nothing. */
const matching = (question: TermGroups): string =>
  question
    .map((group) => `(${(group.length > 0 ? group : [""]).map((term) => `"${hashed(term)}"`).join(" OR ")})`)
    .join(" AND ");

const rangeOf = (lane: number, from: number, to: number): [number, number] => [
  (lane * DEPTHS + from) * SECTIONS,
  (lane * DEPTHS + to) * SECTIONS + SECTIONS - 1,
];

/** The first and the last place of a range. */
export const placesOf = ({ lane, from, to }: LaneRange): [number, number] => [lane * DEPTHS + from, lane * DEPTHS + to];

function postingOf(id: number): Posting {
  const place = Math.floor(id / SECTIONS);
  return { place, depth: place % DEPTHS, section: id % SECTIONS };
}
