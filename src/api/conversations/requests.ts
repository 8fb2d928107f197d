/** Requests of /v1/conversations. */
import { z } from "@hono/zod-openapi";
import { inputItem } from "../responses/input.ts";
import { includeQuery, intQuery, metadata, pageQuery } from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { recallField } from "../shared/recall.ts";
import { TTL_MAX_SECONDS } from "./prefix.ts";
import { searchText } from "./search.ts";

const ITEMS_MAX = 20;

const ttl = z.int().min(1).max(TTL_MAX_SECONDS).nullish().openapi({
  description: "Seconds from now after which the conversation is removed; null keeps it.",
});
const turnId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "expected the id of a turn: 16 hex digits")
  .openapi({ example: "0123456789abcdef" });

export const conversationPath = z.object({ id: conversationId });
export const itemPath = conversationPath.extend({ item: z.string().min(1).max(128) });

export const conversationCreate = z
  .strictObject({
    items: z.array(inputItem).max(ITEMS_MAX).nullish(),
    metadata: metadata.nullish(),
    ttl_seconds: ttl,
    recall: recallField,
    prefix: z.string().min(1).max(64).nullish().openapi({ description: "A shared prefix that it begins with." }),
    model: z.string().min(1).max(128).nullish().openapi({
      description: "Where several are served: the one it is for. Without it the first turn decides.",
    }),
  })
  .openapi("ConversationCreate");

export const conversationUpdate = z
  .strictObject({ metadata: metadata.nullish(), ttl_seconds: ttl, recall: recallField })
  .openapi("ConversationUpdate");

export const itemsCreate = z.strictObject({ items: z.array(inputItem).min(1).max(ITEMS_MAX) }).openapi("ItemsCreate");

export const forkRequest = z
  .strictObject({
    turn: turnId.nullish().openapi({ description: "Where it forks: null is the beginning, absent the last turn." }),
    metadata: metadata.nullish(),
  })
  .openapi("Fork");

export const rewindRequest = z
  .strictObject({ turn: turnId.nullable().openapi({ description: "Null is the beginning." }) })
  .openapi("Rewind");

export const listQuery = z.strictObject(pageQuery);
export const conversationsQuery = z.strictObject({
  ...pageQuery,
  query: searchText.optional().openapi({
    description:
      "Leaves out conversations of the page that it does not fit, by their metadata or by what was said in them. `last_id` is the last one that was looked through.",
  }),
});
export const itemsQuery = z.strictObject({ ...pageQuery, ...includeQuery });
export const itemQuery = z.strictObject(includeQuery);
export const turnsQuery = z.strictObject({
  all: z.enum(["true", "false"]).optional().openapi({ description: "Of the whole family, not only this one's past." }),
  limit: intQuery(1, 100).optional(),
  after: turnId.optional(),
});
