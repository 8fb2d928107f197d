/** Requests of /v1/conversations. */
import * as z from "zod";
import "../shared/openapi.ts";
import { inputItem } from "../responses/input.ts";
import { includeQuery, intQuery, metadata, pageQuery, prefixField } from "../shared/fields.ts";
import { conversationId } from "../shared/ids.ts";
import { recallField } from "../shared/recall.ts";
import { TTL_MAX_SECONDS } from "./prefix.ts";
import { searchText } from "./search.ts";

const ITEMS_MAX = 20;

const ttl = z.int().min(1).max(TTL_MAX_SECONDS).nullish().openapi({
  description: "The conversation is removed this many seconds from now; null keeps it.",
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
    prefix: prefixField,
    model: z.string().min(1).max(128).nullish().openapi({
      description: "The conversation's model, if several are served. The default is the model of its first turn.",
    }),
  })
  .openapi("ConversationCreate");

export const conversationUpdate = z
  .strictObject({ metadata: metadata.nullish(), ttl_seconds: ttl, recall: recallField })
  .openapi("ConversationUpdate");

export const itemsCreate = z.strictObject({ items: z.array(inputItem).min(1).max(ITEMS_MAX) }).openapi("ItemsCreate");

export const forkRequest = z
  .strictObject({
    turn: turnId
      .nullish()
      .openapi({ description: "The turn to fork at; null means the beginning. The default is the last turn." }),
    metadata: metadata.nullish(),
  })
  .openapi("Fork");

export const rewindRequest = z
  .strictObject({
    turn: turnId.nullable().openapi({ description: "The turn to go back to; null means the beginning." }),
  })
  .openapi("Rewind");

export const listQuery = z.strictObject(pageQuery);
export const conversationsQuery = z.strictObject({
  ...pageQuery,
  query: searchText.optional().openapi({
    description:
      "Leaves out conversations on this page whose metadata and text do not match. `last_id` is the last conversation that was searched.",
  }),
});
export const itemsQuery = z.strictObject({ ...pageQuery, ...includeQuery });
export const itemQuery = z.strictObject(includeQuery);
export const turnsQuery = z.strictObject({
  all: z.enum(["true", "false"]).optional().openapi({
    description: "Whether to list all turns of the conversation tree, not only this conversation's history.",
  }),
  limit: intQuery(1, 100).optional(),
  after: turnId.optional(),
});
