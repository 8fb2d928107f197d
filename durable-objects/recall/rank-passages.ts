/**
 * rank-passages: which of the passages that share words with a question answer it, and whether any does.
 *
 * BM25's weight of a word (its rarity) over passages of nearly one length; then what quoting needs beyond it: a passage
 * that only asks the same question says nothing, the user knows his own facts better than the model's replies do, and
 * of two like ones the newer is true.
 */
import { folded, isSelfTerm } from "../storage/index-terms.ts";
import type { Passage } from "../storage/passages.ts";
import { type Answering, answeringSentences } from "./answering-sentences.ts";
import type { Question } from "./recall-question.ts";
import { sentenceWords } from "./sentence-words.ts";

/** Stands for the turn that asks, where a line is one of its own. */
export const NEW_TURN = "";

/** A passage, and where it stands on the branch. */
export interface Candidate extends Passage {
  turn: string;
  depth: number;
  /** Of the turn's passages. */
  order: number;
  /** As it was cut, where it was cut for more than one question. */
  of?: Passage;
  /** Of its sentences, those of which it is known how near they are to what is asked. */
  near?: ReadonlyMap<string, number>;
}

export interface Scored extends Candidate {
  score: number;
  /** The share of the question that the passage is about, 0 to 1. */
  coverage: number;
  /** The share of the question that the passage's words hold, or that what its speaker says of himself answers. */
  worded: number;
  /** Of its sentences the one that answers most of the question by itself. */
  core: string;
  /** That one, and those that answer it as well or without which it cannot be understood. */
  answer: string;
  /** The user says of his own what the question asks about, as in "my pal Beryl" to "my friend's name". */
  isNamed: boolean;
  /**
   * How much nearer to the question in meaning the passage is than the past is anyway. Absent where that is not known.
   */
  ahead?: number;
}

/**
 * Of a term of the question: how much a hit ranks, in its own form or one of its relatives, and
 * how much of the question it is.
 */
export interface Weights {
  own: number;
  relative: number;
  importance: number;
}

const QUESTION_SHARE = 0.3;
const ASSISTANT_SHARE = 0.7;
const SAME_WORDS_SHARE = 0.2;
const PAIR_BONUS = 0.2;
const PAIRS_MAX = 3;
const NUMBER_BONUS = 1.15;
const FIRST_PERSON_BONUS = 1.15;
const OTHER_LANGUAGE_SHARE = 0.6;
const ASSISTANT_COVERAGE = 0.85;
const YOURS_COVERAGE = 0.6;
/** Of a line that says what the question asks for by its form alone: "I turned 52" to "How old am I?". */
const SELF_COVERAGE = 0.6;
/** What the words of a question weigh that has none with a meaning: "What can't I have?". */
const UNWORDED = 0.4;
/** Of a hit's share of the question, where only a relative was said. */
const RELATIVE_SHARE = 0.8;
const RECENCY_BONUS = 0.12;
/** The share of the question that a line must hold by its words to be named in it. */
const NAMED = 0.8;
/**
 * Of a line that means what is asked: its share of the question, and its rank beside words. More where it is the user's
 * own matter and he asks for that.
 */
const OWN_COVERAGE = 1;
const SENSE_COVERAGE = 1.1;
const WORLD_COVERAGE = 0.62;
const SENSE_RANK = 1.8;
const OWN_SENSE = 1.3;
/**
 * What is near to a question counts as far as it stands out: half of how near the past is to it anyway is
 * taken off. Below the first number a line has then nothing in common with it, above the second it says the
 * same. A short past is taken as usual.
 */
const USUAL_SHARE = 0.5;
const USUAL_LEAST = 0.15;
const STRANGE = 0.12;
const SAME = 0.42;
/**
 * What a line in another language than the question's loses of its nearness, because who asks in a language
 * mostly means what he told in it.
 */
const OTHER_LANGUAGE_AHEAD = 0.1;

/** Rarity of a word that `df` of `N` sections hold, as BM25 has it; 1 for one that none holds. */
export const rarity = (df: number, N: number): number => {
  const idf = (n: number) => Math.log(1 + (N - n + 0.5) / (n + 0.5));
  return idf(Math.min(df, N)) / idf(0);
};

/** `newest`: depth of the end of the branch. `usual`: how near the past is to the question anyway. */
export function scored(
  candidate: Candidate,
  question: Question,
  weights: readonly Weights[],
  newest: number,
  usual: number,
): Scored {
  const ranks = question.terms.map(() => 0);
  const shares = question.terms.map(() => 0);
  let pairs = 0;
  let hasNews = false;
  let isOwn = false;
  let isAsked = false;
  let isOfHis = false;
  let meant = 0;
  let covered = 0;
  let nearest: number | undefined;
  let core = { text: candidate.text, worth: 0 };
  const answering: Answering[] = [];
  const important = weights.reduce((sum, { importance }) => sum + importance, 0) || UNWORDED;
  const sentences = sentenceWords(candidate.of ?? candidate);
  // A question of small words alone is near to many a remark.
  const isMeant = question.terms.some(({ stem }) => question.stems.has(stem)) || sentences.some(({ isOwn }) => isOwn);
  const isSaid = candidate.role === "user";
  const languages = new Set<number>();
  for (const sentence of sentences) {
    const { text, stems } = sentence;
    const share = sentence.asksOnly ? QUESTION_SHARE : 1;
    languages.add(sentence.language);
    const held: number[] = [];
    let worth = 0;
    question.terms.forEach(({ stem, relatives }, i) => {
      const { own, relative, importance } = weights[i]!;
      const has = stems.has(stem);
      if (!has && !relatives.some((form) => stems.has(form))) return;
      held.push(i);
      const rank = share * (has ? own : relative);
      worth += rank;
      ranks[i] = Math.max(ranks[i]!, rank);
      shares[i] = Math.max(shares[i]!, share * importance * (has ? 1 : RELATIVE_SHARE));
      isAsked ||= isSelfTerm(stem) && share === 1;
    });
    const nearness = candidate.near?.get(text);
    const near = isMeant ? likeness(nearness, usual) : 0;
    worth += SENSE_RANK * near * important;
    if (worth > core.worth) core = { text, worth };
    answering.push({ text, worth, terms: held, language: sentence.language, asksOnly: sentence.asksOnly });
    if (share < 1) continue;
    for (const pair of question.pairs) if (sentence.pairs.has(pair)) pairs++;
    hasNews ||= sentence.meaning.some((stem) => !question.stems.has(stem));
    isOwn ||= held.length > 0 && sentence.isFirstPerson;
    isOfHis ||= held.length > 0 && sentence.isOwn;
    const isHis = question.isOwn && isSaid && sentence.isOwn;
    if (nearness !== undefined) nearest = Math.max(nearest ?? nearness, nearness);
    meant = Math.max(meant, isHis ? OWN_SENSE * near : near);
    covered = Math.max(covered, near * (isHis ? OWN_COVERAGE : question.isOwn ? SENSE_COVERAGE : WORLD_COVERAGE));
  }
  const isSameLanguage = languages.has(question.language) || question.language < 0;
  const worded = Math.max(sumOf(shares) / important, isAsked ? SELF_COVERAGE : 0);
  const speaker = isSaid ? (question.isYours ? YOURS_COVERAGE : 1) : ASSISTANT_COVERAGE;
  const coverage = speaker * Math.max(worded, covered);
  const score =
    (sumOf(ranks) + SENSE_RANK * meant * important) *
    (1 + PAIR_BONUS * Math.min(pairs, PAIRS_MAX)) *
    (question.wantsNumber && /\p{Nd}/u.test(candidate.text) ? NUMBER_BONUS : 1) *
    (question.isOwn && isOwn ? FIRST_PERSON_BONUS : 1) *
    (isSaid ? 1 : ASSISTANT_SHARE) *
    (isSameLanguage ? 1 : OTHER_LANGUAGE_SHARE) *
    (hasNews ? 1 : SAME_WORDS_SHARE) *
    (1 + (RECENCY_BONUS * candidate.depth) / Math.max(1, newest));
  const ahead =
    nearest === undefined
      ? {}
      : { ahead: nearest - Math.max(usual, USUAL_LEAST) - (isSameLanguage ? 0 : OTHER_LANGUAGE_AHEAD) };
  const answer = answeringSentences(answering) || candidate.text;
  const isNamed = isSaid && question.isOwn && isOfHis && worded >= NAMED;
  return { ...candidate, score, coverage, worded, core: core.text, answer, isNamed, ...ahead };
}

/** 0: nothing in common, 1: the same. */
const likeness = (nearness = 0, usual: number): number =>
  Math.min(1, Math.max(0, (nearness - USUAL_SHARE * Math.max(usual, USUAL_LEAST) - STRANGE) / (SAME - STRANGE)));

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0);

/** The best few, best first: none below the floor, none that says the same as another. */
export function best(
  all: readonly Scored[],
  { floor, share, most }: { floor: number; share: number; most: number },
): Scored[] {
  const ranked = all
    .filter(({ coverage, score }) => coverage >= floor && score > 0)
    .sort((a, b) => b.score - a.score || b.depth - a.depth || a.order - b.order);
  const said = new Set<string>();
  const chosen: Scored[] = [];
  for (const passage of ranked) {
    if (chosen.length === most) break;
    if (passage.score < share * ranked[0]!.score && !passage.isNamed) continue;
    const words = folded(passage.answer)
      .replace(/[^\p{L}\p{N}]+/gu, " ")
      .trim();
    if (said.has(words)) continue;
    said.add(words);
    chosen.push(passage);
  }
  return chosen;
}
