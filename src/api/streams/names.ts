/** Names of streams and of their objects. */
import { randomBytes } from "node:crypto";
import { objectName, type Secret } from "../shared/ids.ts";

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

/**
 * Names of streams' objects that were asked for last, by secret, tenant and id: computing one takes
 * as long as a tenth of a value.
 */
const names = new Map<string, string>();
const NAMES_MAX = 20_000;

/** Name of a stream's object. No conversation can have it: their names have no space. */
export function streamObject(secret: Secret, tenant: string, id: string): string {
  const key = `${secret.SESSION_KEY}\n${tenant}\n${id}`;
  const known = names.get(key);
  if (known !== undefined) return known;
  const name = objectName(secret, tenant, `stream ${id}`);
  if (names.size >= NAMES_MAX) names.clear();
  names.set(key, name);
  return name;
}
