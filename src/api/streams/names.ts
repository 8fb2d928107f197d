/** Names of streams and of their objects. */
import { randomBytes } from "node:crypto";
import { objectName } from "../shared/ids.ts";

type Secret = { SESSION_KEY: string };

/** A new stream's id; a request that is repeated with its key gets the same one. */
export function streamIdFor(
  secret: Secret,
  { tenant, idempotencyKey }: { tenant: string; idempotencyKey?: string | undefined },
  /** What the request does, and with what: one key may serve several kinds of requests. */
  what: string,
): string {
  const own =
    idempotencyKey === undefined ? undefined : objectName(secret, tenant, `stream ${what}\n${idempotencyKey}`);
  return `stream_${own ?? randomBytes(16).toString("hex")}`;
}

/** Name of a stream's object. No conversation can have it: their names have no space. */
export const streamObject = (secret: Secret, tenant: string, id: string): string =>
  objectName(secret, tenant, `stream ${id}`);
