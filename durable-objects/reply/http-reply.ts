/**
 * streamed, whole, soFar: a turn as the HTTP reply that a caller asked for: a stream from any point on, one object when
 * it has ended, or what there is.
 */

import { encoderFor } from "../../src/api/encoders.ts";
import { errorBody } from "../../src/api/shared/error-body.ts";
import type { WireEvent } from "../../src/api/shared/reply-encoder.ts";
import type { ReplyForm, TurnEvent, TurnRequest } from "../../src/api/shared/turn.ts";
import { whenAborted } from "../../src/core/when-aborted.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Client } from "../platform/client.ts";
import { type LateReply, lateJson } from "../platform/late-json.ts";
import { SseBody } from "../platform/sse-body.ts";
import { withPackDefaults } from "../turn/reply-options.ts";
import { type KnownTurn, type Reader, RunningTurn } from "../turn/running-turn.ts";
import { turnEvents } from "./turn-events.ts";

export interface ReplyContext {
  turn: KnownTurn;
  request: TurnRequest;
  form: ReplyForm;
  served: Served;
  client: Client;
}

/** A form may say how the reply was sampled, which the request and the pack's defaults decide together. */
const encoderOf = ({ form, request, served }: ReplyContext) =>
  encoderFor({ ...form, sampling: withPackDefaults(request, served) });

const headersOf = ({ start }: KnownTurn): Record<string, string> => ({
  ...(start ? { "x-rivulet-state": start.state } : {}),
  "cache-control": "no-store",
});

/**
 * Every wire event with an id above `after`, then those that come. 204 when there is none and never will be. `done` is
 * a promise of everything that goes on after the headers.
 */
export async function streamed(
  context: ReplyContext,
  after = -1,
): Promise<{ response: Response; done: Promise<void> }> {
  const { turn, request, served, client } = context;
  const encoder = encoderOf(context);
  const isNew = ({ id }: WireEvent) => id === undefined || id > after;
  // A resumed turn may fail before it has come again to where its reader was; the reader must still hear of it.
  const newOf = (event: TurnEvent, wires: WireEvent[]) =>
    wires.filter((wire) => event.type === "failed" || isNew(wire));
  let rest: WireEvent[] | undefined;
  if (turn.last && after >= 0) {
    rest = [];
    let lastId = 0;
    for await (const event of turnEvents(turn, served, request)) {
      const wires = encoder.events(event);
      rest.push(...newOf(event, wires));
      lastId = Math.max(lastId, ...wires.map(({ id = 0 }) => id));
    }
    if (lastId === after || (lastId < after && turn.last.type === "end"))
      return { response: nothing(), done: Promise.resolve() };
  }
  const stream = new SseBody(client.signal);
  const running = turn instanceof RunningTurn ? turn : undefined;
  const reader = running?.join(0, after > 0);
  let leaving: Promise<void> | undefined;
  const leave = () => {
    if (running && reader) leaving = parted(running, reader, client);
  };
  // Perhaps already while its turn waited for the one before it, or for what it begins with.
  whenAborted(stream.gone, leave);
  const read = (tokens: number) => {
    if (reader) reader.read = tokens;
    running?.changed();
  };
  async function* unseen(): AsyncGenerator<WireEvent[]> {
    for await (const event of turnEvents(turn, served, request, read)) {
      const wires = newOf(event, encoder.events(event));
      if (reader && wires.length > 0) reader.isAhead = false;
      yield wires;
    }
  }
  const work = async () => {
    for await (const wires of rest ? [rest] : unseen()) {
      for (const wire of wires) await stream.send(wire);
      if (stream.gone.aborted) return;
    }
    // Not an end of the turn, so nothing that looks like one.
    if (running?.lost) {
      const body = errorBody(running.lost);
      await stream.send(encoder.lost?.(body.error) ?? { data: body });
    }
    stream.end();
    if (reader) running?.leave(reader);
  };
  return { response: stream.response(headersOf(turn)), done: work().then(() => leaving) };
}

/**
 * A reader's connection has ended. One that left wants no more of the turn; one that was cut off comes
 * back, and finds the turn going on.
 */
async function parted(running: RunningTurn, reader: Reader, client: Client): Promise<void> {
  if (!(await client.hasLeft())) running.detach();
  running.leave(reader);
}

const nothing = () => new Response(null, { status: 204, headers: { "cache-control": "no-store" } });

/**
 * The whole reply, when there is all of it. A client that leaves ends its turn, unless it has named a key by which it
 * finds what became of it.
 */
export async function whole(context: ReplyContext): Promise<LateReply> {
  const { turn, request, served, client } = context;
  const encoder = encoderOf(context);
  const running = turn instanceof RunningTurn ? turn : undefined;
  // It puts no back-pressure on the model: what it wants is the end.
  const reader = running?.join(Number.POSITIVE_INFINITY);
  const leave = () => {
    if (running && reader) void parted(running, reader, client);
  };
  whenAborted(client.signal, leave);
  const made = async () => {
    for await (const event of turnEvents(turn, served, request)) encoder.events(event);
    if (reader) running?.leave(reader);
    if (running?.lost) throw running.lost;
    return encoder.whole();
  };
  const isCertain = () => request.idempotencyKey === undefined && running !== undefined && willEnd(running);
  return lateJson(made(), { isCertain, headers: () => headersOf(turn), leave });
}

/** It computes, and its reply will not be refused for the form that it has. */
const willEnd = ({ start, isRefusable }: RunningTurn): boolean => start !== undefined && isRefusable === false;

/** The reply so far: of a turn in the background, or of a turn that has ended. */
export async function soFar(context: ReplyContext, status: 200 | 202): Promise<Response> {
  const { turn, request, served } = context;
  const encoder = encoderOf(context);
  const known: KnownTurn = { start: turn.start, ids: turn.ids, logprobs: turn.logprobs, last: turn.last };
  for await (const event of turnEvents(known, served, request)) encoder.events(event);
  return Response.json(encoder.whole(), { status, headers: headersOf(turn) });
}
