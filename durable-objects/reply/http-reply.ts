/** answer: a turn as the HTTP reply that a caller asked for: one object, or a stream from any point on. */

import { encoderFor } from "../../src/api/encoders.ts";
import { errorBody } from "../../src/api/shared/error-body.ts";
import type { WireEvent } from "../../src/api/shared/reply-encoder.ts";
import type { ReplyForm, TurnEvent, TurnRequest } from "../../src/api/shared/turn.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { EventStream } from "../platform/sse-body.ts";
import { Live, type Told } from "../turn/running-turn.ts";
import { tell } from "./turn-events.ts";

export interface Question {
  told: Told;
  request: TurnRequest;
  form: ReplyForm;
  served: Served;
  client: AbortSignal;
}

const headersOf = ({ start }: Told): Record<string, string> => ({
  ...(start ? { "x-rivulet-state": start.state } : {}),
  "cache-control": "no-store",
});

/**
 * Every wire event with an id above `after`, then those that come. 204 when there is none and never will be. `done` is a promise of
 * everything that goes on after the headers.
 */
export async function streamed(
  { told, request, form, served, client }: Question,
  after = -1,
): Promise<{ response: Response; done: Promise<void> }> {
  const encoder = encoderFor(form);
  const isNew = ({ id }: WireEvent) => id === undefined || id > after;
  // A turn may fail before it has come again to where its reader was: that is still to be told.
  const newOf = (event: TurnEvent, wires: WireEvent[]) =>
    wires.filter((wire) => event.type === "failed" || isNew(wire));
  let rest: WireEvent[] | undefined;
  if (told.last && after >= 0) {
    rest = [];
    let lastId = 0;
    for await (const event of tell(told, served, request)) {
      const wires = encoder.events(event);
      rest.push(...newOf(event, wires));
      lastId = Math.max(lastId, ...wires.map(({ id = 0 }) => id));
    }
    if (lastId === after || (lastId < after && told.last.type === "end"))
      return { response: nothing(), done: Promise.resolve() };
  }
  const stream = new EventStream(client);
  const live = told instanceof Live ? told : undefined;
  const reader = live?.join();
  stream.gone.addEventListener("abort", () => reader && live?.leave(reader));
  const read = (tokens: number) => {
    if (reader) reader.read = tokens;
    live?.changed();
  };
  async function* untold(): AsyncGenerator<WireEvent[]> {
    for await (const event of tell(told, served, request, read)) yield newOf(event, encoder.events(event));
  }
  const work = async () => {
    for await (const wires of rest ? [rest] : untold()) {
      for (const wire of wires) await stream.send(wire);
      if (stream.gone.aborted) return;
    }
    // Not an end of the turn, so nothing that looks like one.
    if (live?.lost) await stream.send({ data: errorBody(live.lost) });
    stream.end();
    if (reader) live?.leave(reader);
  };
  return { response: stream.response(headersOf(told)), done: work() };
}

const nothing = () => new Response(null, { status: 204, headers: { "cache-control": "no-store" } });

/** The whole reply, when there is all of it. */
export async function whole({ told, request, form, served, client }: Question): Promise<Response> {
  const encoder = encoderFor(form);
  const live = told instanceof Live ? told : undefined;
  // It is never behind: what it wants is the end.
  const reader = live?.join(Number.POSITIVE_INFINITY);
  const leave = () => reader && live?.leave(reader);
  client.addEventListener("abort", leave);
  if (client.aborted) leave();
  for await (const event of tell(told, served, request)) encoder.events(event);
  leave();
  if (live?.lost) throw live.lost;
  return Response.json(encoder.whole(), { headers: headersOf(told) });
}

/** The reply as far as it is: of a turn in the background, or of one that has ended. */
export async function soFar({ told, request, form, served }: Question, status: 200 | 202): Promise<Response> {
  const encoder = encoderFor(form);
  const known: Told = { start: told.start, ids: told.ids, logprobs: told.logprobs, last: told.last };
  for await (const event of tell(known, served, request)) encoder.events(event);
  return Response.json(encoder.whole(), { status, headers: headersOf(told) });
}
