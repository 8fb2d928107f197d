/** The one place where an object turns whatever was thrown into a failure that a caller may see. */
import { errorResponse } from "../../src/api/shared/error-body.ts";
import { Failure } from "../../src/core/failure.ts";

/** Gives the failure a name, and writes to the log what must not go out: the cause, or the stack of a bug. */
export function logFailure(thrown: unknown): Failure {
  const failure = Failure.from(thrown);
  if (failure.code === "bug" || failure.cause)
    console.error(failure.code, failure.message, failure.cause ?? failure.stack);
  return failure;
}

export const failureResponse = (thrown: unknown): Response => errorResponse(logFailure(thrown));
