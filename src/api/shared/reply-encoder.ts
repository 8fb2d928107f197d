/**
 * ReplyEncoder: a turn's events in the form that an endpoint speaks. Each form is a file of its endpoint's
 * room, and `encoders.ts` lists them.
 *
 * An encoder is a pure function of the events: whoever asks later gets the same bytes with the same ids.
 */
import type { ErrorBody } from "./error-body.ts";
import type { TurnEvent } from "./turn.ts";

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
  /**
   * What tells a stream's reader that nothing more comes here, and that the turn has not
   * ended. Absent: the error alone.
   */
  lost?(error: ErrorBody["error"]): WireEvent;
  /** The whole reply as far as the events seen. Throws a `Failure` where the form has no object for it. */
  whole(): object;
}
