/**
 * recall: the lines of a conversation's past that the model can no longer see and that the question at hand needs.
 *
 * Everything is decided from the branch and the request alone, before the turn is accepted: the same dialogue recalls the same lines, and
 * what was recalled lies in the turn with its ids, so that whatever happens later it is never searched for again. The work does not grow with
 * the dialogue: so many words, so many sections a word, so many sections that are read.
 */
import type { Recalled } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { termsOf } from "../storage/index-terms.ts";
import type { Question as IndexQuestion, Posting } from "../storage/passage-index.ts";
import { type Passage, passagesOf, section } from "../storage/passages.ts";
import { saidIn } from "../storage/turn-tree.ts";
import { ENGLISH } from "./lexicon.ts";
import { flattened, quoteMessage } from "./quote-passages.ts";
import { best, type Candidate, rarity, type Scored, scored, trimmed, type Weights } from "./rank-passages.ts";
import { isPair, type Question, questionOf, type Term } from "./recall-question.ts";
import { senseOf } from "./sense.ts";
import { pastOf, type Search } from "./visible-past.ts";
import type { Near, WordMeanings } from "./word-meanings.ts";

const WORDS_MAX = 48;
const TERMS_MAX = 12;
const SECTIONS_A_WORD = 64;
const SECTIONS_READ = 24;
const COMBINED_MAX = 5;
/** Of the question, a word that the past does not hold; more when it holds a relative. */
const UNSEEN = 0.8;
const UNSEEN_OWN = 0.4;
const RELATIVE_SEEN = 0.45;
const RELATIVE = 0.6;
/** The share of a question that a line must be about. What somebody asks about himself he has mostly said; the world he has not. */
const FLOOR_OWN = 0.35;
const FLOOR = 0.6;
const SHARE_OF_BEST = 0.3;
const PASSAGES_MAX = 4;
const TOKENS_A_PASSAGE = 64;
/** Words of the question, and words nearest in meaning to each, that are looked for as well; and to the question as a whole. */
const MEANT_TERMS = 6;
const NEAR_MAX = 20;
const NEAR_LEAST = 0.45;
const NEAR_WHOLE_MAX = 32;
const NEAR_WHOLE_LEAST = 0.4;
/** Who asks about himself is answered by a turn in which somebody says "I". */
const OWN_WORDS = ["i", "my", "we", "our", "me", "us", "mine"];
/** Of the template, around a message. */
const AROUND_MESSAGE = 12;
/** Stands for the turn that asks, where a line is one of its own. */
export const NEW_TURN = "";

/** Oldest first; empty where nothing fits, or nothing has left the model's sight. */
export function recall(search: Search): Recalled[] {
  const { store, base, messages, served, maxTokens } = search;
  const past = pastOf(search);
  const asked = messages.findLast(({ role }) => role === "user");
  if (!past || !asked) return [];
  const question = questionOf(asked.content);
  const meanings = search.meanings?.();
  const unfed = [...passagesOf({ messages: messages.slice(0, messages.lastIndexOf(asked)), reply: null })]
    .filter(({ toEnd }) => toEnd >= past.unfedSeen)
    .map((passage, order): Candidate => ({ ...passage, turn: NEW_TURN, depth: (base?.depth ?? 0) + 1, order }));
  const found = look(question, search, past.depth, unfed, meanings);
  const candidates = [...found.sections.flatMap((posting) => read(store!, posting, past.straddling)), ...unfed];
  const newest = (base?.depth ?? 0) + 1;
  const sense = senseOf(found.question, meanings);
  const all = candidates.map((candidate) => scored(candidate, found.question, found.weights, newest, sense));
  const chosen = best(all, found.question, {
    floor: found.question.isOwn ? FLOOR_OWN : FLOOR,
    share: SHARE_OF_BEST,
    most: Math.max(PASSAGES_MAX, Math.ceil(maxTokens / 32)),
  });
  const most = found.weights.reduce((sum, { own, relative }) => sum + Math.max(own, relative), 0);
  const quoted = chosen.map((passage) => ({
    ...passage,
    text: shortened(trimmed(passage.text, found.question), served),
  }));
  const fitting = fitted(quoted, maxTokens, served);
  return fitting
    .sort((a, b) => a.depth - b.depth || a.start - b.start)
    .map(({ turn, role, text, score }) => ({
      turn,
      role,
      text,
      score: Math.round(Math.min(1, score / most) * 1000) / 1000,
    }));
}

/** The question with its rarest words only, what each of them weighs, and the sections that are worth reading. */
function look(
  all: Question,
  { store, base }: Search,
  depth: number,
  unfed: readonly Candidate[],
  meanings: WordMeanings | undefined,
) {
  const index = store?.tree.passages;
  const branch = (index && base && depth > 0 ? index.branch(base) : []).flatMap(({ lane, from, to }) =>
    from > depth ? [] : [{ lane, from, to: Math.min(to, depth) }],
  );
  const held = unfed.map(({ text }) => new Set(termsOf(text)));
  const find = (questions: readonly IndexQuestion[]): Posting[][] =>
    branch.length > 0 && questions.length > 0
      ? index!.find(branch, questions, SECTIONS_A_WORD)
      : questions.map(() => []);
  const amount = (postings: readonly Posting[], forms: readonly string[]): number =>
    postings.length + held.filter((terms) => forms.some((form) => terms.has(form))).length;
  const N = Math.max(1, depth + unfed.length);
  const words = all.terms.slice(-WORDS_MAX);
  const own = find(words.map(({ stem }) => [[stem]]));
  const known = words.map((term, i) => {
    const postings = own[i]!;
    const df = amount(postings, [term.stem]);
    return {
      term,
      postings,
      df,
      weight: df > 0 ? rarity(df, N) : isPair(term.stem) ? 0 : all.isOwn ? UNSEEN_OWN : UNSEEN,
    };
  });
  const rare = known.toSorted((a, b) => b.weight - a.weight).slice(0, TERMS_MAX);
  const related = find(rare.map(({ term: { relatives } }) => [relatives]));
  const terms = rare.map(({ term, postings, df, weight }, i) => {
    const others = related[i]!;
    const relatedDf = amount(others, term.relatives);
    const relative = relatedDf > 0 ? RELATIVE * rarity(relatedDf, N) : 0;
    const importance = term.isImplied ? 0 : df === 0 && relatedDf > 0 ? RELATIVE_SEEN : weight;
    const weights: Weights = { own: df > 0 ? weight : 0, relative, importance };
    return { term, weights, postings, others };
  });
  const worth = new Map<string, { posting: Posting; worth: number }>();
  const add = (postings: readonly Posting[], weight: number) => {
    for (const posting of postings) {
      const key = `${posting.place} ${posting.section}`;
      worth.set(key, { posting, worth: (worth.get(key)?.worth ?? 0) + weight });
    }
  };
  for (const { weights, postings, others } of terms) {
    const own = new Set(postings.map(({ place, section }) => `${place} ${section}`));
    add(postings, weights.own);
    add(
      others.filter(({ place, section }) => !own.has(`${place} ${section}`)),
      weights.relative,
    );
  }
  const near = meanings ? nearWords(all, rare, meanings) : [];
  const isMeant = new Map<string, number>();
  find(near.map(({ stem }) => (all.isOwn ? [[stem], OWN_WORDS] : [[stem]]))).forEach((postings, i) => {
    const weight = near[i]!.similarity * rarity(Math.min(N, amount(postings, [near[i]!.stem])), N);
    for (const posting of postings) {
      const key = `${near[i]!.of} ${posting.place} ${posting.section}`;
      const more = weight - (isMeant.get(key) ?? 0);
      if (more <= 0) continue;
      isMeant.set(key, weight);
      add([posting], more);
    }
  });
  const pairs = combined(
    terms.map(({ term, weights, postings, others }) => ({
      term,
      weights,
      isCut: Math.max(postings.length, others.length) >= SECTIONS_A_WORD,
    })),
  );
  find(pairs.map(({ groups }) => groups)).forEach((postings, i) => {
    for (const posting of postings) {
      const key = `${posting.place} ${posting.section}`;
      if (!worth.has(key)) worth.set(key, { posting, worth: pairs[i]!.weight });
    }
  });
  const sections = [...worth.values()]
    .sort((a, b) => b.worth - a.worth || b.posting.depth - a.posting.depth || a.posting.section - b.posting.section)
    .slice(0, SECTIONS_READ)
    .map(({ posting }) => posting);
  return {
    sections,
    weights: terms.map(({ weights }) => weights),
    question: { ...all, terms: terms.map(({ term }) => term) },
  };
}

/** Words near in meaning to the question's rarest ones and to all of them together. `of`: which of them. */
function nearWords(
  { language, stems }: Question,
  rare: readonly { term: Term; weight: number }[],
  meanings: WordMeanings,
): (Near & { of: number })[] {
  if (language > ENGLISH) return [];
  const own = rare.flatMap(({ term }) => (term.isImplied ? [] : [term.stem]));
  const whole = meanings.together(own);
  const isNew = ({ stem }: Near) => !stems.has(stem);
  return [
    ...own.slice(0, MEANT_TERMS).flatMap((stem, of) =>
      meanings
        .near(stem, NEAR_LEAST, NEAR_MAX)
        .filter(isNew)
        .map((near) => ({ ...near, of })),
    ),
    ...(whole && own.length > 1 ? meanings.nearTo(whole, NEAR_WHOLE_LEAST, NEAR_WHOLE_MAX) : [])
      .filter(isNew)
      .map((near) => ({ ...near, of: -1 })),
  ];
}

/** Words of which only the newest sections were looked at, each together with another one: old sections that hold both. */
function combined(terms: readonly { term: Term; weights: Weights; isCut: boolean }[]) {
  const top = terms.toSorted((a, b) => b.weights.importance - a.weights.importance).slice(0, COMBINED_MAX);
  return top.flatMap((a, i) =>
    top
      .slice(i + 1)
      .flatMap((b) =>
        a.isCut || b.isCut
          ? [{ groups: [formsOf(a.term), formsOf(b.term)], weight: a.weights.importance + b.weights.importance }]
          : [],
      ),
  );
}

const formsOf = ({ stem, relatives }: Term): string[] => [stem, ...relatives];

/** The section's passages that are out of sight. */
function read(
  store: ConversationStore,
  posting: Posting,
  straddling: { depth: number; seen: number } | undefined,
): Candidate[] {
  const slot = store.tree.passages.sectionAt(posting);
  const turn = slot && store.tree.turn(slot.turn);
  if (!turn) return [];
  const { depth } = posting;
  const seen = straddling?.depth === depth ? straddling.seen : 0;
  return section(saidIn(turn), slot.from, slot.to)
    .filter((passage: Passage) => passage.toEnd >= seen)
    .map((passage, order) => ({ ...passage, turn: turn.id, depth, order }));
}

/** Flattened, and at most as long as a passage may be. */
function shortened(text: string, { codec }: Served): string {
  const flat = flattened(text);
  const ids = codec.encodeText(flat);
  if (ids.length <= TOKENS_A_PASSAGE) return flat;
  const cut = codec.decode(ids.slice(0, TOKENS_A_PASSAGE - 1)).replace(/\uFFFD+$/u, "");
  return `${flattened(cut)}…`;
}

/** As many of the best as the tokens allow. */
function fitted<T extends Scored>(passages: readonly T[], maxTokens: number, { codec }: Served): T[] {
  const left = [...passages];
  while (left.length > 0 && codec.encodeText(quoteMessage(left).content).length + AROUND_MESSAGE > maxTokens)
    left.pop();
  return left;
}
