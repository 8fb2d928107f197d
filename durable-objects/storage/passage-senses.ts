/**
 * passage-senses: what the user's sentences of a turn mean, as numbers beside the turn's place in the index, so that a question in other words
 * finds them. What they stand for is the concern of whoever makes them; two sentences are alike as far as their numbers' product is large.
 *
 * Layout, a sentence: its section (u16, little endian), then `bytes` signed numbers.
 */
import type { Work } from "../../src/core/work.ts";
import { type Passage, sentencesOf } from "./passages.ts";

/** Makes a sentence's numbers, each time as many; undefined for one that says nothing that can be compared. */
export type SentenceSense = (sentence: string) => Int8Array | undefined;

/** A longer document is found by its words only from there on. */
const SENTENCES_MAX = 2048;
const SECTION_BYTES = 2;
/** Sentences between two pauses. */
const SENTENCES_AT_ONCE = 256;

/** Null where no sentence has numbers. */
export function* sensesOf(
  sections: readonly (readonly Passage[])[],
  senseOf: SentenceSense,
): Work<Uint8Array<ArrayBuffer> | null> {
  const found: { section: number; sense: Int8Array }[] = [];
  let read = 0;
  for (const [section, passages] of sections.entries())
    for (const { role, text } of passages) {
      if (role !== "user" || read >= SENTENCES_MAX) continue;
      for (const sentence of sentencesOf(text)) {
        const sense = senseOf(sentence.text);
        if (sense) found.push({ section, sense });
        if (++read % SENTENCES_AT_ONCE === 0) yield;
      }
    }
  if (found.length === 0) return null;
  const stride = SECTION_BYTES + found[0]!.sense.length;
  const bytes = new Uint8Array(found.length * stride);
  const view = new DataView(bytes.buffer);
  for (const [i, { section, sense }] of found.entries()) {
    view.setUint16(i * stride, section, true);
    new Int8Array(bytes.buffer).set(sense, i * stride + SECTION_BYTES);
  }
  return bytes;
}

/** Calls back with each sentence's section and the product of its numbers and `asked`. How many sentences there were. */
export function compared(
  senses: Uint8Array,
  asked: Int8Array,
  each: (section: number, product: number) => void,
): number {
  const size = asked.length;
  const stride = SECTION_BYTES + size;
  const numbers = new Int8Array(senses.buffer, senses.byteOffset, senses.byteLength);
  const count = Math.floor(senses.length / stride);
  for (let i = 0; i < count; i++) {
    const at = i * stride + SECTION_BYTES;
    let sum = 0;
    for (let d = 0; d < size; d++) sum = (sum + asked[d]! * numbers[at + d]!) | 0;
    each(senses[at - 2]! | (senses[at - 1]! << 8), sum);
  }
  return count;
}
