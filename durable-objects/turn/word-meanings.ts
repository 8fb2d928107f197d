/**
 * WordMeanings: how near two English words are in meaning, from a table of word vectors that fits into the Worker's bundle.
 *
 * The table is made by training/word_meanings.py. A word is known by its stem, as the passage index has it. Vectors have length 1 and are held at
 * four bits a number; a word's weight says how much of a sentence's meaning it carries, so that "thing" is not "kneecap".
 *
 * Layout, little endian: words, numbers a vector and bytes of text (u32 each), stems with a line end behind each (UTF-8), a weight a word (u8,
 * in 255ths), two numbers a byte (low half first, each half less 8).
 */
const HEADER_BYTES = 12;

export class WordMeanings {
  readonly dimensions: number;
  readonly #places: Map<string, number>;
  readonly #weights: Uint8Array;
  readonly #numbers: Int8Array;
  readonly #lengths: Float32Array;

  constructor(table: ArrayBuffer | Uint8Array) {
    const bytes = table instanceof Uint8Array ? table : new Uint8Array(table);
    const header = new DataView(bytes.buffer, bytes.byteOffset, HEADER_BYTES);
    const [words, dimensions, textBytes] = [0, 4, 8].map((at) => header.getUint32(at, true)) as [
      number,
      number,
      number,
    ];
    this.dimensions = dimensions;
    let at = HEADER_BYTES;
    const take = (length: number) => {
      at += length;
      return bytes.subarray(at - length, at);
    };
    const stems = new TextDecoder().decode(take(textBytes)).trimEnd().split("\n");
    this.#places = new Map(stems.map((stem, i) => [stem, i]));
    this.#weights = take(words);
    const halves = take((words * dimensions) / 2);
    this.#numbers = new Int8Array(words * dimensions);
    this.#lengths = new Float32Array(words);
    const [numbers, lengths] = [this.#numbers, this.#lengths];
    for (let i = 0; i < halves.length; i++) {
      numbers[2 * i] = (halves[i]! & 15) - 8;
      numbers[2 * i + 1] = (halves[i]! >> 4) - 8;
    }
    for (let word = 0, at = 0; word < words; word++) {
      let sum = 0;
      for (let d = 0; d < dimensions; d++, at++) sum += numbers[at]! ** 2;
      lengths[word] = Math.sqrt(sum) || 1;
    }
  }

  has = (stem: string): boolean => this.#places.has(stem);

  /** 0 to 1; undefined for a word that the table does not hold. */
  weight(stem: string): number | undefined {
    const place = this.#places.get(stem);
    return place === undefined ? undefined : this.#weights[place]! / 255;
  }

  /** Cosine of two words' vectors; 0 where the table lacks one. */
  similarity(a: string, b: string): number {
    const [left, right] = [this.#places.get(a), this.#places.get(b)];
    if (left === undefined || right === undefined) return 0;
    const { dimensions } = this;
    const numbers = this.#numbers;
    let sum = 0;
    for (let d = 0; d < dimensions; d++) sum += numbers[left * dimensions + d]! * numbers[right * dimensions + d]!;
    return sum / (this.#lengths[left]! * this.#lengths[right]!);
  }

  /** What words say together: the sum of their vectors by their weights, of length 1; undefined where the table holds none of them. */
  together(stems: Iterable<string>): Float32Array | undefined {
    const sum = new Float32Array(this.dimensions);
    let isKnown = false;
    for (const stem of stems) {
      const place = this.#places.get(stem);
      if (place === undefined) continue;
      isKnown = true;
      const scale = this.#weights[place]! / this.#lengths[place]!;
      for (let d = 0; d < this.dimensions; d++) sum[d]! += scale * this.#numbers[place * this.dimensions + d]!;
    }
    const length = Math.hypot(...sum);
    return isKnown && length > 0 ? sum.map((number) => number / length) : undefined;
  }
}

/** The number that stands for 1 where a vector is held in whole numbers. */
export const WHOLE = 127;
export const wholeNumbers = (vector: Float32Array): Int8Array =>
  Int8Array.from(vector, (number) => Math.round(WHOLE * number));

export const cosine = (a: Float32Array | undefined, b: Float32Array | undefined): number => {
  let sum = 0;
  if (a && b) for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
};
