/**
 * searchSaid: what was said on a branch, found by people: every turn of it, those in the model's sight as well.
 *
 * Hits hold all words of the query if any section does, else some of them; those with most of them first, the
 * newer of equals before the older.
 */
import type { SearchHit } from "../../src/api/conversations/search.ts";
import { hasMeaning } from "../recall/recall-question.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { wordsOf } from "../storage/index-terms.ts";
import type { Posting } from "../storage/passage-index.ts";
import { section } from "../storage/passages.ts";
import { type StoredTurn, saidIn } from "../storage/stored-turn.ts";

const WORDS_MAX = 12;
const SECTIONS_A_WORD = 128;
const SECTIONS_READ = 64;
const SNIPPET_CHARS = 240;

export function searchSaid(
  store: ConversationStore,
  tip: string | null,
  query: string,
  limit: number,
): { hits: SearchHit[]; hasMore: boolean } {
  const node = tip === null ? undefined : store.tree.node(tip);
  const words = wordsOf(query);
  const telling = words.filter(({ text }) => hasMeaning(text));
  const stems = [...new Set((telling.length > 0 ? telling : words).map(({ stem }) => stem))].slice(0, WORDS_MAX);
  if (!node || stems.length === 0) return { hits: [], hasMore: false };
  const index = store.tree.passages;
  // All of them together first: words that are everywhere would hide the few sections that hold every one.
  const questions = [stems.map((stem) => [stem]), ...stems.map((stem) => [[stem]])];
  const [whole, ...single] = index.find(index.branch(node), questions, SECTIONS_A_WORD);
  const counted = new Map<string, { posting: Posting; words: number }>();
  for (const posting of single.flat()) {
    const key = `${posting.place} ${posting.section}`;
    counted.set(key, { posting, words: (counted.get(key)?.words ?? 0) + 1 });
  }
  for (const posting of whole!) counted.set(`${posting.place} ${posting.section}`, { posting, words: stems.length });
  const sections = [...counted.values()]
    .sort((a, b) => b.words - a.words || b.posting.depth - a.posting.depth || a.posting.section - b.posting.section)
    .slice(0, SECTIONS_READ);
  const found = new Set(stems);
  // Sections of a turn mostly come one behind another, and a turn may be a megabyte.
  let turn: StoredTurn | undefined;
  const hits = sections.flatMap(({ posting }) => {
    const place = index.sectionAt(posting);
    if (place && place.turn !== turn?.id) turn = store.tree.turn(place.turn);
    return place && turn ? hitsIn(turn, place, found) : [];
  });
  hits.sort((a, b) => b.score - a.score);
  return { hits: hits.slice(0, limit), hasMore: hits.length > limit };
}

/** The passages of a part of the turn's text that hold a word. */
function hitsIn(turn: StoredTurn, place: { from: number; to: number }, stems: ReadonlySet<string>): SearchHit[] {
  return section(saidIn(turn), place.from, place.to).flatMap(({ role, text }) => {
    const found = new Set(wordsOf(text).flatMap(({ stem }) => (stems.has(stem) ? [stem] : [])));
    if (found.size === 0) return [];
    const score = Math.round((found.size / stems.size) * 1000) / 1000;
    return [{ turn: turn.id, role, snippet: snippetOf(text, stems), score, createdMs: turn.createdMs }];
  });
}

/** The part of the text around its first hit. */
function snippetOf(text: string, stems: ReadonlySet<string>): string {
  if (text.length <= SNIPPET_CHARS) return text;
  let at = 0;
  for (const { index, 0: run } of text.matchAll(/[\p{L}\p{N}]+/gu))
    if (wordsOf(run).some(({ stem }) => stems.has(stem))) {
      at = index;
      break;
    }
  const from = Math.max(0, Math.min(at - SNIPPET_CHARS / 3, text.length - SNIPPET_CHARS));
  const part = text.slice(from, from + SNIPPET_CHARS).toWellFormed();
  return `${from > 0 ? "…" : ""}${part.trim()}${from + SNIPPET_CHARS < text.length ? "…" : ""}`;
}
