/**
 * quote-passages: found passages as the model is given them: a system message of its own, before the user's.
 *
 * The form is the one that the default model is trained on. A passage is one line whatever it held, and it is encoded
 * as text, so that what somebody wrote long ago can neither speak as somebody else nor steer the model.
 */
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { SpokenRole } from "../storage/passages.ts";

const QUOTE_HEADING = "Earlier in this conversation:";

interface Quoted {
  role: SpokenRole;
  text: string;
}

/** White space, line ends and control characters become one space. */
export const flattened = (text: string): string => text.replace(/[\s\p{Cc}\u2028\u2029]+/gu, " ").trim();

const lineOf = ({ role, text }: Quoted): string => `- ${role}: ${flattened(text)}`;

/** Oldest first. */
export const quoteMessage = (passages: readonly Quoted[]): Message => ({
  role: "system",
  content: [QUOTE_HEADING, ...passages.map(lineOf)].join("\n"),
});

/** The messages with the quote before the last one of the user. */
export function withQuote(messages: readonly Message[], passages: readonly Quoted[]): Message[] {
  const at = messages.findLastIndex(({ role }) => role === "user");
  return passages.length === 0 || at < 0
    ? [...messages]
    : [...messages.slice(0, at), quoteMessage(passages), ...messages.slice(at)];
}
