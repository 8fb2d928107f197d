/**
 * sentence-words: what ranking asks of a passage's sentences, whatever the question is.
 *
 * It is found once for each passage and goes with it, for a conversation's questions read the same passages
 * again and again (ReadSections).
 */
import { either } from "../../src/core/either.ts";
import { selfTerms, wordsOf } from "../storage/index-terms.ts";
import { asksOnly, type Passage, sentencesOf } from "../storage/passages.ts";
import { languageOf } from "./lexicon.ts";
import { FIRST_PERSON, hasMeaning, OWN, pairsOf } from "./recall-question.ts";

interface SentenceWords {
  text: string;
  /** And tells nothing before it asks. */
  asksOnly: boolean;
  /** Of all words, and what its speaker says of himself. */
  stems: ReadonlySet<string>;
  /** As `languageOf` numbers it. */
  language: number;
  /** Neighbours, as a question has them; of a sentence that only asks they are not needed. */
  pairs: ReadonlySet<string>;
  /** Stems of the words that mean something by themselves. */
  meaning: readonly string[];
  isFirstPerson: boolean;
  /** Its speaker speaks of himself, or of what is his. */
  isOwn: boolean;
}

/** "I'm vegan, so what could I make of chickpeas?" tells something, and then asks. */
const TELLS_FIRST = either(
  /^(?!(?:if|when|whenever|what|where|who|whom|whose|which|how|why|can|could|may|do|does|did|is|are|am|was|were|has|have|had|should|would|will|falls|wenn|was|wo|wann|wer|wen|wem|wie|warum|welche\w*|kann|könnte\w*|darf|soll\w*|ist|sind|hast|habe|muss)\b)(?=[^,;:]*\b(?:i|my|we|our|ich|mein\w*|wir|unser\w*)\b)[^?]*[,;:] (?:so |and |but |now |then |und |aber |also )?(?:what|where|when|who|which|how|why|can|could|do|does|did|is|are|should|would|will|must|any|was|wo|wann|wer|wie|warum|welche\w*|kann\w*|könnte\w*|soll\w*|muss|hast|gibt|darf|ist|sind)\b/iu,
  "^我[^？]*[，；](?:你|怎|有|该|能|要|什么|哪|可以|那)",
);

const known = new WeakMap<Passage, readonly SentenceWords[]>();

export function sentenceWords(passage: Passage): readonly SentenceWords[] {
  const found = known.get(passage) ?? [...sentencesOf(passage.text)].map(({ text }) => sentence(text));
  known.set(passage, found);
  return found;
}

function sentence(text: string): SentenceWords {
  const words = wordsOf(text);
  const isAsking = asksOnly(text) && !TELLS_FIRST.test(text);
  return {
    text,
    asksOnly: isAsking,
    stems: new Set([...words.map(({ stem }) => stem), ...selfTerms(text)]),
    language: languageOf(words.map(({ text: word }) => word)),
    pairs: isAsking ? new Set() : pairsOf(words),
    meaning: words.filter(({ text: word }) => hasMeaning(word)).map(({ stem }) => stem),
    isFirstPerson: FIRST_PERSON.test(text),
    isOwn: OWN.test(text),
  };
}
