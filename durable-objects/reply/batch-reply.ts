/**
 * batchReply: several replies of which nothing is kept, as HTTP: whole, or as server-sent events while they are made.
 */
import { encoderFor } from "../../src/api/encoders.ts";
import { errorBody } from "../../src/api/shared/error-body.ts";
import type { TurnEvent, TurnRequest } from "../../src/api/shared/turn.ts";
import { Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { whenAborted } from "../../src/core/when-aborted.ts";
import type { Served } from "../../src/dialogue/load.ts";
import { type LateReply, lateJson } from "../platform/late-json.ts";
import { logFailure } from "../platform/log-failure.ts";
import { SseBody } from "../platform/sse-body.ts";
import { batchEvents, enterBatch } from "../turn/batch.ts";
import type { Host } from "../turn/context.ts";

/** `done` is a promise of everything that goes on after the headers. Fails before them with what can be known then. */
export async function batchReply(
  request: TurnRequest,
  served: Served,
  host: Pick<Host, "owner" | "ended" | "env">,
  client: AbortSignal,
): Promise<LateReply> {
  const encoder = encoderFor(request.reply);
  const batch = await enterBatch(request, served, host, client);
  const enteredMs = Date.now();
  let last: TurnEvent | undefined;
  const leave = () => {
    batch.slot.leave();
    const { promptTokens = 0, completionTokens = 0 } = last?.type === "end" ? last.usage : {};
    host.ended(request.tenant, request.id ?? "", promptTokens + completionTokens);
    metrics.objectSeconds.add((Date.now() - enteredMs) / 1000);
  };
  const headers = { "x-rivulet-state": "new", "cache-control": "no-store" };
  if (!request.reply.stream) {
    const left = new AbortController();
    whenAborted(client, () => left.abort());
    const made = async () => {
      try {
        for await (const event of batchEvents(batch, left.signal)) {
          last = event;
          encoder.events(event);
        }
      } finally {
        leave();
      }
      if (left.signal.aborted) throw new Failure("client_gone", "the client left before the replies were complete");
      return encoder.whole();
    };
    // A reply that has a form may be refused when it is whole.
    const isCertain = () => request.format === undefined && request.tools === undefined;
    return lateJson(made(), { isCertain, headers: () => headers, leave: () => left.abort() });
  }
  const stream = new SseBody(client);
  const send = async () => {
    let index = 0;
    try {
      for await (const event of batchEvents(batch, stream.gone)) {
        last = event;
        if ("index" in event) index = event.index;
        for (const wire of encoder.events(event)) await stream.send(wire);
      }
    } catch (thrown) {
      const event: TurnEvent = { type: "failed", index: index + 1, error: errorBody(logFailure(thrown)).error };
      for (const wire of encoder.events(event)) await stream.send(wire);
    } finally {
      leave();
    }
    stream.end();
  };
  return { response: stream.response(headers), done: send() };
}
