/**
 * earlyStream: the headers and heartbeats of a stream while its turn waits for a prefix that is being read.
 *
 * A reply that comes, or is refused, before the first heartbeat is due is passed on as it is. A later one follows
 * behind the heartbeats, and what refuses it is told in the stream, for its status is gone.
 */
import type { Context } from "hono";
import { streamLimits } from "../../durable-objects/platform/limits.ts";
import { SseBody } from "../../durable-objects/platform/sse-body.ts";
import { encoderFor } from "../api/encoders.ts";
import { answerOf, errorBody } from "../api/shared/error-body.ts";
import type { ReplyForm } from "../api/shared/turn.ts";
import { Failure } from "../core/failure.ts";
import { whenAborted } from "../core/when-aborted.ts";
import type { Bindings } from "./endpoint.ts";

export async function earlyStream(c: Context<Bindings>, form: ReplyForm, coming: Promise<Response>): Promise<Response> {
  let tell = () => {};
  const late = new Promise<undefined>((resolve) => {
    tell = () => resolve(undefined);
  });
  const timer = setTimeout(() => tell(), streamLimits.heartbeatMs / 2);
  const reply = await Promise.race([coming, late]).finally(() => clearTimeout(timer));
  if (reply) return reply;
  const stream = new SseBody(c.req.raw.signal);
  c.executionCtx.waitUntil(passOn(stream, form, coming));
  return stream.response({ "cache-control": "no-store" });
}

/** Never rejects. */
async function passOn(stream: SseBody, form: ReplyForm, coming: Promise<Response>): Promise<void> {
  try {
    const reply = await coming;
    if (!reply.ok) await answerOf(reply);
    const reader = reply.body!.getReader();
    whenAborted(stream.gone, () => void reader.cancel().catch(() => {}));
    for (let next = await reader.read(); !next.done; next = await reader.read()) await stream.pass(next.value);
  } catch (thrown) {
    const body = errorBody(Failure.from(thrown));
    await stream.send(encoderFor(form).lost?.(body.error) ?? { data: body });
  }
  stream.end();
}
