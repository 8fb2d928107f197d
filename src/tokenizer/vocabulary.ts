/**
 * Vocabulary: the text of every token in one block of bytes (a JavaScript string per token
 * would cost several times as much).
 */

import type { TokenBlock } from "./text-codec.ts";

/** FNV-1a, 32 bits. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class Vocabulary {
  readonly size: number;
  readonly #utf8: Uint8Array;
  /** (V+1): token id is #utf8[#starts[id] … #starts[id+1]]. */
  readonly #starts: Uint32Array;
  /** Open addressing, id + 1 or 0; made when first asked for. */
  #slots: Uint32Array | undefined;
  readonly #encoder = new TextEncoder();
  readonly #decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

  constructor(tokens: readonly string[]) {
    this.size = tokens.length;
    this.#starts = new Uint32Array(tokens.length + 1);
    let units = 0;
    for (const token of tokens) units += token.length;
    const scratch = new Uint8Array(3 * units); // a UTF-16 unit takes at most 3 bytes
    let at = 0;
    tokens.forEach((token, id) => {
      at += this.#encoder.encodeInto(token, scratch.subarray(at)).written;
      this.#starts[id + 1] = at;
    });
    this.#utf8 = scratch.slice(0, at);
  }

  has(id: number): boolean {
    return Number.isInteger(id) && id >= 0 && id < this.size;
  }

  text(id: number): string {
    return this.#decoder.decode(this.#bytes(id));
  }

  /** The text of every token as UTF-8. Shared: do not change it. */
  get block(): TokenBlock {
    return { bytes: this.#utf8, starts: this.#starts };
  }

  /** Id of the token with this text, or -1. */
  find(text: string): number {
    this.#slots ??= this.#index();
    const bytes = this.#encoder.encode(text);
    const mask = this.#slots.length - 1;
    for (let slot = hash(bytes) & mask; ; slot = (slot + 1) & mask) {
      const id = this.#slots[slot]! - 1;
      if (id < 0) return -1;
      if (equal(this.#bytes(id), bytes)) return id;
    }
  }

  #bytes(id: number): Uint8Array {
    return this.#utf8.subarray(this.#starts[id]!, this.#starts[id + 1]!);
  }

  #index(): Uint32Array {
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.size * 1.5 + 2)));
    const mask = slots.length - 1;
    for (let id = 0; id < this.size; id++) {
      let slot = hash(this.#bytes(id)) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    return slots;
  }
}

function hash(bytes: Uint8Array): number {
  let h = FNV_OFFSET;
  for (let i = 0; i < bytes.length; i++) h = Math.imul(h ^ bytes[i]!, FNV_PRIME);
  return h ^ (h >>> 15);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
