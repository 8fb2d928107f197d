/**
 * Pieces: the sentence encoder's tokenizer. Of all ways to cut a text into known pieces it takes the likeliest (a unigram model, as SentencePiece has it).
 *
 * Scores are whole numbers, so that every machine cuts alike. A word that is known only in small letters is also found in capitals, at a cost.
 * Pieces are found through a table of hashes over one text that holds all of them: a map of strings would take ten times its room.
 */

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

export class Pieces {
  readonly #text: string;
  /** Where each piece starts in the text, and after the last one its end. */
  readonly #starts: Uint32Array;
  readonly #slots: Int32Array;
  readonly #scores: Int16Array;
  readonly #longest: number;
  readonly #unknown: number;

  /** The first three stand for what is unknown, a beginning and an end, and no text is cut into them. */
  constructor(pieces: readonly string[], scores: Int16Array) {
    this.#text = pieces.join("");
    this.#starts = new Uint32Array(pieces.length + 1);
    this.#slots = new Int32Array(2 ** Math.ceil(Math.log2(2 * pieces.length + 2)));
    this.#scores = scores;
    let end = 0;
    let longest = 0;
    for (const [place, piece] of pieces.entries()) {
      end += piece.length;
      this.#starts[place + 1] = end;
      if (place < RESERVED) continue;
      longest = Math.max(longest, piece.length);
      let slot = this.#slotOf(hashOf(piece));
      while (this.#slots[slot] !== 0) slot = this.#slotOf(slot + 1);
      this.#slots[slot] = place;
    }
    this.#longest = longest;
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
        for (let j = i + 1; j <= Math.min(i + this.#longest, text.length); j++) {
          hash = hashed(hash, form.charCodeAt(j - 1));
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

  #slotOf = (hash: number): number => hash & (this.#slots.length - 1);

  /** 0 where it is no piece. */
  #find(hash: number, text: string, start: number, end: number): number {
    for (let slot = this.#slotOf(hash); ; slot = this.#slotOf(slot + 1)) {
      const place = this.#slots[slot]!;
      if (place === 0) return 0;
      const at = this.#starts[place]!;
      if (this.#starts[place + 1]! - at !== end - start) continue;
      let i = start;
      while (i < end && text.charCodeAt(i) === this.#text.charCodeAt(at + i - start)) i++;
      if (i === end) return place;
    }
  }
}

const RESERVED = 3;
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
