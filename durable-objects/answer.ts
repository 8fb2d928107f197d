/** answer: a turn's events as the HTTP reply that the caller asked for. */
import { errorBody, errorResponse } from "../src/api/error-body.ts";
import { encoderFor } from "../src/api/reply-encoder.ts";
import type { ReplyForm, StateOrigin, TurnEvent } from "../src/api/turn.ts";
import { Failure } from "../src/core/failure.ts";
import { EventStream } from "./event-stream.ts";

type Run = (emit: (event: TurnEvent) => Promise<void>, gone: AbortSignal) => Promise<void>;

const headersOf = (state: StateOrigin) => ({ "x-rivulet-state": state, "cache-control": "no-store" });

/** `done` is a promise of everything that goes on after the headers. */
export function streamed(
  run: Run,
  form: ReplyForm,
  state: StateOrigin,
  client: AbortSignal,
): { response: Response; done: Promise<void> } {
  const stream = new EventStream(client);
  const encoder = encoderFor(form);
  let index = 1;
  const emit = async (event: TurnEvent): Promise<void> => {
    if (event.type === "token") index = event.index + 1;
    for (const wire of encoder.events(event)) await stream.send(wire);
  };
  const work = async () => {
    try {
      await run(emit, stream.gone);
    } catch (thrown) {
      // The status line has gone, so the failure is the last event.
      await emit({ type: "failed", index, error: errorBody(logged(thrown)).error });
    }
    stream.end();
  };
  const headers = {
    ...headersOf(state),
    "content-type": "text/event-stream; charset=utf-8",
    "x-accel-buffering": "no",
  };
  return { response: new Response(stream.body, { headers }), done: work() };
}

export async function whole(run: Run, form: ReplyForm, state: StateOrigin, client: AbortSignal): Promise<Response> {
  const encoder = encoderFor(form);
  let ended = false;
  await run(async (event) => {
    encoder.events(event);
    ended ||= event.type === "end";
  }, client);
  if (!ended) throw new Failure("bug", "the turn was left before its first token");
  return Response.json(encoder.whole(), { headers: headersOf(state) });
}

export const refused = (thrown: unknown): Response => errorResponse(logged(thrown));

/** Names the failure, and keeps what must not go out in the log. */
export function logged(thrown: unknown): Failure {
  const failure = Failure.from(thrown);
  if (failure.code === "bug" || failure.cause)
    console.error(failure.code, failure.message, failure.cause ?? failure.stack);
  return failure;
}
