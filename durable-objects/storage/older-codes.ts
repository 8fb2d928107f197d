/**
 * older-codes: what an earlier encoder made of the sentences of a branch is made anew, because a question of this one
 * can be compared with none of it.
 *
 * The newest first, and in pieces. A piece is a transaction of its own: whoever dies between two has kept the first
 * ones, and whoever comes next goes on behind them. What came of a turn meanwhile counts: who hides or removes it takes
 * its codes away, and then nothing is written.
 */
import { Failure } from "../../src/core/failure.ts";
import type { Work } from "../../src/core/work.ts";
import type { ConversationStore } from "./conversation-store.ts";
import { idsOf } from "./database.ts";
import { placesOf } from "./passage-index.ts";
import { ERASED_VERSION, HEADER_BYTES, type SentenceCoder, sensesOf, sentencesIn } from "./passage-senses.ts";
import { section } from "./passages.ts";
import { type StoredTurn, saidIn, type TurnNode } from "./stored-turn.ts";

/** Sentences that are encoded before one turn, a millisecond each, and between two transactions. */
const RENEWED_MAX = 4096;
const PIECE_SENTENCES = 64;

/** A turn's place, and what its codes were and are. */
interface Renewed {
  place: number;
  turn: string;
  old: Uint8Array<ArrayBuffer>;
  senses: Uint8Array<ArrayBuffer> | null;
}

/** With a pause after each turn. `most`: sentences; what is left then is for a later turn. */
export function* renewCodes(
  { database, tree }: ConversationStore,
  last: Pick<TurnNode, "id" | "depth">,
  coder: SentenceCoder,
  most = RENEWED_MAX,
): Work<void> {
  let piece: Renewed[] = [];
  let left = most;
  let sentences = 0;
  for (const place of olderPlaces({ database, tree }, last, coder, most)) {
    const renewed = yield* renewedAt({ database, tree }, place, coder);
    if (!renewed) continue;
    yield;
    piece.push(renewed);
    sentences += renewed.senses ? sentencesIn(renewed.senses) : 1;
    if (sentences < PIECE_SENTENCES) continue;
    yield* write({ database, tree }, piece);
    left -= sentences;
    piece = [];
    sentences = 0;
    if (left <= 0) return;
  }
  if (piece.length > 0) yield* write({ database, tree }, piece);
}

type Kept = Pick<ConversationStore, "database" | "tree">;

/** Of turns of the branch with codes of another version, the newest first. */
function olderPlaces(
  { database, tree }: Kept,
  last: Pick<TurnNode, "id" | "depth">,
  coder: SentenceCoder,
  most: number,
) {
  const places: number[] = [];
  for (const range of tree.passages.branch(last)) {
    const rows = database.exec(
      `SELECT place FROM passage_turns WHERE place BETWEEN ? AND ? AND senses IS NOT NULL AND substr(senses, 1, 1) NOT IN (?, ?)
       ORDER BY place DESC LIMIT ${most}`,
      ...[...placesOf(range), Uint8Array.of(coder.version), Uint8Array.of(ERASED_VERSION)],
    );
    places.push(...rows.map(({ place }) => Number(place)));
    if (places.length >= most) break;
  }
  return places;
}

/** Cut as its sections are when they are read. Undefined where the turn is gone, or damaged. */
function* renewedAt({ database, tree }: Kept, place: number, coder: SentenceCoder): Work<Renewed | undefined> {
  const [row] = database.exec(
    "SELECT turn, starts, senses FROM passage_turns WHERE place = ? AND senses IS NOT NULL",
    place,
  );
  const turn = row && readable(tree, String(row.turn));
  if (!turn) return undefined;
  const said = saidIn(turn);
  const starts = idsOf(new Uint8Array(row.starts as ArrayBuffer));
  const sections = Array.from(starts, (from, i) => section(said, from, starts[i + 1] ?? Number.POSITIVE_INFINITY));
  const senses = yield* sensesOf(sections, coder);
  return { place, turn: turn.id, old: new Uint8Array(row.senses as ArrayBuffer), senses };
}

/** A damaged turn must not keep others from being found. What storage fails with passes by itself. */
function readable(tree: Kept["tree"], id: string): StoredTurn | undefined {
  try {
    return tree.turn(id);
  } catch (thrown) {
    if (thrown instanceof Failure) throw thrown;
    console.warn(`turn ${id} is unreadable, the codes of its sentences stay as they are:`, thrown);
    return undefined;
  }
}

/**
 * In the place of the old ones. Those of another length are erased before, and not in one transaction: SQLite does not
 * write pages to disk that the same one gives free.
 */
function* write({ database, tree }: Kept, piece: readonly Renewed[]): Work<void> {
  const first = piece.map((each) =>
    each.senses?.length === each.old.length ? each : { ...each, senses: erased(each) },
  );
  writeCodes({ database, tree }, first);
  const others = piece.filter((each, i) => each !== first[i]).map((each) => ({ ...each, old: erased(each) }));
  if (others.length === 0) return;
  yield;
  writeCodes({ database, tree }, others);
}

function writeCodes({ database, tree }: Kept, piece: readonly Renewed[]): void {
  database.transaction(() => {
    for (const { place, turn, old, senses } of piece)
      database.exec(
        "UPDATE passage_turns SET senses = ? WHERE place = ? AND turn = ? AND senses = ?",
        ...[senses, place, turn, old],
      );
  });
  // Sections in memory have the codes that they were read with.
  tree.forget();
}

/** As long, and of their version still: who comes after somebody who died makes them anew. */
function erased({ old }: Pick<Renewed, "old">): Uint8Array<ArrayBuffer> {
  const zeros = new Uint8Array(old.length);
  zeros.set(old.subarray(0, HEADER_BYTES));
  return zeros;
}
