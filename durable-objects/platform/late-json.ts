/**
 * lateJson: a JSON reply that a client may wait long for, begun before it is known.
 *
 * A runtime learns that a client has left only where it writes: a connection that was closed at the other end looks
 * like one whose client waits. So spaces, which JSON may begin with, go out while the value is being made, and who has
 * left is known at the next one. They keep proxies from giving the reply up as well.
 */
import { whenAborted } from "../../src/core/when-aborted.ts";
import { streamLimits } from "./limits.ts";

/** A header of replies whose status was sent before they were known: the Worker asks again where one breaks off. */
export const LATE = "x-rivulet-late";

export interface LateReply {
  response: Response;
  /** Everything that goes on after the headers. */
  done: Promise<void>;
}

interface Late {
  /** Whether the value, unless the server itself fails, will be told with status 200. Asked again and again. */
  isCertain: () => boolean;
  headers: () => Record<string, string>;
  /** Called when the client is gone. */
  leave: () => void;
}

/**
 * As soon as `value` is there, where that is soon; fails as it does. Once the status has been sent, a failure breaks
 * the body off, as that of an object that died: the Worker asks again (src/routes/until-whole.ts).
 */
export async function lateJson(value: Promise<object>, { isCertain, headers, leave }: Late): Promise<LateReply> {
  const first = await Promise.race([value, certainLater(value, isCertain)]);
  if (first) return { response: Response.json(first, { headers: headers() }), done: Promise.resolve() };
  const left = new AbortController();
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({
    start: (own) => {
      controller = own;
    },
    cancel: () => left.abort(),
  });
  const encoder = new TextEncoder();
  const write = (text: string) => {
    if (!left.signal.aborted) controller.enqueue(encoder.encode(text));
  };
  write(" ");
  const heart = setInterval(() => write(" "), streamLimits.heartbeatMs / 2);
  whenAborted(left.signal, () => {
    clearInterval(heart);
    leave();
  });
  const tell = async () => {
    try {
      write(JSON.stringify(await value));
      if (!left.signal.aborted) controller.close();
    } catch (thrown) {
      if (!left.signal.aborted) controller.error(thrown);
    } finally {
      clearInterval(heart);
    }
  };
  return {
    response: new Response(body, { headers: { ...headers(), "content-type": "application/json", [LATE]: "1" } }),
    done: tell(),
  };
}

/** Asks every half heartbeat, and resolves once the value is certain; where that is there before, never. */
function certainLater(value: Promise<object>, isCertain: () => boolean): Promise<undefined> {
  return new Promise((resolve) => {
    const asking = setInterval(() => {
      if (!isCertain()) return;
      clearInterval(asking);
      resolve(undefined);
    }, streamLimits.heartbeatMs / 2);
    const stop = () => clearInterval(asking);
    value.then(stop, stop);
  });
}
