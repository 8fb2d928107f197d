/** Names of streams and of their objects. */
import { randomBytes } from "node:crypto";
import type { Caller } from "../object-address.ts";
import { objectName } from "../shared/ids.ts";

type Secret = { SESSION_KEY: string };

/** A new stream's id; a request that is repeated with its key gets the same one. */
export const streamIdFor = (secret: Secret, { tenant, idempotencyKey }: Omit<Caller, "digest">): string =>
  `stream_${idempotencyKey === undefined ? randomBytes(16).toString("hex") : objectName(secret, tenant, `stream key\n${idempotencyKey}`)}`;

/** Name of a stream's object. No conversation can have it: their names have no space. */
export const streamObject = (secret: Secret, tenant: string, id: string): string =>
  objectName(secret, tenant, `stream ${id}`);
