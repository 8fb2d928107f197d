/**
 * ReplyEncoder: a turn's events in the form that an endpoint speaks. One file per form; this one lists them.
 *
 * An encoder is a pure function of the events: whoever asks later gets the same bytes with the same ids.
 */
import { Failure } from "../core/failure.ts";
import { ChatReply } from "./chat/reply.ts";
import { CompletionReply } from "./completions/reply.ts";
import { ResponseReply } from "./responses/reply.ts";
import type { ReplyForm, ReplyObject, TurnEvent } from "./shared/turn.ts";

/** One server-sent event. Ids rise; a reader that names one gets exactly what follows it. */
export interface WireEvent {
  id?: number;
  /** The `event:` field. */
  event?: string;
  data: object | "[DONE]";
}

export interface ReplyEncoder {
  /** What this event adds to a stream, often nothing. The last event brings the form's farewell (`[DONE]`) with it. */
  events(event: TurnEvent): WireEvent[];
  /** The whole reply as far as the events seen. Throws a `Failure` where the form has no object for it. */
  whole(): object;
}

const encoders: Record<ReplyObject, new (form: ReplyForm) => ReplyEncoder> = {
  "chat.completion": ChatReply,
  text_completion: CompletionReply,
  response: ResponseReply,
};

/** A fresh encoder for one reader. Fails with `request_invalid` for a form that is not known. */
export function encoderFor(form: ReplyForm): ReplyEncoder {
  const Encoder = encoders[form.object];
  if (!Encoder) throw new Failure("request_invalid", `form: ${JSON.stringify(form.object)} is not known`);
  return new Encoder(form);
}
