/**
 * recall: the lines of a conversation's past that the model no longer sees well and that the question at hand needs.
 *
 * Everything is decided from the branch and the request alone, before the turn is accepted: the same dialogue
 * recalls the same lines, and what was recalled lies in the turn with its ids, so that whatever happens later it
 * is never searched for again. The work does not grow with the dialogue: so many words, so many sections a word,
 * so many sections that are read.
 */
import type { Recalled } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { CodedQuestion } from "../storage/passage-senses.ts";
import { asksOnly, sentencesOf } from "../storage/passages.ts";
import { acquaintancesIn, namesOne, withNames } from "./acquaintances.ts";
import { BroughtWords, beforeQuestion, broughtBy } from "./brought.ts";
import { findSections } from "./find-sections.ts";
import { inSight } from "./in-sight.ts";
import { flattened, quoteMessage } from "./quote-passages.ts";
import { best, type Candidate, type Scored, scored } from "./rank-passages.ts";
import { readSection } from "./read-section.ts";
import { isRemark, QUESTION_MAX_CHARS, type Question, questionOf } from "./recall-question.ts";
import type { Senses } from "./sense.ts";
import { newestChange, withoutTakenBack } from "./taken-back.ts";
import { isOutOfSight, pastOf, type Search } from "./visible-past.ts";

/**
 * The share of a question that a line must be about. What somebody asks about himself he has mostly said; the world he
 * has not: of other questions, the more one sounds like the world the more must be met, up to the last number.
 */
const FLOOR_OWN = 0.25;
const FLOOR = 0.66;
const LESS_FOR_OWNNESS = 0.2;
const FLOOR_MOST = 0.8;
/**
 * Some line must be so much nearer to the question in meaning than the past is anyway, or a line that is quoted must
 * hold such a share of the question by its words. Else nobody has answered the question before, and nothing is quoted.
 */
const AHEAD = 0.12;
const WORDED = 0.5;
const SHARE_OF_BEST = 0.5;
const PASSAGES_MAX = 4;
/** Of the passages that the request brings along, the newest are read for names: it may bring a megabyte of them. */
const NAMES_IN = 256;
/** Of what is found with a name in place of "my brother". */
const NAMED_MAX = 2;
/**
 * Of what the model still sees, quoted beside the best line that it does not: how much it
 * must be like it, and how many.
 */
const ALIKE = 0.5;
const NEWER_MAX = 2;
const TOKENS_A_PASSAGE = 64;
/** Sentences of the request that are encoded: some milliseconds each. */
const BROUGHT_MAX = 32;
/** Of the template, around a message. */
const AROUND_MESSAGE = 12;

/** Oldest first; empty where nothing fits, or nothing has left the model's sight. */
export function recall(search: Search): Recalled[] {
  const { store, base, messages, served, maxTokens } = search;
  const past = pastOf(search);
  const asked = messages.findLast(({ role }) => role === "user");
  if (!past || !asked || isRemark(asked.content)) return [];
  // Of a long message its end is what is asked, and all that is compared with many lines.
  const asking = asked.content.slice(-QUESTION_MAX_CHARS);
  const meant = search.senses?.asked(asked.content);
  const question = questionOf(asked.content, meant?.ownness);
  const newest = (base?.depth ?? 0) + 1;
  const brought = broughtBy(beforeQuestion(messages), newest);
  const near = search.senses && meant ? addNearness(brought, search.senses, meant) : new Set<Candidate>();
  const unfed = brought.filter((passage) => isOutOfSight(passage, past));
  const words = new BroughtWords(unfed);
  const look = (about: Question, means: typeof meant) => {
    const found = findSections(about, search, past.depth, words, means);
    const read = found.sections.flatMap((posting) => readSection(store!, posting, means));
    const told = words.worthReading(found.question.terms, found.weights, near);
    const candidates: Candidate[] = [...read.filter((passage) => isOutOfSight(passage, past)), ...told];
    const rate = (candidate: Candidate) => scored(candidate, found.question, found.weights, newest, found.usual);
    return { found, read, candidates, rate };
  };
  const first = look(question, meant);
  const known = acquaintancesIn([...first.read, ...brought.slice(-NAMES_IN)]);
  const named = withNames(asking, known);
  const looks = named
    ? [first, look({ ...questionOf(named), isOwn: true }, search.senses?.asked(named))]
    : [!question.isOwn && namesOne(asking, known) ? look({ ...question, isOwn: true }, meant) : first];
  const { found, rate } = looks[0]!;
  const bounds = {
    floor: floorFor(found.question),
    share: SHARE_OF_BEST,
    most: Math.max(PASSAGES_MAX, Math.ceil(maxTokens / 32)),
  };
  const rated = looks.map((each) => each.candidates.map(each.rate));
  const answers = rated.map((lines, i) => {
    const fit = best(lines, i === 0 ? bounds : { ...bounds, most: NAMED_MAX });
    return isAnswered(lines, fit) ? fit : [];
  });
  const chosen = onceEach(answers.flat());
  if (chosen.length === 0) return [];
  const alike = inSight(search, past, found.question, chosen[0]!, brought, meant)
    .map(rate)
    .filter(({ score }) => score >= ALIKE * chosen[0]!.score);
  const newer = best(alike, { ...bounds, most: NEWER_MAX });
  const change = newestChange(chosen[0]!, rated[0]!, asking);
  const together = withoutTakenBack(
    onceEach([...newer, ...change, ...chosen.slice(0, bounds.most - newer.length)]).sort((a, b) => b.score - a.score),
    asking,
  );
  const most = found.weights.reduce((sum, { own, relative }) => sum + Math.max(own, relative), 0);
  return fitted(together, maxTokens, served)
    .sort((a, b) => a.depth - b.depth || a.start - b.start)
    .map(({ turn, role, text, score }) => ({
      turn,
      role,
      text,
      score: Math.round(Math.min(1, score / most) * 1000) / 1000,
    }));
}

export const floorFor = ({ isOwn, ownness }: Pick<Question, "isOwn" | "ownness">): number =>
  isOwn ? FLOOR_OWN : Math.min(FLOOR_MOST, FLOOR - LESS_FOR_OWNNESS * ownness);

/** Each passage once, as it came first. */
function onceEach(passages: readonly Scored[]): Scored[] {
  const kept = new Map<string, Scored>();
  for (const passage of passages) {
    const key = `${passage.turn} ${passage.start}`;
    if (!kept.has(key)) kept.set(key, passage);
  }
  return [...kept.values()];
}

/**
 * Whether any line stands out. Where nothing is known of what lines mean, it is enough that
 * their words have passed the floor.
 */
export function isAnswered(rated: readonly Scored[], chosen: readonly Scored[]): boolean {
  if (chosen.some(({ worded }) => worded >= WORDED)) return true;
  const known = rated.filter(({ ahead }) => ahead !== undefined);
  return known.length === 0 || known.some(({ ahead }) => ahead! >= AHEAD);
}

/** Passages get how near the newest of the user's sentences are to what is asked. Those that hold one of these. */
function addNearness(brought: readonly Candidate[], senses: Senses, asked: CodedQuestion): ReadonlySet<Candidate> {
  const near = new Map<string, number>();
  const holders = new Set<Candidate>();
  const said = brought.filter(({ role }) => role === "user").reverse();
  for (const passage of said) passage.near = near;
  for (const passage of said)
    for (const { text } of [...sentencesOf(passage.text)].reverse()) {
      if (near.size === BROUGHT_MAX) return holders;
      if (asksOnly(text)) continue;
      if (!near.has(text)) {
        const code = senses.codeOf(text);
        if (!code) return holders;
        near.set(text, asked.nearness(code, 0));
      }
      holders.add(passage);
    }
  return holders;
}

/** Flattened, and at most as long as a passage may be. */
function shortened(text: string, { codec }: Served): string {
  const flat = flattened(text);
  const ids = codec.encodeText(flat);
  if (ids.length <= TOKENS_A_PASSAGE) return flat;
  const cut = codec.decode(ids.slice(0, TOKENS_A_PASSAGE - 1)).replace(/\uFFFD+$/u, "");
  return `${flattened(cut)}…`;
}

/** As many of the best as the tokens allow: the one sentence of each, and what goes with it where there is room. */
function fitted(lines: readonly Scored[], maxTokens: number, served: Served): Scored[] {
  const { codec } = served;
  const fits = (quoted: readonly Scored[]) =>
    codec.encodeText(quoteMessage(quoted).content).length + AROUND_MESSAGE <= maxTokens;
  const quoted = lines.map((line) => ({ ...line, text: shortened(line.core, served) }));
  while (quoted.length > 0 && !fits(quoted)) quoted.pop();
  quoted.forEach((line, i) => {
    const whole = { ...line, text: flattened(line.answer) };
    if (codec.encodeText(whole.text).length <= TOKENS_A_PASSAGE && fits(quoted.with(i, whole))) quoted[i] = whole;
  });
  return quoted;
}
