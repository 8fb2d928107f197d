/** Turns, forks and rewinds: conversations as a tree whose every node has its state. Not in OpenAI's API. */
import {
  conversationReply,
  type HeadView,
  list,
  listOf,
  shownConversation,
  shownTurn,
  type TurnView,
  turnReply,
} from "../api/conversations/replies.ts";
import { conversationPath, forkRequest, rewindRequest, turnsQuery } from "../api/conversations/requests.ts";
import { inConversation } from "../api/object-address.ts";
import { splitConversation } from "../api/shared/ids.ts";
import { answerOfHead } from "./conversations.ts";
import { endpoint } from "./endpoint.ts";

const about = { tag: "Conversations", params: conversationPath };

export const branches = [
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/conversations/{id}/fork",
      operationId: "forkConversation",
      summary: "Fork a conversation at any of its turns",
      description:
        "No state is copied: both conversations continue from the state after that turn. It writes a few rows, however long the conversation is.",
      body: forkRequest,
      replies: { 200: { description: "The new conversation.", schema: conversationReply } },
    },
    async (c, { caller, path: { id }, body }) => {
      const fork = {
        ...(body.turn === undefined ? {} : { at: body.turn }),
        ...(body.metadata ? { metadata: body.metadata } : {}),
      };
      const made = await answerOfHead<HeadView>(c, caller, id, () => "/head", { method: "POST", body: fork });
      return c.json(shownConversation(made.conversation!, made));
    },
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/conversations/{id}/rewind",
      operationId: "rewindConversation",
      summary: "Rewind a conversation to an earlier turn",
      description:
        "Later turns remain in the conversation tree: they can be forked from, and their replies can be requested.",
      body: rewindRequest,
      replies: { 200: { description: "The conversation after the rewind.", schema: conversationReply } },
    },
    async (c, { caller, path: { id }, body }) => {
      const init = { method: "POST", body: { to: body.turn } };
      const head = await answerOfHead<HeadView>(c, caller, id, (at) => `/head/${at}/rewind`, init);
      return c.json(shownConversation(id, head));
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/conversations/{id}/turns",
      operationId: "listTurns",
      summary: "List a conversation's turns, oldest first",
      query: turnsQuery,
      replies: { 200: { description: "A page of the list.", schema: listOf(turnReply, "TurnList") } },
    },
    async (c, { caller, path: { id }, query: { all, limit = 20, after } }) => {
      const { object } = inConversation(c.env, caller, id);
      const { root } = splitConversation(id);
      const asked = (head: string) => {
        const query = new URLSearchParams({ limit: String(limit), running: "true" });
        if (all !== "true") query.set("head", head);
        if (after !== undefined) query.set("after", after);
        return `/turns?${query}`;
      };
      const { turns, hasMore } = await answerOfHead<{ turns: TurnView[]; hasMore: boolean }>(c, caller, id, asked);
      return c.json(
        list(
          turns.map((turn) => shownTurn(turn, object, root)),
          hasMore,
        ),
      );
    },
  ),
];
