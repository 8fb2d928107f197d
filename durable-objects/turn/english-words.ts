/** The Worker's table of word meanings, read when the first turn needs it and then kept for the isolate. */
import table from "./english-words.bin";
import { sentenceSense } from "./sense.ts";
import { WordMeanings } from "./word-meanings.ts";

let words: WordMeanings | undefined;

export function englishWords(): WordMeanings {
  words ??= new WordMeanings(table);
  return words;
}

/** What a conversation's index keeps of a sentence. */
export const englishSense = (sentence: string): Int8Array | undefined => sentenceSense(englishWords(), sentence);
