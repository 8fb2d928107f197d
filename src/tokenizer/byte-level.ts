/**
 * byte-level: GPT-2's alphabet of 256 characters that stand for bytes in vocabularies. Printable Latin-1 stands for
 * itself, the other bytes for U+0100 upwards.
 *
 * Source: openai/gpt-2 `encoder.py`, bytes_to_unicode.
 */

/** By byte. */
export const BYTE_CHARACTERS: readonly string[] = (() => {
  const isPrintable = (byte: number) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 0x100 + others++));
})();

const byteOf: ReadonlyMap<string, number> = new Map(BYTE_CHARACTERS.map((character, byte) => [character, byte]));

export function byteCharacters(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += BYTE_CHARACTERS[byte];
  return text;
}

/** The bytes that the characters stand for; undefined when one stands for none. */
export function bytesOfCharacters(text: string): Uint8Array | undefined {
  const bytes = Array.from(text, (character) => byteOf.get(character) ?? -1);
  return bytes.includes(-1) ? undefined : Uint8Array.from(bytes);
}
