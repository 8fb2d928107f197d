/**
 * encodeAhead: long texts are encoded with pauses before a prompt is planned, which happens in one piece: a megabyte of
 * text takes the tokenizer hundreds of milliseconds.
 */
import { inSlices } from "../core/work.ts";
import type { Message, TextCodec } from "../tokenizer/text-codec.ts";
import { yieldToEvents } from "./round-robin.ts";

/** Characters, of one text or of several, that need no pause. */
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
  let sincePause = 0;
  const pause = () => {
    sincePause = 0;
    return yieldToEvents();
  };
  try {
    for (const text of long) {
      await inSlices(codec.ahead(text), pause);
      done.push(text);
      // A text by itself may be too short for a pause, thousands of them are not.
      sincePause += text.length;
      if (sincePause >= SHORT) await pause();
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
