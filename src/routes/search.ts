/**
 * GET /v1/conversations/{id}/search: what was said in one conversation. All of a caller's are searched by their list.
 */
import { conversationPath } from "../api/conversations/requests.ts";
import { searchQuery, searchReply, shownHit } from "../api/conversations/search.ts";
import { inConversation } from "../api/object-address.ts";
import { searchedIn } from "./conversations.ts";
import { endpoint } from "./endpoint.ts";

export const search = [
  endpoint(
    {
      tag: "Conversations",
      params: conversationPath,
      method: "get",
      path: "/v1/conversations/{id}/search",
      operationId: "searchConversation",
      summary: "Search a conversation",
      description:
        "Searches the conversation's own history only: a fork does not find what was said in another fork. The best matches come first; equal ones are ordered newest first.",
      query: searchQuery,
      replies: { 200: { description: "Passages that contain words of the query.", schema: searchReply } },
    },
    async (c, { caller, path: { id }, query: { q, limit = 20 } }) => {
      const { object } = inConversation(c.env, caller, id);
      const { hits, hasMore } = await searchedIn(c, caller, id, q, limit);
      return c.json({ object: "list" as const, data: hits.map((hit) => shownHit(hit, object)), has_more: hasMore });
    },
  ),
];
