/** GET /v1/conversations/{id}/search: what was said in one conversation. All of a caller's are searched by their list. */
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
      summary: "Find what was said in it",
      description:
        "In its own past only: a fork does not find what was said on another one. Best hits first, newer ones before older ones.",
      query: searchQuery,
      replies: { 200: { description: "Passages with words of the query.", schema: searchReply } },
    },
    async (c, { caller, path: { id }, query: { q, limit = 20 } }) => {
      const { object } = inConversation(c.env, caller, id);
      const { hits, hasMore } = await searchedIn(c, caller, id, q, limit);
      return c.json({ object: "list" as const, data: hits.map((hit) => shownHit(hit, object)), has_more: hasMore });
    },
  ),
];
