/**
 * passage-senses: what the user's sentences of a turn mean, as codes beside the turn's place in the index, so that a
 * question in other words finds them. What a code stands for is the concern of whoever makes it; how near two sentences
 * are is a number of whoever asks.
 *
 * Layout: the coding's version and the bytes of a code (u8 each), then for each sentence its section
 * (u16, little endian) and its code. Codes of another version are as good as none, and are made anew
 * before they are missed (older-codes.ts).
 */
import type { Work } from "../../src/core/work.ts";
import { asksOnly, type Passage, sentencesOf } from "./passages.ts";
import type { ReadSection } from "./read-sections.ts";

/** Makes codes. */
export interface SentenceCoder {
  /** 1 to 255: codes of one version can be compared. */
  version: number;
  /** Of a code. */
  bytes: number;
  /** Undefined where there is nothing to make them with. */
  codeOf(sentence: string): Uint8Array | undefined;
}

/** A question, to be compared with codes: how near the one that begins at `at` is to it. */
export interface CodedQuestion extends Pick<SentenceCoder, "version" | "bytes"> {
  nearness(codes: Uint8Array, at: number): number;
}

/** Between two pauses: together they take less than a pass of the model, and a pause in cold memory takes .4 ms. */
const SENTENCES_AT_ONCE = 4;
/** Of a turn, in its order. What follows is found by its words only: a code takes milliseconds. */
const SENTENCES_MAX = 64;
export const HEADER_BYTES = 2;
const SECTION_BYTES = 2;
/** Where a hidden turn's codes were there are zeros, and no coder has that version. */
export const ERASED_VERSION = 0;

/** The sentences that have a code: what the user said, and did not only ask for. */
export function* toldIn(passages: readonly Passage[]): Generator<string> {
  for (const { role, text } of passages)
    if (role === "user") for (const sentence of sentencesOf(text)) if (!asksOnly(sentence.text)) yield sentence.text;
}

/** Null where no sentence has a code. With pauses, but none for the few sentences of most turns. */
export function* sensesOf(
  sections: readonly (readonly Passage[])[],
  coder: SentenceCoder,
): Work<Uint8Array<ArrayBuffer> | null> {
  const found: { section: number; code: Uint8Array }[] = [];
  for (const [section, passages] of sections.entries())
    for (const sentence of toldIn(passages)) {
      if (found.length === SENTENCES_MAX) return packed(found, coder);
      if (found.length > 0 && found.length % SENTENCES_AT_ONCE === 0) yield;
      const code = coder.codeOf(sentence);
      if (!code) return null;
      found.push({ section, code });
    }
  return found.length > 0 ? packed(found, coder) : null;
}

function packed(
  found: readonly { section: number; code: Uint8Array }[],
  { version, bytes }: SentenceCoder,
): Uint8Array<ArrayBuffer> {
  const stride = SECTION_BYTES + bytes;
  const senses = new Uint8Array(HEADER_BYTES + found.length * stride);
  senses.set([version, bytes]);
  for (const [i, { section, code }] of found.entries())
    senses.set([section & 255, section >> 8, ...code], HEADER_BYTES + i * stride);
  return senses;
}

/** Whether somebody could compare them once they are made anew. */
export const areOlder = (senses: Uint8Array, { version }: Pick<SentenceCoder, "version">): boolean =>
  senses[0] !== version && senses[0] !== ERASED_VERSION;

export const sentencesIn = (senses: Uint8Array): number =>
  Math.floor((senses.length - HEADER_BYTES) / (SECTION_BYTES + senses[1]!));

/** Calls back with each sentence's section and nearness, in order. How many sentences there were. */
export function compared(
  senses: Uint8Array,
  asked: CodedQuestion,
  each: (section: number, nearness: number) => void,
): number {
  const { version, bytes } = asked;
  if (senses[0] !== version || senses[1] !== bytes) return 0;
  const stride = SECTION_BYTES + bytes;
  let count = 0;
  for (let at = HEADER_BYTES; at + stride <= senses.length; at += stride, count++)
    each(senses[at]! | (senses[at + 1]! << 8), asked.nearness(senses, at + SECTION_BYTES));
  return count;
}

/**
 * Of a turn's codes those of one section, whose sentences are `told`. An earlier release ended some sentences
 * elsewhere: where there are more or fewer of them than codes, no code says which one it is of, and there are none.
 */
export function codesOf(senses: Uint8Array, section: number, told: readonly string[]): Uint8Array | undefined {
  const stride = SECTION_BYTES + (senses[1] ?? 0);
  const own: Uint8Array[] = [];
  let count = 0;
  for (let at = HEADER_BYTES; at + stride <= senses.length; at += stride, count++)
    if ((senses[at]! | (senses[at + 1]! << 8)) === section) own.push(senses.subarray(at, at + stride));
  if (own.length !== told.length && count < SENTENCES_MAX) return undefined;
  const codes = new Uint8Array(HEADER_BYTES + own.length * stride);
  codes.set(senses.subarray(0, HEADER_BYTES));
  for (const [i, code] of own.entries()) codes.set(code, HEADER_BYTES + i * stride);
  return codes;
}

/** How near each sentence of a section is, as a map from its text; what has no code is missing. */
export function nearnessIn(
  { told, codes }: Pick<ReadSection, "told" | "codes">,
  asked: CodedQuestion,
): Map<string, number> {
  const near: number[] = [];
  if (codes) compared(codes, asked, (_, nearness) => void near.push(nearness));
  return new Map(near.slice(0, told.length).map((nearness, i) => [told[i]!, nearness]));
}
