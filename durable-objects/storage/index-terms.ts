/**
 * index-terms: the words of a text as the passage index and its questions know them.
 *
 * A word is folded (case, diacritics, ß) and cut down to a stem, so that "lives" finds "living". Scripts that put no
 * spaces between words become single characters and pairs of neighbours. What this file makes is stored: whoever
 * changes it empties the index in a migration.
 */
import { either } from "../../src/core/either.ts";

/** One word of a text: folded, and cut down to what the index holds. */
export interface Word {
  text: string;
  stem: string;
}

const UNSPACED = String.raw`\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}`;
const RUN = new RegExp(String.raw`([${UNSPACED}]+)|[[\p{L}\p{N}]--[${UNSPACED}]]+`, "gv");
const TERM_MAX_CHARS = 32;

/** Lower case, without diacritics; one letter for one sound where spelling differs by them only. */
export const folded = (text: string): string =>
  text
    .normalize("NFKD")
    .replace(/\p{M}+/gu, "")
    .normalize("NFC")
    .toLowerCase()
    .replaceAll("ß", "ss");

export function wordsOf(text: string): Word[] {
  const words: Word[] = [];
  for (const [run, unspaced] of folded(text).matchAll(RUN)) {
    if (unspaced === undefined) {
      const word = run.slice(0, TERM_MAX_CHARS);
      words.push({ text: word, stem: stem(word) });
      continue;
    }
    const letters = [...unspaced];
    letters.forEach((letter, i) => {
      words.push({ text: letter, stem: letter });
      const next = letters[i + 1];
      if (next !== undefined) words.push({ text: letter + next, stem: letter + next });
    });
  }
  return words;
}

/** Endings of inflected words in the languages that write most; what is left has at least three letters. */
const ENDINGS = ["ingly", "ungen", "edly", "ing", "ung", "est", "ied", "ies", "ed", "en", "er", "em", "es", "ly", "e"];

/**
 * Not a linguist's stem: two forms of a word mostly have the same one, and two words mostly have not. A sign tells what
 * is left of a short word from a word that is as short: "care" is no "car".
 */
export function stem(word: string): string {
  if (word.length < 4 || /\P{sc=Latin}/u.test(word)) return word;
  const spelt = word.length > 5 ? word.replace("our", "or") : word;
  const single = /[^s]s$/.test(spelt) && !spelt.endsWith("ies") ? spelt.slice(0, -1) : spelt;
  const ending = ENDINGS.find((end) => single.endsWith(end) && single.length - end.length >= 3);
  if (ending === undefined) return settled(single);
  const left = settled(single.slice(0, -ending.length) + (ending === "ies" || ending === "ied" ? "i" : ""));
  return left.length > 3 ? left : `${left}·`;
}

const settled = (left: string): string => left.replace(/([^aeiou])\1$/, "$1").replace(/y$/, "i");

/**
 * Terms for what a speaker says of himself in words that no question repeats: "I'm Ada" answers "What is my name?".
 * They begin with a digit, as no stem of a word does.
 */
const SELF: readonly (readonly [term: string, says: RegExp])[] = [
  // A name is known by its capital letter.
  [
    "0name",
    either(
      /\b(?:[Ii]['\u2019]?m|[Ii] am|[Tt]his is|[Cc]all me|[Ii] go by|[Ii]ch bin|[Nn]enn mich|[Jj]e suis|[Ss]oy)\s+\p{Lu}|^(?:\p{L}+[,!] )?\p{Lu}\p{L}+ here\b/u,
      "我[叫是]",
    ),
  ],
  [
    "0job",
    either(
      /\b(?:i['\u2019]?m|i am|i['\u2019]?ve been|i have been) an? \p{L}|\bas an? \p{L}+,? i\b|\bi work (?:as|at|for|in)\b|\bmy (?:job|trade)\b|\bich (?:arbeite|bin eine? |bin von beruf)|\bvon beruf\b/iu,
      "我是[一]?[个名位]|我的工作|我在.{1,12}当",
    ),
  ],
  [
    "0home",
    either(
      /\b(?:i['\u2019]?m|i am|i come|writing(?: to you)?) from\b|\bi (?:live|grew up|moved|(?:was|am) born) (?:in|to|near|at)\b|\bmy home\b|\bich (?:komme|bin|stamme) aus\b|\bich (?:wohne|lebe|bin) in\b/iu,
      "我(?:来自|住|家)",
    ),
  ],
  ["0age", either(/\b(?:i['\u2019]?m|i am|i (?:will )?turn(?:ed)?) \d|\bich (?:bin|werde) \d/iu, "我.{0,4}岁")],
];

/** Of `SELF`, those that the text says. */
export const selfTerms = (text: string): string[] => SELF.flatMap(([term, says]) => (says.test(text) ? [term] : []));

export const isSelfTerm = (term: string): boolean => SELF.some(([self]) => self === term);

/** Every term of a text once. */
export const termsOf = (text: string): string[] => [
  ...new Set([...wordsOf(text).map((word) => word.stem), ...selfTerms(text)]),
];
