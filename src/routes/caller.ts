/** What a request says of itself beside its body: which conversation it means, and its key against repetition. */

import * as z from "zod";
import { conversationId } from "../api/shared/ids.ts";
import { parse } from "../api/shared/parse-body.ts";
import { Failure } from "../core/failure.ts";

const sessionHeaders = ["x-session-id", "x-session-affinity", "session_id"] as const;

/** The id of the persistent session that the request names, if any. */
export function sessionOf(
  request: Request,
  conversation: string | { id: string } | null | undefined,
): string | undefined {
  if (conversation != null) return typeof conversation === "string" ? conversation : conversation.id;
  for (const header of sessionHeaders) {
    const value = request.headers.get(header);
    if (value !== null) return parse({ [header]: value }, z.object({ [header]: conversationId }))[header];
  }
  return undefined;
}

const KEY = /^[!-~]{1,256}$/;

/** The request's `Idempotency-Key`: a structured field's string, or bare. Fails with `request_invalid`. */
export function idempotencyKeyOf(request: Request): string | undefined {
  const given = request.headers.get("idempotency-key");
  if (given === null) return undefined;
  const key = /^"(.*)"$/.exec(given)?.[1] ?? given;
  if (KEY.test(key)) return key;
  throw new Failure("request_invalid", "idempotency-key: expected 1 to 256 visible ASCII characters", {
    param: "idempotency-key",
  });
}
