/**
 * transcript: which of a request's messages are new to a conversation.
 *
 * A client sends either its new messages only, or the whole history again with the new ones behind it. Histories are compared by a
 * chained hash, so that neither storage nor reading grows with the dialogue.
 */
import { createHash } from "node:crypto";
import { Failure } from "../src/core/failure.ts";
import type { Message } from "../src/tokenizer/text-codec.ts";
import type { Turn } from "./store.ts";

/** The hash of a history and one more message. */
export function chain(history: string, { role, content, name = "" }: Message): string {
  return createHash("sha256")
    .update(JSON.stringify([history, role, name, content]))
    .digest("hex");
}

export const chainAll = (history: string, messages: readonly Message[]): string => messages.reduce(chain, history);

export interface Continuation {
  /** Messages to feed. */
  fresh: Message[];
  /** Hash of the history up to them; a client's shortened copy of a reply it left counts as its own. */
  history: string;
}

/** Fails with `conversation_conflict` when the request tells another story than the conversation. */
export function continuation(last: Turn | undefined, messages: Message[]): Continuation {
  if (!last) return { fresh: messages, history: "" };
  if (messages.length > last.messageCount) {
    const before = chainAll("", messages.slice(0, last.messageCount - 1));
    const reply = messages[last.messageCount - 1]!;
    const fresh = messages.slice(last.messageCount);
    if (before === last.asked && reply.role === "assistant" && sameReply(last, reply.content)) {
      return { fresh, history: chain(before, reply) };
    }
  }
  // Without a reply or a system message among them these are no retelling of a history.
  if (messages.every(({ role }) => role === "user" || role === "tool"))
    return { fresh: messages, history: last.history };
  throw new Failure(
    "conversation_conflict",
    "messages: this conversation holds another history; send only the new messages, the same history, or choose another conversation id",
    { param: "messages" },
  );
}

/** Who left during a reply may have seen less of it than was generated. */
const sameReply = (last: Turn, content: string): boolean =>
  content === last.reply || (last.reason === "cancelled" && last.reply.startsWith(content));
