/** The Worker's table of word meanings, read when the first turn needs it and then kept for the isolate. */
import table from "./english-words.bin";
import { WordMeanings } from "./word-meanings.ts";

let words: WordMeanings | undefined;

export function englishWords(): WordMeanings {
  words ??= new WordMeanings(table);
  return words;
}
