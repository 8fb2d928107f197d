/** answer: a turn's events as the HTTP reply that the caller asked for. */
import { ChatChunks, chatCompletion } from "../src/api/chat-reply.ts";
import { errorBody, errorResponse } from "../src/api/error-body.ts";
import type { ReplyForm, StateOrigin, TurnEvent } from "../src/api/turn.ts";
import { Failure } from "../src/core/failure.ts";
import { EventStream } from "./event-stream.ts";

type Of<T extends TurnEvent["type"]> = Extract<TurnEvent, { type: T }>;
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
  let chunks: ChatChunks;
  const emit = async (event: TurnEvent): Promise<void> => {
    if (event.type === "start") {
      chunks = new ChatChunks(event, form.includeUsage);
      await stream.send(chunks.first(), 0);
    } else if (event.type === "token") {
      const chunk = chunks.token(event);
      if (chunk) await stream.send(chunk, event.index);
    } else if (event.type === "end") {
      let { index } = event;
      for (const chunk of chunks.last(event)) await stream.send(chunk, index++);
    }
  };
  const work = async () => {
    try {
      await run(emit, stream.gone);
    } catch (thrown) {
      // The status line has gone, so the failure is the last event.
      await stream.send(errorBody(logged(thrown)));
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

export async function whole(run: Run, state: StateOrigin, client: AbortSignal): Promise<Response> {
  const pieces: string[] = [];
  const tokens: Of<"token">[] = [];
  let start: Of<"start"> | undefined;
  let end: Of<"end"> | undefined;
  await run(async (event) => {
    if (event.type === "start") start = event;
    else if (event.type === "token") {
      pieces.push(event.text);
      if (event.logprob) tokens.push(event);
    } else if (event.type === "end") {
      pieces.push(event.text);
      end = event;
    }
  }, client);
  if (!start || !end) throw new Failure("bug", "the turn was left before its first token");
  return Response.json(chatCompletion(start, pieces.join(""), tokens, end), { headers: headersOf(state) });
}

export const refused = (thrown: unknown): Response => errorResponse(logged(thrown));

/** Names the failure, and keeps what must not go out in the log. */
export function logged(thrown: unknown): Failure {
  const failure = Failure.from(thrown);
  if (failure.code === "bug" || failure.cause)
    console.error(failure.code, failure.message, failure.cause ?? failure.stack);
  return failure;
}
