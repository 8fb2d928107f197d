/** The one shape of every error that a caller sees, in OpenAI's form. */
import * as z from "zod";
import "./openapi.ts";
import { Failure, type FailureCode, failures } from "../../core/failure.ts";
import { metrics } from "../../core/metrics.ts";

export const errorReply = z
  .object({
    error: z.object({
      message: z
        .string()
        .openapi({ description: "Names the field at fault, what was expected, and what was received." }),
      type: z.string(),
      param: z
        .string()
        .nullable()
        .openapi({ description: "The request field that caused the error.", example: "messages[0].role" }),
      code: z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]),
    }),
  })
  .openapi("Error");

export type ErrorBody = z.infer<typeof errorReply>;

/** Seconds after which a failure marked `later` is worth another try. */
const RETRY_AFTER_SECONDS = 5;

export function errorBody(failure: Failure): ErrorBody {
  const { code, param } = failure;
  // The text of a bug may hold anything; only its name goes out.
  const message = code === "bug" ? "internal error" : failure.message;
  return { error: { message, type: failures[code].type, param, code } };
}

export function errorResponse(failure: Failure): Response {
  const { status, retry } = failures[failure.code];
  metrics.errors.add(1, { code: failure.code });
  const headers = new Headers(
    retry === "later" ? { "retry-after": String(failure.afterSeconds ?? RETRY_AFTER_SECONDS) } : {},
  );
  return Response.json(errorBody(failure), { status, headers });
}

/**
 * What another object answered as JSON: its value, or thrown as the failure that it was there. The one
 * way back from `errorResponse`.
 */
export async function answerOf<T>(response: Response): Promise<T> {
  const answer = (await response.json()) as T & Partial<ErrorBody>;
  if (!response.ok) throw Failure.from(answer.error);
  return answer;
}
