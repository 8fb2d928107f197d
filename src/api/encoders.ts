/**
 * encoderFor: the encoder of each form that a reply can have. An endpoint with a form of its own adds one line here.
 */
import { Failure } from "../core/failure.ts";
import { ChatReply } from "./chat/reply.ts";
import { CompletionReply } from "./completions/reply.ts";
import { MessageReply } from "./messages/reply.ts";
import { ResponseReply } from "./responses/reply.ts";
import type { ReplyEncoder } from "./shared/reply-encoder.ts";
import type { ReplyForm, ReplyObject } from "./shared/turn.ts";

const encoders: Record<ReplyObject, new (form: ReplyForm) => ReplyEncoder> = {
  "chat.completion": ChatReply,
  text_completion: CompletionReply,
  response: ResponseReply,
  message: MessageReply,
};

/** A fresh encoder for one reader. Fails with `request_invalid` for a form that is not known. */
export function encoderFor(form: ReplyForm): ReplyEncoder {
  const Encoder = encoders[form.object];
  if (!Encoder) throw new Failure("request_invalid", `form: ${JSON.stringify(form.object)} is not known`);
  return new Encoder(form);
}
