/**
 * StreamingDetokenizer: ids in, text out as soon as its characters are whole. Pushes joined with the flush
 * are the text of all ids at once.
 *
 * Bytes that can never become a character show as U+FFFD, as in the WHATWG encoding standard.
 */
import type { Detokenizer } from "./text-codec.ts";

const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

export class StreamingDetokenizer implements Detokenizer {
  readonly #bytesOf: (id: number) => Uint8Array;
  /** Spaces at the start of the text that are not part of it. */
  #leadingSpaces: number;
  /** The start of a character. */
  #unfinished: Uint8Array = new Uint8Array(0);

  constructor(bytesOf: (id: number) => Uint8Array, leadingSpaces = 0) {
    this.#bytesOf = bytesOf;
    this.#leadingSpaces = leadingSpaces;
  }

  push(id: number): string {
    const added = this.#bytesOf(id);
    if (added.length === 0) return "";
    const bytes = new Uint8Array(this.#unfinished.length + added.length);
    bytes.set(this.#unfinished);
    bytes.set(added, this.#unfinished.length);
    const whole = wholeCharacters(bytes);
    this.#unfinished = bytes.slice(whole);
    return this.#withoutLeadingSpaces(decoder.decode(bytes.subarray(0, whole)));
  }

  flush(): string {
    const rest = decoder.decode(this.#unfinished);
    this.#unfinished = new Uint8Array(0);
    return this.#withoutLeadingSpaces(rest);
  }

  #withoutLeadingSpaces(text: string): string {
    let from = 0;
    while (this.#leadingSpaces > 0 && text[from] === " ") {
      from++;
      this.#leadingSpaces--;
    }
    if (from < text.length) this.#leadingSpaces = 0;
    return text.slice(from);
  }
}

/** Length of `bytes` without a last character that is still unfinished. */
function wholeCharacters(bytes: Uint8Array): number {
  let lead = bytes.length - 1;
  while (lead > 0 && lead > bytes.length - 4 && (bytes[lead]! & 0xc0) === 0x80) lead--;
  const byte = bytes[lead]!;
  const length =
    byte >= 0xf0 && byte <= 0xf4 ? 4 : byte >= 0xe0 && byte <= 0xef ? 3 : byte >= 0xc2 && byte <= 0xdf ? 2 : 1;
  return bytes.length - lead < length ? lead : bytes.length;
}
