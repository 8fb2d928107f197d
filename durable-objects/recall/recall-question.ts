/**
 * recall-question: what to look for in the conversation's past, from what a user asks now.
 *
 * A term is a word of the question with its relatives. Words that carry no meaning by themselves are left out.
 */
import { either } from "../../src/core/either.ts";
import { type Word, wordsOf } from "../storage/index-terms.ts";
import { asksOnly, isQuestion } from "../storage/passages.ts";
import { askedFor, askedKinds, isFunctionWord, languageOf, relatives } from "./lexicon.ts";

/** A word that is looked for. */
export interface Term {
  stem: string;
  /** Terms for the same thing; a hit of one counts less. */
  relatives: readonly string[];
  /** Not a word of the question: its form asks for it. It helps to rank, and is no part of what must be found. */
  isImplied: boolean;
}

export interface Question {
  terms: readonly Term[];
  /** Neighbours in the question, function words among them: "my dog" is another dog than "her dog". */
  pairs: ReadonlySet<string>;
  /** As `languageOf` numbers it. */
  language: number;
  /** The user asks about himself, or what is his. */
  isOwn: boolean;
  /** As in `Meant`; 0 where that is not known. */
  ownness: number;
  /** He asks about the assistant. */
  isYours: boolean;
  /** It asks for a number, a date, an age. */
  wantsNumber: boolean;
  /** Every stem of the question. */
  stems: ReadonlySet<string>;
}

/** Words of a remark, at most, and its length. */
const REMARK_MAX = 4;
const REMARK_MAX_CHARS = 40;
/** Of a long question its end is what is asked. */
export const QUESTION_MAX_CHARS = 2000;
const NUMBER = either(
  /\bhow (?:many|much|old|tall|long|far)\b|\bwhen\b|\bnumber\b|\bphone\b|\bwann\b|\bwie ?(?:viele?|alt|gro(?:ß|ss)|lange|weit)\b|\bnummer\b/iu,
  "多少|几|号|什么时候|电话",
);

/** The user speaks of himself, or of what is his. */
export const OWN = either(
  /\b(?:i|my|me|mine|we|us|our|ich|wir|uns|mein\w*|mich|mir|unser\w*|je|mon|ma|mes|mi|mis)\b/iu,
  "我",
);
/** Who says "I" speaks of himself; who says "my aunt" perhaps not. */
export const FIRST_PERSON = either(/\b(?:I|we|ich|wir|je|yo)\b/u, "我(?!的|们|家?叔|同|表|妹|姐|哥|弟|爸|妈)");
/** Whom one calls so belongs to oneself; Chinese says no more of whose anybody or anything is that is near. */
const NEAR = either(
  /\b(?:mum|mummy|mom|mommy|dad|daddy|grandma|grandpa|granny|hubby|mama|papa|oma|opa|daheim)\b/iu,
  "家里|家人|妻子|丈夫|太太|老公|老婆|爸|妈|爷爷|奶奶|外公|外婆|祖父|祖母|儿子|女儿|孩子|哥哥|弟弟|姐姐|妹妹|老板|领导|同事|房东|邻居",
);
/** "How do I remove a stain?" asks what anybody would do. */
const HOW_TO = either(
  /\bhow (?:do|can|could|should|would|might) (?:i|we)\b|\b(?:should|shall|can|could|may) (?:i|we)\b|\b(?:give|tell|show|help|teach) (?:me|us)\b|\b(?:gib|erzähle?|zeige?|erkläre?|nenne?|schreibe?|sage?|hilf|kannst du|könntest du) (?:mir|uns)\b/giu,
  "^请?(?:告诉|帮|给|教)我",
);
/**
 * A question with more `Meant.ownness` than the first is taken for one about the asker's own life, whoever it names;
 * with less than the second for another one, even if it says "I".
 */
const SOUNDS_OWN = 1.3;
const SOUNDS_WORLDLY = -0.45;
const YOURS = /\b(?:your|yours|yourself|are you|(?:can|do|would) you \p{L}+\?)/iu;
/** A pair of letters that nobody wrote next to each other is no word. */
const PAIR = /^\P{sc=Latin}{2}$/u;
/** In scripts without spaces three letters are about two words. */
const UNSPACED_LETTER = /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}]$/u;
export const isPair = (term: string): boolean => PAIR.test(term) && !/\p{N}/u.test(term);

/**
 * `ownness`: whether it sounds like a question about the asker's own life, as in `Meant`; 0 where that is not known.
 */
export function questionOf(asked: string, ownness = 0): Question {
  const text = asked.slice(-QUESTION_MAX_CHARS);
  const words = wordsOf(text);
  const stems = new Set(words.map(({ stem }) => stem));
  const own = words.filter(({ text: word }) => hasMeaning(word)).map(({ stem }) => stem);
  const pairs = pairsOf(words);
  const language = languageOf(words.map(({ text: word }) => word));
  const told = text.replace(HOW_TO, "");
  const isYours = YOURS.test(text) && !OWN.test(text);
  const saysOwn = OWN.test(told) || NEAR.test(text);
  const soundsOwn = ownness > SOUNDS_OWN && own.length > 0 && !isYours && told === text;
  const isOwn = soundsOwn || (saysOwn && ownness >= SOUNDS_WORLDLY);
  // Of somebody's own matters the kind of the answer is seldom said: "our baby Rowan" holds no "name".
  const kinds = isOwn && isQuestion(text.trim()) ? askedKinds(text) : [];
  const said = own.some((stem) => !kinds.includes(stem)) ? own.filter((stem) => !kinds.includes(stem)) : own;
  const terms = [...new Set([...own, ...askedFor(text)])].map((stem) => ({
    stem,
    relatives: relatives(stem),
    isImplied: own.length > 0 && !said.includes(stem),
  }));
  return {
    terms,
    pairs,
    language,
    isOwn,
    ownness,
    isYours,
    wantsNumber: NUMBER.test(text),
    stems,
  };
}

/** "I see." asks nothing, and wants nothing done. */
export const isRemark = (said: string): boolean =>
  /[.!\u3002\uff01]\s*$/u.test(said) &&
  said.length <= REMARK_MAX_CHARS &&
  !asksOnly(said.trim()) &&
  wordsOf(said).reduce((sum, { text }) => sum + (isPair(text) ? 0 : UNSPACED_LETTER.test(text) ? 0.66 : 1), 0) <=
    REMARK_MAX;

/** Of a folded word. A pair of letters of an unspaced script has none where neither letter has. */
export const hasMeaning = (word: string): boolean =>
  !isFunctionWord(word) && (/[\p{sc=Latin}\d]/u.test(word) || ![...word].every(isFunctionWord));

/** Neighbours of which at least one means something. */
export function pairsOf(words: readonly Word[]): Set<string> {
  const pairs = new Set<string>();
  for (let i = 1; i < words.length; i++) {
    const [left, right] = [words[i - 1]!, words[i]!];
    if (hasMeaning(left.text) || hasMeaning(right.text)) pairs.add(`${left.stem} ${right.stem}`);
  }
  return pairs;
}
