/**
 * outcomeFrom: what an object answers by RPC, or its failure; and what the platform's own refusals mean to a caller.
 */
import type { Outcome } from "../../durable-objects/platform/outcome.ts";
import { Failure, isStorageFull, storageFull } from "../core/failure.ts";

/** Fails as the object does, with `busy` when it is overloaded, and with `storage_unavailable` when it was reset. */
export async function outcomeFrom<T>(answer: Promise<Outcome<T>>): Promise<T> {
  const outcome = await answer.catch((thrown: unknown) => {
    const { overloaded, retryable, durableObjectReset } = (thrown ?? {}) as Record<string, boolean | undefined>;
    if (isStorageFull(thrown)) throw storageFull(thrown);
    if (overloaded) throw new Failure("busy", "too many requests for this stream at once", { cause: thrown });
    if (retryable || durableObjectReset)
      throw new Failure("storage_unavailable", "the stream's object was restarted before it answered; try again", {
        cause: thrown,
      });
    throw thrown;
  });
  if ("failure" in outcome) throw Failure.from(outcome.failure);
  return outcome.value;
}
