/** Items of a conversation, and of a response's input: what was said, one by one. */
import type { Context } from "hono";
import { list, listOf, removed, type TurnView } from "../api/conversations/replies.ts";
import { conversationPath, itemPath, itemQuery, itemsCreate, itemsQuery } from "../api/conversations/requests.ts";
import { type Item, inputItem, item, turnItems } from "../api/conversations/turn-items.ts";
import { type Caller, inConversation } from "../api/object-address.ts";
import { messagesOf } from "../api/responses/input.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { FIRST_INPUT, itemNamed, turnNamed } from "../api/shared/ids.ts";
import { Failure } from "../core/failure.ts";
import { askObject } from "./ask-object.ts";
import { answerOfHead } from "./conversations.ts";
import { type Bindings, endpoint } from "./endpoint.ts";

const tag = "Conversations";
const itemList = listOf(item, "ItemList");
type Turns = { turns: TurnView[]; hasMore: boolean };

/** The turn, running or not, without asking for a conversation. Fails with `not_found`. */
async function turnOf(c: Context<Bindings>, caller: Caller, object: string, turn: string): Promise<TurnView> {
  const { turns } = await answerOf<Turns>(await askObject(c, { ...caller, object }, `/turns?ids=${turn}&running=true`));
  if (!turns[0]) throw new Failure("not_found", "id: no such turn", { param: "id" });
  return turns[0];
}

/** Fails with `not_found` when the item is in another conversation. */
async function itemOf(c: Context<Bindings>, caller: Caller, id: string, name: string): Promise<[Item, TurnView]> {
  const { object, turn } = itemNamed(name);
  const view = object === inConversation(c.env, caller, id).object ? await turnOf(c, caller, object, turn) : undefined;
  const found = view && turnItems(view, object).find((one) => one.id === name);
  if (!found) throw new Failure("not_found", "item_id: no such item", { param: "item_id" });
  return [found, view];
}

export const items = [
  endpoint(
    {
      method: "get",
      path: "/v1/conversations/{id}/items",
      operationId: "listItems",
      tag,
      summary: "List a conversation's items",
      params: conversationPath,
      query: itemsQuery,
      replies: { 200: { description: "A page of items.", schema: itemList } },
    },
    async (c, { caller, path: { id }, query: { limit = 20, order = "desc", after } }) => {
      const { object } = inConversation(c.env, caller, id);
      const found: Item[] = [];
      let from = after === undefined ? undefined : itemNamed(after, "after").turn;
      let seen = after === undefined;
      for (let more = true; more && found.length <= limit; ) {
        const query = new URLSearchParams({ order, limit: String(limit + 1), ...(from === undefined ? {} : { from }) });
        const page = await answerOfHead<Turns>(c, caller, id, (head) => `/turns?head=${head}&${query}`);
        more = page.hasMore;
        const turns = more ? page.turns.slice(0, -1) : page.turns;
        from = page.turns.at(-1)?.id;
        for (const turn of turns) {
          const said = turnItems(turn, object);
          for (const one of order === "desc" ? said.reverse() : said) {
            if (seen) found.push(one);
            seen ||= one.id === after;
          }
        }
      }
      if (!seen) throw new Failure("not_found", "after: no such item", { param: "after" });
      return c.json(list(found.slice(0, limit), found.length > limit));
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/conversations/{id}/items",
      operationId: "createItems",
      tag,
      summary: "Add items without requesting a reply",
      description: "They are computed with the next turn.",
      params: conversationPath,
      query: itemQuery,
      body: itemsCreate,
      replies: { 200: { description: "The new items.", schema: itemList } },
    },
    async (c, { caller, path: { id }, body }) => {
      const { object } = inConversation(c.env, caller, id);
      const init = { method: "POST", body: { messages: messagesOf(body.items) } };
      const turn = await answerOfHead<TurnView>(c, caller, id, (head) => `/head/${head}/messages`, init);
      return c.json(list(turnItems(turn, object), false));
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/conversations/{id}/items/{item}",
      operationId: "retrieveItem",
      tag,
      summary: "Get an item",
      params: itemPath,
      query: itemQuery,
      replies: { 200: { description: "The item.", schema: item } },
    },
    async (c, { caller, path }) => c.json((await itemOf(c, caller, path.id, path.item))[0]),
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/conversations/{id}/items/{item}",
      operationId: "deleteItem",
      tag,
      summary: "Delete the last item",
      description:
        "Only the last item can be deleted, and only before it was answered, because a state cannot forget what it has read. Use rewind or fork to go back further.",
      params: itemPath,
      replies: { 200: { description: "It was deleted.", schema: removed("conversation.item.deleted") } },
    },
    async (c, { caller, path }) => {
      const [, turn] = await itemOf(c, caller, path.id, path.item);
      if (turn.reply !== null || turn.messages.length !== 1) {
        const message = "item_id: what the model's state has read cannot be taken out; rewind or fork the conversation";
        throw new Failure("conversation_conflict", message, { param: "item_id" });
      }
      const { object } = itemNamed(path.item);
      await answerOf(await askObject(c, { ...caller, object }, `/turn/${turn.id}`, { method: "DELETE" }));
      return c.json({ id: path.item, object: "conversation.item.deleted", deleted: true });
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/responses/{id}/input_items",
      operationId: "listInputItems",
      tag: "Responses",
      summary: "List the input items of a response",
      description: "The items of the response's own request. Earlier items belong to earlier responses.",
      params: conversationPath,
      query: itemsQuery,
      replies: { 200: { description: "A page of items.", schema: itemList } },
    },
    async (c, { caller, path: { id }, query: { limit = 20, order = "desc", after } }) => {
      const { object, turn } = turnNamed(id);
      const { messages } = await turnOf(c, caller, object, turn);
      const said = messages.map((message, i) => inputItem(message, `${object}${turn}_${FIRST_INPUT + i}`));
      const all = order === "desc" ? said.reverse() : said;
      const from = after === undefined ? 0 : all.findIndex((one) => one.id === after) + 1;
      if (after !== undefined && from === 0) throw new Failure("not_found", "after: no such item", { param: "after" });
      return c.json(list(all.slice(from, from + limit), all.length > from + limit));
    },
  ),
];
