/** Shared prefixes on the wire: what a caller sends and gets, and what objects give each other. */
import * as z from "zod";
import "../shared/openapi.ts";
import type { ErrorBody } from "../shared/error-body.ts";
import { boolQuery, intQuery, text } from "../shared/fields.ts";
import { objectName, type Secret } from "../shared/ids.ts";

/** Held in memory while it is tokenized; and no model here takes more tokens than this has bytes. */
export const PREFIX_MAX_BYTES = 4 * 1024 * 1024;
/** Ten years. */
export const TTL_MAX_SECONDS = 10 * 365 * 24 * 3600;

export const prefixName = z
  .string()
  .regex(/^[\w.-]{1,64}$/, "expected 1 to 64 letters, digits, '_', '.', '-'")
  .openapi({ example: "manual" });

const ttlSeconds = z.int().min(1).max(TTL_MAX_SECONDS).openapi({
  description: "It is removed this many seconds after it was last used or changed. The default is to keep it forever.",
});

export const prefixRequest = z
  .strictObject({
    name: prefixName,
    text: text(PREFIX_MAX_BYTES).refine((value) => value.length > 0, "expected some text"),
    ttl_seconds: ttlSeconds.nullish(),
    model: z
      .string()
      .min(1)
      .max(128)
      .nullish()
      .openapi({ description: "The model that the prefix is for. The default is the default model." }),
  })
  .openapi("PrefixRequest");

/** Where the body is the text itself. */
export const prefixQuery = z.strictObject({
  name: prefixName.optional().openapi({ description: "The prefix's name, for a `text/plain` body." }),
  ttl_seconds: intQuery(1, TTL_MAX_SECONDS).optional(),
  model: z.string().min(1).max(128).optional().openapi({ description: "The prefix's name, for a `text/plain` body." }),
  stream: boolQuery.optional().openapi({ description: "Progress as server-sent events." }),
  background: boolQuery.optional().openapi({ description: "Returns at once." }),
});

export const prefixReply = z
  .strictObject({
    id: z.string(),
    object: z.literal("prefix"),
    status: z.enum(["in_progress", "completed", "failed"]),
    tokens: z.int(),
    tokens_done: z.int(),
    state_bytes: z.int(),
    created_at: z.int(),
    expires_at: z.int().nullable(),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  })
  .openapi("Prefix");

/** A prefix, as its object shows it. */
export interface PrefixView {
  name: string;
  status: z.infer<typeof prefixReply>["status"];
  tokens: number;
  tokensDone: number;
  stateBytes: number;
  createdMs: number;
  expiresMs: number | null;
  error: Pick<ErrorBody["error"], "code" | "message"> | null;
}

export const shownPrefix = (view: PrefixView): z.infer<typeof prefixReply> => ({
  id: view.name,
  object: "prefix",
  status: view.status,
  tokens: view.tokens,
  tokens_done: view.tokensDone,
  state_bytes: view.stateBytes,
  created_at: Math.floor(view.createdMs / 1000),
  expires_at: view.expiresMs === null ? null : Math.floor(view.expiresMs / 1000),
  error: view.error && { code: view.error.code, message: view.error.message },
});

/** Name of a prefix's object. No conversation can have it: their names have no space. */
export const prefixObject = (secret: Secret, tenant: string, name: string): string =>
  objectName(secret, tenant, `prefix ${name}`);
