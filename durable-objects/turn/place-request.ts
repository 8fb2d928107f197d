/**
 * placeRequest: the turn of the tree that a request continues, and whether its client may continue there.
 *
 * A request names a response, or a conversation whose head stands somewhere, or it tells a history that is
 * looked for (match-history.ts).
 */
import { MAIN } from "../../src/api/shared/ids.ts";
import type { RecallMode, TurnRequest } from "../../src/api/shared/turn.ts";
import { check } from "../../src/core/failure.ts";
import type { Served } from "../../src/dialogue/load.ts";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { noSuchConversation } from "../storage/heads.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import { noSuchResponse } from "../storage/turn-tree.ts";
import { checkGoesOn } from "./another-pack.ts";
import { afterTail, appended, type Continuation, continuation } from "./match-history.ts";

export interface PlacedRequest {
  request: TurnRequest;
  /** Absent: nothing is kept, and there is nothing to go on from. */
  store: ConversationStore | undefined;
  /** Where its head stands. */
  tip: string | null;
  /** Not the plain next turn of its head. */
  moved: boolean;
  story: Continuation;
  /** What the conversation says of recall. */
  recall?: RecallMode | undefined;
}

/** Fails with `not_found`, `model_changed` or `conversation_conflict`. */
export function placeRequest(
  request: TurnRequest,
  served: Served,
  store: ConversationStore | undefined,
): PlacedRequest {
  const identity = store?.identity();
  if (!store || !identity)
    return { request, store, tip: null, moved: true, story: appended(undefined, request.messages) };
  // Another tenant's conversation does not exist.
  if (identity.owner !== request.tenant && typeof request.parent === "string") throw noSuchResponse();
  if (identity.owner !== request.tenant) throw noSuchConversation();
  const head = request.head === undefined ? undefined : store.heads.get(request.head);
  check(
    head || request.head === undefined || request.head === MAIN,
    "not_found",
    () => "conversation: no such fork",
    "conversation",
  );
  const tip = turnOf(store, head?.turn);
  const story = storyOf(request, store, tip);
  checkGoesOn(store, story.parent, served);
  const elsewhere = request.head !== undefined && story.parent?.id !== tip?.id;
  return {
    request,
    store,
    tip: tip?.id ?? null,
    moved: !story.parent || elsewhere || (head?.moved ?? false),
    story,
    recall: head?.recall,
  };
}

/** Behind a shared prefix that another pack has read, as it will be once this one has: only to count. */
export function placeBehind(
  request: TurnRequest,
  { prompt }: Served,
  store: ConversationStore,
  prefix: StoredTurn,
): PlacedRequest {
  const { length: logged } = prompt.system(prefix.request.messages[0]!.content);
  const story = after(store, { ...prefix, reply: null, start: 0, logged }, request.messages);
  return { request, store, tip: null, moved: true, story };
}

function storyOf(request: TurnRequest, store: ConversationStore, tip: StoredTurn | undefined): Continuation {
  const { parent, near, prefix, feedOnly, messages } = request;
  if (parent === undefined) return continuation(store.tree, near === undefined ? tip : turnOf(store, near), request);
  if (parent !== null) return after(store, namedTurn(store, parent), messages);
  return after(store, turnOf(store, prefix === undefined || feedOnly ? null : prefixOf(store)), messages);
}

/** The turn that the tree's shared prefix is. */
const prefixOf = (store: ConversationStore): string | null =>
  store.tree.all().findLast(({ parent, status }) => parent === null && status === "completed")?.id ?? null;

/** Behind a turn that the request names. A client may send again what it followed. */
const after = (store: ConversationStore, parent: StoredTurn | undefined, messages: Message[]): Continuation =>
  appended(parent, (parent && afterTail(store.tree, parent, messages)) ?? messages);

/** Fails with `not_found`. */
function turnOf(store: ConversationStore, id: string | null | undefined): StoredTurn | undefined {
  if (id === null || id === undefined) return undefined;
  const turn = store.tree.turn(id);
  const there = turn && turn.status !== "failed" && (turn.reply === null || turn.logged > turn.start);
  if (!there) throw noSuchResponse();
  return turn;
}

/**
 * A turn that a request names: one that was deleted stays only as the past of those behind it. Fails with `not_found`.
 */
function namedTurn(store: ConversationStore, id: string): StoredTurn | undefined {
  const turn = turnOf(store, id);
  if (turn?.hidden) throw noSuchResponse();
  return turn;
}
