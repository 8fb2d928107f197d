/** call: one request to a conversation's object, and what the platform's own refusals mean to a caller. */
import { Failure } from "../core/failure.ts";

/** What the platform adds to an error of an object that it could not reach or had to stop. */
interface PlatformError {
  overloaded?: boolean;
  retryable?: boolean;
  durableObjectReset?: boolean;
}

/** Fails with `busy` when the object is overloaded, `storage_unavailable` when it was reset: nothing was acknowledged. */
export async function call(object: DurableObjectStub, path: string, init: RequestInit): Promise<Response> {
  try {
    const response = await object.fetch(`http://conversation${path}`, init);
    // A fresh Response: headers of one from elsewhere cannot be added to.
    return new Response(response.body, response);
  } catch (thrown) {
    const { overloaded, retryable, durableObjectReset } = (thrown ?? {}) as PlatformError;
    if (overloaded) throw new Failure("busy", "too many requests for this conversation at once", { cause: thrown });
    if (retryable || durableObjectReset)
      throw new Failure("storage_unavailable", "the conversation was moved; try again", { cause: thrown });
    throw thrown;
  }
}
