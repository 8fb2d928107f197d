/**
 * Pieces: the sentence encoder's tokenizer. Of all ways to cut a text into known pieces it takes the likeliest (a
 * unigram model, as SentencePiece has it).
 *
 * Scores are whole numbers, so that every machine cuts alike. A word that is known only in small letters is also found
 * in capitals, at a cost. Pieces are found through a table of hashes and read where they stand in the encoder's file: a
 * map of strings would take ten times their room.
 */
import { LINE_END } from "./encoder-file.ts";

export const UNKNOWN = 0;
const CHARS_MAX = 1000;
/** Of a score. */
const UNIT = 1024;
const LOWER_COST = 2 * UNIT;
const SPACE = "▁";

/** Compatible forms become one, white space and control characters one space, which is a letter of its own. */
export function normalized(text: string): string {
  const flat = text
    .slice(0, CHARS_MAX)
    .normalize("NFKC")
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim();
  return flat === "" ? "" : SPACE + flat.replaceAll(" ", SPACE);
}

/** Small letters; where that would change the length, what was there. */
function lowered(text: string): string {
  let low = "";
  for (let i = 0; i < text.length; i++) {
    const small = text[i]!.toLowerCase();
    low += small.length === 1 ? small : text[i]!;
  }
  return low;
}

/** The pieces' text, scores and number: what is read of an encoder's file. */
interface PieceTable {
  count: number;
  /** UTF-8, parted by line ends. */
  text: Uint8Array;
  scores: Int16Array;
}

export class Pieces {
  readonly #text: Uint8Array;
  /** Where each piece starts in the text, and after the last one where a next one would. */
  readonly #starts: Uint32Array;
  readonly #slots: Uint16Array;
  readonly #scores: Int16Array;
  /**
   * By the hash of its first letters, how long the longest piece is that begins so: where no piece
   * does, none longer is looked for.
   */
  readonly #longest = new Uint16Array(2 ** 14);
  readonly #unknown: number;

  /** The first three stand for what is unknown, a beginning and an end, and no text is cut into them. */
  constructor({ count, text, scores }: PieceTable) {
    this.#text = text;
    this.#starts = new Uint32Array(count + 1);
    this.#slots = new Uint16Array(2 ** Math.ceil(Math.log2(1.5 * count + 2)));
    this.#scores = scores;
    const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
    for (let place = 0; place < count; place++) {
      const start = this.#starts[place]!;
      const lineEnd = text.indexOf(LINE_END, start);
      const end = lineEnd < 0 ? text.length : lineEnd;
      this.#starts[place + 1] = end + 1;
      if (place < RESERVED) continue;
      const piece = decoder.decode(text.subarray(start, end));
      const beginning = this.#beginning(hashOf(piece.slice(0, FIRST_UNITS)));
      this.#longest[beginning] = Math.max(this.#longest[beginning]!, piece.length);
      let slot = this.#slotOf(hashOf(piece));
      while (this.#slots[slot] !== 0) slot = this.#slotOf(slot + 1);
      this.#slots[slot] = place;
    }
    this.#unknown = scores.reduce((least, score) => Math.min(least, score), 0) - 10 * UNIT;
  }

  /** Of a normalised text. */
  cut(text: string): number[] {
    const low = lowered(text);
    const best = new Float64Array(text.length + 1).fill(Number.NEGATIVE_INFINITY);
    const from = new Int32Array(text.length + 1);
    const piece = new Int32Array(text.length + 1);
    best[0] = 0;
    const reach = (start: number, end: number, place: number, score: number) => {
      if (score <= best[end]!) return;
      best[end] = score;
      from[end] = start;
      piece[end] = place;
    };
    for (let i = 0; i < text.length; i++) {
      const base = best[i]!;
      if (base === Number.NEGATIVE_INFINITY) continue; // within a character of two units
      const step = text.codePointAt(i)! > 0xffff ? 2 : 1;
      let isKnown = false;
      for (const form of low.slice(i, i + 2) === text.slice(i, i + 2) ? [text] : [text, low]) {
        const cost = form === text ? 0 : LOWER_COST;
        let hash = SEED;
        let end = Math.min(i + FIRST_UNITS, text.length);
        for (let j = i + 1; j <= end; j++) {
          hash = hashed(hash, form.charCodeAt(j - 1));
          if (j === i + FIRST_UNITS) end = Math.min(i + this.#longest[this.#beginning(hash)]!, text.length);
          const place = this.#find(hash, form, i, j);
          if (place === 0) continue;
          isKnown ||= j === i + step;
          reach(i, j, place, base + this.#scores[place]! - cost);
        }
      }
      if (!isKnown) reach(i, i + step, UNKNOWN, base + this.#unknown);
    }
    const places: number[] = [];
    for (let at = text.length; at > 0; at = from[at]!) places.push(piece[at]!);
    return places.length > 0 ? places.reverse() : [UNKNOWN];
  }

  #beginning = (hash: number): number => hash & (this.#longest.length - 1);

  #slotOf = (hash: number): number => hash & (this.#slots.length - 1);

  /** 0 where it is no piece. */
  #find(hash: number, text: string, start: number, end: number): number {
    for (let slot = this.#slotOf(hash); ; slot = this.#slotOf(slot + 1)) {
      const place = this.#slots[slot]!;
      if (place === 0 || this.#is(place, text, start, end)) return place;
    }
  }

  /** Whether a piece is this part of a text. */
  #is(place: number, text: string, start: number, end: number): boolean {
    const bytes = this.#text;
    const last = this.#starts[place + 1]! - 1;
    let at = this.#starts[place]!;
    for (let i = start; i < end; ) {
      if (at >= last) return false;
      const code = text.codePointAt(i)!;
      const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
      // The first byte of several says how many there are, and each of the others has six bits.
      const lead = length === 1 ? 0 : 0xf00 >> length;
      if (bytes[at++] !== ((lead & 0xff) | (code >> (6 * (length - 1))))) return false;
      for (let left = length - 2; left >= 0; left--)
        if (bytes[at++] !== (0x80 | ((code >> (6 * left)) & 63))) return false;
      i += code < 0x10000 ? 1 : 2;
      if (i > end) return false;
    }
    return at === last;
  }
}

const RESERVED = 3;
/** As many as nearly every piece has. */
const FIRST_UNITS = 3;
const SEED = 0x811c9dc5;
const hashed = (hash: number, unit: number): number => {
  const mixed = Math.imul(hash ^ unit, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

function hashOf(piece: string): number {
  let hash = SEED;
  for (let i = 0; i < piece.length; i++) hash = hashed(hash, piece.charCodeAt(i));
  return hash;
}
