/**
 * SaidReply: what the assistant said up to somebody else's next words. A client may have parted it into any number of
 * texts and calls; the model wrote it as one message.
 */
import { replyText } from "../../constrain/reply/reply-grammar.ts";
import type { Message } from "../../tokenizer/text-codec.ts";

export interface SaidReply {
  /** Its content is there once `writeReplies` has written it. */
  message: Message;
  text: string;
  calls: { name: string; arguments: string }[];
}

export const saidReply = (text = ""): SaidReply => ({
  message: { role: "assistant", content: text },
  text,
  calls: [],
});

/** Writes each message when all of its parts are known, and only once, because a reply may have thousands of them. */
export function writeReplies(replies: readonly SaidReply[]): void {
  for (const { message, text, calls } of replies) message.content = replyText(text, calls);
}
