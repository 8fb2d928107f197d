/**
 * encodeAhead: long texts are encoded with pauses before a prompt is planned, which happens in one piece: a megabyte of text takes the
 * tokenizer hundreds of milliseconds.
 */
import { inSlices } from "../core/work.ts";
import type { Message, TextCodec } from "../tokenizer/text-codec.ts";
import { yieldToEvents } from "./round-robin.ts";

/** Characters of all texts together that need no pause. */
const SHORT = 32_768;
/** Shorter texts are encoded where they are needed. */
const TINY = 64;

/** Gives what forgets them again: to be called when they were used. */
export async function encodeAhead(codec: TextCodec, texts: readonly string[]): Promise<() => void> {
  const done: string[] = [];
  const forget = () => {
    for (const text of done.splice(0)) codec.forget?.(text);
  };
  const long = texts.filter((text) => text.length > TINY);
  if (!codec.ahead || long.reduce((sum, text) => sum + text.length, 0) <= SHORT) return forget;
  try {
    for (const text of long) {
      await inSlices(codec.ahead(text), yieldToEvents);
      done.push(text);
    }
  } catch (thrown) {
    forget();
    throw thrown;
  }
  return forget;
}

/** The texts of messages, also as templates trim them. */
export const textsOf = (messages: readonly Message[]): string[] => [
  ...new Set(messages.flatMap(({ content }) => [content, content.trim()])),
];
