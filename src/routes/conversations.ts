/**
 * /v1/conversations: what OpenAI has of them. Their state is the model's own; items are what was said in their turns.
 */

import type { Context } from "hono";
import type * as z from "zod";
import { listDirectory } from "../../durable-objects/directory/directory-client.ts";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import type { DirectoryEntry } from "../api/conversations/directory-entry.ts";
import type { AskTurns } from "../api/conversations/item-references.ts";
import {
  conversationReply,
  type HeadView,
  list,
  listOf,
  removed,
  shownConversation,
} from "../api/conversations/replies.ts";
import {
  conversationCreate,
  conversationPath,
  conversationsQuery,
  conversationUpdate,
} from "../api/conversations/requests.ts";
import { type SearchHit, shownHit } from "../api/conversations/search.ts";
import { type Caller, conversationFor, inConversation, type ObjectAddress } from "../api/object-address.ts";
import { messagesOf } from "../api/responses/input.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { recallMode } from "../api/shared/recall.ts";
import { Failure } from "../core/failure.ts";
import { askObject } from "./ask-object.ts";
import { type Bindings, endpoint } from "./endpoint.ts";

const tag = "Conversations";
const about = { tag, params: conversationPath };
const reply = { 200: { description: "The conversation.", schema: conversationReply } };

/** Turns of any object, in the caller's name. */
export const turnsOf =
  (c: Context<Bindings>, caller: Caller): AskTurns =>
  async (object, ids) =>
    answerOf(await askObject(c, { ...caller, object }, `/turns?ids=${ids.join()}`));

/** Asks about one conversation; `path` is given its head. */
export function askHead(
  c: Context<Bindings>,
  caller: Caller,
  id: string,
  path: (head: string) => string,
  init: { method?: string; body?: object; makes?: boolean } = {},
): Promise<Response> {
  const address = inConversation(c.env, caller, id);
  return askObject(c, { ...caller, ...address }, path(headOf(address)), init);
}

/** What the object says of one conversation. Fails as it does. */
export const answerOfHead = async <T>(...asked: Parameters<typeof askHead>): Promise<T> =>
  answerOf<T>(await askHead(...asked));

const headOf = ({ turn }: ObjectAddress): string => turn.head!;

/** `undefined` leaves things as they are. */
const changes = (body: z.infer<typeof conversationUpdate>) => ({
  ...(body.metadata === undefined ? {} : { metadata: body.metadata ?? {} }),
  ...(body.ttl_seconds === undefined ? {} : { ttlSeconds: body.ttl_seconds }),
  ...(body.recall === undefined ? {} : { recall: body.recall === null ? "auto" : recallMode(body.recall) }),
});

/** Passages of one conversation that hold words of a query. */
export const searchedIn = (c: Context<Bindings>, caller: Caller, id: string, q: string, limit: number) =>
  answerOfHead<{ hits: SearchHit[]; hasMore: boolean }>(
    c,
    caller,
    id,
    (head) => `/head/${head}/search?${new URLSearchParams({ q, limit: String(limit) })}`,
  );

const HITS_OF_EACH = 3;
/** Objects that are asked at a time. */
const AT_A_TIME = 6;

/** Of a page of the list, those that a query fits: by their metadata, or by what was said in them. */
async function fitting(c: Context<Bindings>, caller: Caller, entries: readonly DirectoryEntry[], query: string) {
  const found: z.infer<typeof conversationReply>[] = [];
  const look = async ({ id, info }: DirectoryEntry) => {
    const head = info as unknown as HeadView;
    const { object } = inConversation(c.env, caller, id);
    // One that was removed a moment ago is still listed.
    const gone = (thrown: unknown) => {
      if (Failure.from(thrown).code === "not_found") return { hits: [] };
      throw thrown;
    };
    const { hits } = await searchedIn(c, caller, id, query, HITS_OF_EACH).catch(gone);
    const isNamed = Object.values(head.metadata).some((value) => value.toLowerCase().includes(query.toLowerCase()));
    return hits.length === 0 && !isNamed
      ? []
      : [{ ...shownConversation(id, head), hits: hits.map((hit) => shownHit(hit, object)) }];
  };
  for (let at = 0; at < entries.length; at += AT_A_TIME)
    found.push(...(await Promise.all(entries.slice(at, at + AT_A_TIME).map(look))).flat());
  return found;
}

export const conversations = [
  endpoint(
    {
      method: "post",
      path: "/v1/conversations",
      operationId: "createConversation",
      tag,
      summary: "Create a conversation",
      body: conversationCreate,
      replies: reply,
    },
    async (c, { caller, body }) => {
      const id = conversationFor(c.env, caller);
      const { prefix, items, model } = body;
      if (model != null) await requireModel(c.env, model);
      // The items only tell two requests of one key apart.
      const make = {
        ...changes(body),
        ...(prefix ? { prefix } : {}),
        ...(items ? { items } : {}),
        ...(model ? { model } : {}),
      };
      let head = await answerOfHead<HeadView>(c, caller, id, (at) => `/head/${at}`, {
        method: "PUT",
        body: make,
        makes: true,
      });
      if (body.items && body.items.length > 0 && head.turn === null) {
        const messages = messagesOf(body.items);
        await answerOfHead(c, caller, id, (at) => `/head/${at}/messages`, { method: "POST", body: { messages } });
        head = await answerOfHead<HeadView>(c, caller, id, (at) => `/head/${at}`);
      }
      return c.json(shownConversation(id, head));
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/conversations",
      operationId: "listConversations",
      tag,
      summary: "List conversations",
      description:
        "In the order in which they were created. A conversation is listed from its first turn on; fields that change with each turn are as of the last change of its metadata.",
      query: conversationsQuery,
      replies: { 200: { description: "A page of the list.", schema: listOf(conversationReply, "ConversationList") } },
    },
    async (c, { tenant, caller, query: { query, ...page } }) => {
      const { entries, hasMore } = await listDirectory(c.env, tenant, { kind: "conversation", ...page });
      if (query !== undefined) {
        const found = await fitting(c, caller, entries, query);
        return c.json({ ...list(found, hasMore), last_id: entries.at(-1)?.id ?? null });
      }
      const shown = entries.map(({ id, info }) => shownConversation(id, info as unknown as HeadView));
      return c.json(list(shown, hasMore));
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/conversations/{id}",
      operationId: "retrieveConversation",
      summary: "Get a conversation",
      replies: reply,
    },
    async (c, { caller, path: { id } }) =>
      c.json(shownConversation(id, await answerOfHead<HeadView>(c, caller, id, (at) => `/head/${at}`))),
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/conversations/{id}",
      operationId: "updateConversation",
      summary: "Change a conversation's metadata or expiry",
      body: conversationUpdate,
      replies: reply,
    },
    async (c, { caller, path: { id }, body }) => {
      const init = { method: "POST", body: changes(body) };
      return c.json(shownConversation(id, await answerOfHead<HeadView>(c, caller, id, (at) => `/head/${at}`, init)));
    },
  ),
  endpoint(
    {
      ...about,
      method: "delete",
      path: "/v1/conversations/{id}",
      operationId: "deleteConversation",
      summary: "Delete a conversation and its state",
      description: "Its forks remain. A running turn is cancelled.",
      replies: { 200: { description: "It was deleted.", schema: removed("conversation.deleted") } },
    },
    async (c, { caller, path: { id } }) => {
      await answerOfHead(c, caller, id, (at) => `/head/${at}`, { method: "DELETE" });
      return c.json({ id, object: "conversation.deleted", deleted: true });
    },
  ),
];
