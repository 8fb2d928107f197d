/**
 * Sense: how near a sentence is in meaning to a question, whatever words either uses.
 *
 * Two things together: whether both are about the same as a whole (the angle between sums of word vectors), and whether each of the question's
 * words has one near it in the sentence. Only English words have vectors.
 */
import { type Word, wordsOf } from "../storage/index-terms.ts";
import { ENGLISH, languageOf } from "./lexicon.ts";
import { hasMeaning, isQuestion, type Question } from "./recall-question.ts";
import { cosine, type WordMeanings, wholeNumbers } from "./word-meanings.ts";

/** Of the sentence's words. 0: nothing in common, 1: the same. */
export type Sense = (words: readonly Word[]) => number;

const WHOLE_SHARE = 0.7;
/** Similarities of two words: below the first they have nothing to do with each other, above the second they mean the same. */
const STRANGE = 0.3;
const SAME = 0.8;

export function senseOf({ terms, language }: Question, meanings: WordMeanings | undefined): Sense {
  const own = terms.flatMap(({ stem, isImplied }) => (isImplied || !meanings?.has(stem) ? [] : [stem]));
  if (!meanings || language > ENGLISH || own.length === 0) return () => 0;
  const whole = meanings.together(own);
  const weights = own.map((stem) => meanings.weight(stem)!);
  const most = weights.reduce((sum, weight) => sum + weight, 0) || 1;
  const known = new Map<string, number[]>();
  /** How much of each word of the question a word is. */
  const partsOf = (stem: string): number[] => {
    let parts = known.get(stem);
    if (!parts) {
      parts = own.map((term) =>
        Math.min(1, Math.max(0, (meanings.similarity(term, stem) - STRANGE) / (SAME - STRANGE))),
      );
      known.set(stem, parts);
    }
    return parts;
  };
  return (words) => {
    if (languageOf(words.map(({ text }) => text)) > ENGLISH) return 0;
    const said = words.flatMap(({ text, stem }) => (hasMeaning(text) && meanings.has(stem) ? [stem] : []));
    if (said.length === 0) return 0;
    const all = said.map(partsOf);
    const aligned = weights.reduce((sum, weight, i) => sum + weight * Math.max(...all.map((parts) => parts[i]!)), 0);
    const alike = Math.max(0, cosine(whole, meanings.together(said)));
    return WHOLE_SHARE * alike + ((1 - WHOLE_SHARE) * aligned) / most;
  };
}

/** What the index keeps of a sentence; nothing of one that asks, and of one in another language. */
export function sentenceSense(meanings: WordMeanings, sentence: string): Int8Array | undefined {
  if (isQuestion(sentence)) return undefined;
  const words = wordsOf(sentence);
  if (languageOf(words.map(({ text }) => text)) > ENGLISH) return undefined;
  const said = meanings.together(words.flatMap(({ text, stem }) => (hasMeaning(text) ? [stem] : [])));
  return said && wholeNumbers(said);
}
