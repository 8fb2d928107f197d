/** Errors as Anthropic's clients know them: its envelope and its types around what every error here says. */
import * as z from "zod";
import "../shared/openapi.ts";
import { type FailureCode, failures } from "../../core/failure.ts";
import type { ErrorBody } from "../shared/error-body.ts";

const types: Record<number, string> = {
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  409: "conflict_error",
  413: "request_too_large",
  429: "rate_limit_error",
};

export const messageErrorReply = z
  .object({
    type: z.literal("error"),
    error: z.object({
      type: z.string().openapi({ description: "The class of the error, in Anthropic's terms." }),
      message: z
        .string()
        .openapi({ description: "Names the field at fault, what was expected, and what was received." }),
      param: z.string().nullable().openapi({ description: "The request field that caused the error." }),
      code: z.enum(Object.keys(failures) as [FailureCode, ...FailureCode[]]),
      details: z
        .object({ error_code: z.literal("thread_not_found") })
        .optional()
        .openapi({ description: "Present if a thread's state is missing." }),
    }),
  })
  .openapi("MessageError");

const THREAD = "thread.previous_message_id";

/** An error of ours with Anthropic's type. Its clients begin a thread that is gone anew where the details say so. */
export function messageError({ code, message, param }: ErrorBody["error"]) {
  const { status, type } = failures[code] ?? failures.bug;
  const other = status < 500 ? "invalid_request_error" : type === "overloaded_error" ? type : "api_error";
  const error = { type: types[status] ?? other, message, param, code };
  // What a turn goes on from has this name in the object, whoever asks.
  const isThread = code === "not_found" && (param === THREAD || param === "previous_response_id");
  if (!isThread) return error;
  return {
    ...error,
    message: `${THREAD}: no such message`,
    param: THREAD,
    details: { error_code: "thread_not_found" },
  };
}
