/**
 * tokenBlock: what every token of a vocabulary adds to the text, as `tokenBytes` gives it, in one block.
 *
 * Byte-level vocabularies, which most are, are read without a string or an array for a token:
 * a mask of a reply waits for it.
 */
import { BYTE_CHARACTERS } from "./byte-level.ts";
import type { TokenBlock } from "./text-codec.ts";
import { type DecodeRules, tokenBytes } from "./token-bytes.ts";

/** By character of the byte-level alphabet: its byte, or -1. All of them are two bytes of UTF-8 at most. */
const byteOf = new Int16Array(0x800).fill(-1);
BYTE_CHARACTERS.forEach((character, byte) => {
  byteOf[character.charCodeAt(0)] = byte;
});

/** `texts`: of the tokens, as UTF-8. `silent` tokens have no bytes. */
export function tokenBlock(texts: TokenBlock, silent: ReadonlySet<number>, rules: DecodeRules): TokenBlock {
  const isPlain = rules.byteLevel && !rules.byteFallback && rules.replacements.length === 0;
  return isPlain ? byteLevelBlock(texts, silent) : decodedBlock(texts, silent, rules);
}

function byteLevelBlock({ bytes: utf8, starts }: TokenBlock, silent: ReadonlySet<number>): TokenBlock {
  const bytes = new Uint8Array(utf8.length);
  const ends = new Uint32Array(starts.length);
  const isSilent = new Uint8Array(starts.length);
  for (const id of silent) isSilent[id] = 1;
  let at = 0;
  for (let id = 0; id + 1 < starts.length; id++) {
    const to = isSilent[id] === 1 ? starts[id]! : starts[id + 1]!;
    const began = at;
    let i = starts[id]!;
    while (i < to) {
      const first = utf8[i++]!;
      let byte = -1;
      if (first < 0x80) byte = byteOf[first]!;
      else if (first < 0xe0) byte = byteOf[((first & 0x1f) << 6) | (utf8[i++]! & 0x3f)]!;
      if (byte < 0) {
        // A token with a character that stands for no byte was added as plain text.
        at = began;
        for (i = starts[id]!; i < to; i++) bytes[at++] = utf8[i]!;
        break;
      }
      bytes[at++] = byte;
    }
    ends[id + 1] = at;
  }
  return { bytes: bytes.slice(0, at), starts: ends };
}

function decodedBlock(
  { bytes: utf8, starts }: TokenBlock,
  silent: ReadonlySet<number>,
  rules: DecodeRules,
): TokenBlock {
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let bytes = new Uint8Array(utf8.length);
  const ends = new Uint32Array(starts.length);
  let at = 0;
  for (let id = 0; id + 1 < starts.length; id++) {
    if (!silent.has(id)) {
      const spelled = tokenBytes(decoder.decode(utf8.subarray(starts[id], starts[id + 1])), rules);
      if (at + spelled.length > bytes.length) {
        const larger = new Uint8Array(2 * (at + spelled.length));
        larger.set(bytes);
        bytes = larger;
      }
      bytes.set(spelled, at);
      at += spelled.length;
    }
    ends[id + 1] = at;
  }
  return { bytes: bytes.slice(0, at), starts: ends };
}
