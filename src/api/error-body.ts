/** The one shape of every error that a caller sees, in OpenAI's form. */
import { type Failure, failures } from "../core/failure.ts";

export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string };
}

/** Seconds after which a failure marked `later` is worth another try. */
export const RETRY_AFTER_SECONDS = 5;

export function errorBody(failure: Failure): ErrorBody {
  const { code, param } = failure;
  // The text of a bug may hold anything; only its name goes out.
  const message = code === "bug" ? "internal error" : failure.message;
  return { error: { message, type: failures[code].type, param, code } };
}

export function errorResponse(failure: Failure): Response {
  const { status, retry } = failures[failure.code];
  const headers = new Headers(retry === "later" ? { "retry-after": String(RETRY_AFTER_SECONDS) } : {});
  return Response.json(errorBody(failure), { status, headers });
}
