/** Who calls, and which conversation they mean. */

import { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { conversationId } from "../api/ids.ts";
import { parse } from "../api/parse-body.ts";
import { Failure } from "../core/failure.ts";

const KEY_LINE = /^([\w.-]{1,64}):([0-9a-f]{64})$/;

/** The tenant of the request's key. Without configured keys everybody is the tenant "local". Fails with `unauthorized`. */
export function tenantOf(request: Request, { API_KEYS }: { API_KEYS: string }): string {
  const lines = API_KEYS.split(/[\s,]+/).filter(Boolean);
  if (lines.length === 0) return "local";
  const [, key] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  const given = createHash("sha256")
    .update(key ?? "")
    .digest();
  let tenant: string | undefined;
  // Every line is compared, so that time tells nothing.
  for (const line of lines) {
    const [, name, digest] = KEY_LINE.exec(line) ?? [];
    if (!name || !digest) throw new Failure("bug", "API_KEYS: expected tenant:sha256 in hex, separated by commas");
    if (timingSafeEqual(given, Uint8Array.from(Buffer.from(digest, "hex")))) tenant = name;
  }
  if (key === undefined || tenant === undefined)
    throw new Failure("unauthorized", "authorization: expected Bearer and a valid key", { param: "authorization" });
  return tenant;
}

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
