/** The Failure that a piece of work ends in; anything else is an error of the test. */
import { Failure } from "../../src/core/failure.ts";

export function failureOf(work: () => unknown): Failure {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown;
    throw thrown;
  }
  throw new Error("expected a failure, got none");
}

export async function failureIn(work: Promise<unknown>): Promise<Failure> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown === undefined) throw new Error("expected a failure, got none");
  if (thrown instanceof Failure) return thrown;
  throw thrown;
}
