/** call: one request to an object, and what the platform's own refusals mean to a caller. */
import { Failure, isStorageFull, storageFull } from "../core/failure.ts";

/** What the platform adds to an error of an object that it could not reach or had to stop. */
interface PlatformError {
  overloaded?: boolean;
  retryable?: boolean;
  durableObjectReset?: boolean;
  /** It is being started again (durable-objects/platform/peers.ts). */
  isRestarting?: boolean;
}

/**
 * All that the platform says of a failure of its own, such as a commit for which there was no room: the object is
 * reset, and says more when it is asked again.
 */
const isPlatformFailure = (thrown: unknown): boolean =>
  /^internal error; reference = /.test((thrown as Error | undefined)?.message ?? "");

/** A reset object is back in moments; the wait keeps many callers from coming at once. */
const RETRY_MS = 100;
/** A process that was killed takes longer. */
const RESTARTING_TRIES = 60;

/**
 * Asks once more, by a new stub, when the platform says that it may help, and for some seconds where a process is
 * started again: turns carry an id, so that none is run twice. Fails with `busy` when the object is overloaded,
 * `storage_full` when it could not store anything, `storage_unavailable` when it was reset: nothing was acknowledged.
 */
export async function call(
  stub: () => Pick<DurableObjectStub, "fetch">,
  path: string,
  init: RequestInit,
): Promise<Response> {
  for (let tries = 1; ; tries++) {
    try {
      const response = await stub().fetch(`http://conversation${path}`, init);
      // A fresh Response: headers of one from elsewhere cannot be added to.
      return new Response(response.body, response);
    } catch (thrown) {
      const { overloaded, durableObjectReset, isRestarting, ...known } = (thrown ?? {}) as PlatformError;
      const retryable = known.retryable || isPlatformFailure(thrown);
      if (isStorageFull(thrown)) throw storageFull(thrown);
      if (overloaded) throw new Failure("busy", "too many requests for this conversation at once", { cause: thrown });
      // A body that streams has been read.
      if (retryable && tries <= (isRestarting ? RESTARTING_TRIES : 1) && !(init.body instanceof ReadableStream))
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS * (1 + Math.random())));
      else if (retryable || durableObjectReset)
        throw new Failure(
          "storage_unavailable",
          "the conversation's object was restarted before it answered; try again",
          { cause: thrown },
        );
      else throw thrown;
    }
  }
}

/**
 * A WebSocket of the caller's to an object, which is told whose it is: the reply that switches the
 * protocol, or the object's refusal.
 */
export async function joinSocket(
  stub: Pick<DurableObjectStub, "fetch">,
  path: string,
  { tenant, digest }: { tenant: string; digest: string },
): Promise<Response> {
  const headers = { upgrade: "websocket", "x-rivulet-tenant": tenant, "x-rivulet-key": digest };
  const answer = await stub.fetch(`http://object${path}`, { headers });
  if (!answer.webSocket) return new Response(answer.body, answer);
  return new Response(null, { status: 101, webSocket: answer.webSocket });
}
