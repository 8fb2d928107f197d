/**
 * Bpe: byte-pair encoding of pre-tokenized pieces. Never gives an id of `barred`.
 *
 * The lowest rank merges first, the leftmost of equal ranks; a heap keeps a piece of n symbols at O(n log n). Pieces
 * longer than MAX_SYMBOLS are cut, before a word if there is one, so that memory is bounded: no piece of normal text is
 * that long, except where a tokenizer splits nothing, and there words do not merge with each other.
 * Source: Sennrich et al., arXiv 1508.07909. Definition: Hugging Face tokenizers, `models/bpe/word.rs`.
 */
import { atOnce, type Work } from "../core/work.ts";
import { BYTE_CHARACTERS, byteCharacters } from "./byte-level.ts";
import { MergeTable } from "./merge-table.ts";
import type { TokenizerFile } from "./tokenizer-file.ts";
import type { Vocabulary } from "./vocabulary.ts";

export const MAX_SYMBOLS = 16384;
/** A character that is no token becomes at most four bytes. */
const MAX_IDS_PER_CHARACTER = 4;
/** What stands for a space: in SentencePiece, in byte level. */
const WORD_STARTS = ["\u2581", "\u0120", " "];
const GONE = -1;
/** Between two pauses; about 10 ms. */
const SLICE_CHARACTERS = 16_384;

export class Bpe {
  readonly #vocabulary: Vocabulary;
  readonly #barred: ReadonlySet<number>;
  readonly #merges: MergeTable;
  /** Code point → id, for tokens of one character. */
  readonly #characters = new Map<number, number>();
  /** Byte → id: of its character in byte level, of `<0x..>` with byte fallback; else empty. -1 where there is none. */
  readonly #bytes: readonly number[];
  readonly #byteLevel: boolean;
  readonly #unk: number;
  readonly #fuseUnk: boolean;
  readonly #ignoreMerges: boolean;
  readonly #wordStarts: ReadonlySet<number>;
  readonly #encoder = new TextEncoder();

  // Scratch for one piece: a list linked by position, and the heap of rank · MAX_SYMBOLS + position.
  #ids = new Int32Array(256);
  #next = new Int32Array(256);
  #previous = new Int32Array(256);
  #heap = new Float64Array(3 * 256);
  #heapSize = 0;
  readonly #character = new Int32Array(MAX_IDS_PER_CHARACTER);

  /** `byteLevel`: pieces come as text and their bytes are the symbols. */
  constructor(file: TokenizerFile, vocabulary: Vocabulary, barred: ReadonlySet<number>, byteLevel: boolean) {
    this.#vocabulary = vocabulary;
    this.#barred = barred;
    const idOf = (token: string) => file.vocab[token]!;
    this.#merges = new MergeTable(file.merges, barred);
    const usable = (token: string) => {
      const id = Object.hasOwn(file.vocab, token) ? idOf(token) : -1;
      return barred.has(id) ? -1 : id;
    };
    for (const token of Object.keys(file.vocab)) {
      const character = token.codePointAt(0);
      const isOne = character !== undefined && token.length === (character > 0xffff ? 2 : 1);
      if (isOne && usable(token) >= 0) this.#characters.set(character, usable(token));
    }
    const byteToken = (byte: number) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const bytes = byteLevel
      ? BYTE_CHARACTERS
      : file.byteFallback
        ? Array.from({ length: 256 }, (_, byte) => byteToken(byte))
        : [];
    this.#bytes = bytes.map(usable);
    this.#byteLevel = byteLevel;
    this.#unk = file.unkToken === null ? -1 : usable(file.unkToken);
    this.#fuseUnk = file.fuseUnk;
    this.#ignoreMerges = file.ignoreMerges;
    this.#wordStarts = new Set(WORD_STARTS.map((start) => usable(start)).filter((id) => id >= 0));
  }

  encode(pieces: readonly string[]): number[] {
    return atOnce(this.encodeInSlices(pieces));
  }

  *encodeInSlices(pieces: readonly string[]): Work<number[]> {
    const out: number[] = [];
    let characters = 0;
    for (const piece of pieces) {
      yield* this.#encodePiece(piece, out);
      characters += piece.length;
      if (characters < SLICE_CHARACTERS) continue;
      yield;
      characters = 0;
    }
    return out;
  }

  *#encodePiece(piece: string, out: number[]): Work<void> {
    if (this.#ignoreMerges) {
      const whole = this.#vocabulary.find(this.#byteLevel ? byteCharacters(this.#encoder.encode(piece)) : piece);
      if (whole >= 0 && !this.#barred.has(whole)) {
        out.push(whole);
        return;
      }
    }
    const symbols = Math.min(piece.length * MAX_IDS_PER_CHARACTER, MAX_SYMBOLS);
    this.#reserve(symbols);
    let n = 0;
    for (let i = 0; i < piece.length; ) {
      const code = piece.codePointAt(i)!;
      i += code > 0xffff ? 2 : 1;
      if (n + MAX_IDS_PER_CHARACTER > MAX_SYMBOLS) {
        n = this.#mergeUpToWord(n, out);
        const rest = this.#ids.slice(0, n);
        yield;
        // Whoever had a turn may have used the same arrays.
        this.#ids.set(rest);
      }
      n = this.#append(code, n);
    }
    this.#merge(n, out);
  }

  /** Puts a character's ids at n; gives the new n. */
  #append(code: number, n: number): number {
    if (this.#byteLevel && code < 0x80) return this.#put(this.#bytes[code]!, n);
    const id = this.#byteLevel ? undefined : this.#characters.get(code);
    if (id !== undefined || this.#bytes.length === 0) return this.#put(id ?? -1, n);
    const bytes = this.#character;
    const length = utf8(code, bytes);
    let known = true;
    for (let i = 0; i < length; i++) known = this.#bytes[bytes[i]!]! >= 0 && known;
    if (!known && !this.#byteLevel) return this.#put(-1, n);
    let end = n;
    for (let i = 0; i < length; i++) end = this.#put(this.#bytes[bytes[i]!]!, end);
    return end;
  }

  /** What the vocabulary cannot say (-1) becomes the unknown token; is left out where that one is barred or missing. */
  #put(id: number, n: number): number {
    if (id < 0 && (this.#unk < 0 || (this.#fuseUnk && n > 0 && this.#ids[n - 1] === this.#unk))) return n;
    this.#ids[n] = id < 0 ? this.#unk : id;
    return n + 1;
  }

  /** Merges the first symbols, up to where the last word starts; moves the rest to the front; gives its length. */
  #mergeUpToWord(n: number, out: number[]): number {
    const startsWord = (at: number) =>
      this.#wordStarts.has(this.#ids[at]!) && !this.#wordStarts.has(this.#ids[at - 1]!);
    let cut = n - 1;
    while (cut > n / 2 && !startsWord(cut)) cut--;
    if (!startsWord(cut)) cut = n;
    const rest = this.#ids.slice(cut, n);
    this.#merge(cut, out);
    this.#ids.set(rest);
    return rest.length;
  }

  #merge(n: number, out: number[]): void {
    if (n === 0) return;
    const [ids, next, previous, merges] = [this.#ids, this.#next, this.#previous, this.#merges];
    for (let at = 0; at < n; at++) {
      next[at] = at + 1 < n ? at + 1 : GONE;
      previous[at] = at - 1;
    }
    this.#heapSize = 0;
    for (let at = 0; at + 1 < n; at++) this.#offer(at);
    while (this.#heapSize > 0) {
      const key = this.#take();
      const rank = Math.floor(key / MAX_SYMBOLS);
      const at = key - rank * MAX_SYMBOLS;
      const right = next[at]!;
      // Either side may have merged since this was put on the heap.
      if (ids[at] === GONE || right === GONE || merges.rank(ids[at]!, ids[right]!) !== rank) continue;
      ids[at] = merges.result(rank);
      ids[right] = GONE;
      const after = next[right]!;
      next[at] = after;
      if (after !== GONE) {
        previous[after] = at;
        this.#offer(at);
      }
      if (previous[at]! >= 0) this.#offer(previous[at]!);
    }
    for (let at = 0; at !== GONE; at = next[at]!) out.push(ids[at]!);
  }

  /** Puts the pair that starts at `at` on the heap, if it merges. */
  #offer(at: number): void {
    const rank = this.#merges.rank(this.#ids[at]!, this.#ids[this.#next[at]!]!);
    if (rank < 0) return;
    const heap = this.#heap;
    const key = rank * MAX_SYMBOLS + at;
    let child = this.#heapSize++;
    while (child > 0) {
      const parent = (child - 1) >> 1;
      if (heap[parent]! <= key) break;
      heap[child] = heap[parent]!;
      child = parent;
    }
    heap[child] = key;
  }

  /** Takes the smallest key off the heap. */
  #take(): number {
    const heap = this.#heap;
    const smallest = heap[0]!;
    const key = heap[--this.#heapSize]!;
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.#heapSize) break;
      if (child + 1 < this.#heapSize && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= key) break;
      heap[parent] = heap[child]!;
      parent = child;
    }
    heap[parent] = key;
    return smallest;
  }

  #reserve(symbols: number): void {
    if (this.#ids.length >= symbols) return;
    const size = Math.min(2 ** Math.ceil(Math.log2(symbols)), MAX_SYMBOLS);
    this.#ids = new Int32Array(size);
    this.#next = new Int32Array(size);
    this.#previous = new Int32Array(size);
    this.#heap = new Float64Array(3 * size);
  }
}

/** Bytes of one code point; gives how many. */
function utf8(code: number, bytes: Int32Array): number {
  const length = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  let rest = code;
  for (let i = length - 1; i > 0; i--, rest >>= 6) bytes[i] = 0x80 | (rest & 0x3f);
  bytes[0] = length === 1 ? rest : ((0xf00 >> length) & 0xff) | rest;
  return length;
}
