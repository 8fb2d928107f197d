/** Where a request goes on: which object, and which turn or head in it. */
import type { ChatRequest } from "./chat/request.ts";
import type { Referred } from "./conversations/item-references.ts";
import { prefixObject } from "./conversations/prefix.ts";
import type { ResponseRequest } from "./responses/request.ts";
import { MAIN, newConversation, objectName, type Secret, splitConversation, turnNamed } from "./shared/ids.ts";
import type { TurnRequest } from "./shared/turn.ts";

export interface Caller {
  tenant: string;
  /** Of the caller's key; "" where nobody needs one. */
  digest: string;
  /** Of the request's `Idempotency-Key`. */
  idempotencyKey?: string;
}

export interface ObjectAddress {
  object: string;
  /** The conversation as its client knows it. */
  conversation?: string;
  /** What the turn must know of it. */
  turn: Pick<TurnRequest, "persistent"> &
    Partial<Pick<TurnRequest, "conversation" | "head" | "parent" | "near" | "unmatched" | "isWhole" | "ttlSeconds">>;
}

/**
 * Objects that answer without keeping anything. Few, so that the weights in them stay warm, and an object
 * for each request is never made.
 */
const STATELESS_OBJECTS = 8;

export const statelessName = (n: number): string => `stateless-${n}`;
export const anyName = (): string => statelessName(Math.floor(Math.random() * STATELESS_OBJECTS));

/** Where nothing is kept; what begins with a prefix finds its state in the object of that prefix. */
const nowhere = (
  secret: Secret,
  { tenant }: Pick<Caller, "tenant">,
  prefix: string | null | undefined,
): ObjectAddress => ({
  object: prefix ? prefixObject(secret, tenant, prefix) : anyName(),
  turn: { persistent: false, ...(prefix ? { parent: null } : {}) },
});

/** In a conversation that its client named; it begins when nothing has that name. */
export function inConversation(
  secret: Secret,
  { tenant }: Pick<Caller, "tenant">,
  conversation: string,
): ObjectAddress {
  const { root, head } = splitConversation(conversation);
  const object = objectName(secret, tenant, root);
  return { object, conversation, turn: { persistent: true, conversation, head } };
}

/**
 * In an object of its own, that only ids of turns lead to. A request that is repeated with
 * its key comes to the same one.
 */
function inNewObject(secret: Secret, { tenant, idempotencyKey }: Omit<Caller, "digest">): ObjectAddress {
  // No client can choose this name: it has a line break.
  const root = idempotencyKey === undefined ? newConversation() : `key\n${idempotencyKey}`;
  return { object: objectName(secret, tenant, root), turn: { persistent: true, parent: null } };
}

/** The name of a new conversation; a request that is repeated with its key gets the same one. */
export function conversationFor(secret: Secret, { tenant, idempotencyKey }: Omit<Caller, "digest">): string {
  return idempotencyKey === undefined
    ? newConversation()
    : `conv_${objectName(secret, tenant, `conversation\n${idempotencyKey}`)}`;
}

/** A reply that belongs nowhere is kept this long for whoever repeats its request. */
const REPEAT_SECONDS = 24 * 60 * 60;

/**
 * `session`: what the request names in its body or a header. A reply with a key is kept,
 * for whoever repeats the request.
 */
export function chatAddress(
  secret: Secret,
  caller: Omit<Caller, "digest">,
  session: string | undefined,
  { store, prefix }: Pick<ChatRequest, "store" | "prefix">,
): ObjectAddress {
  if (session !== undefined) return inConversation(secret, caller, session);
  if (store) return inNewObject(secret, caller);
  if (caller.idempotencyKey === undefined) return nowhere(secret, caller, prefix);
  const { object } = inNewObject(secret, caller);
  return { object, turn: { persistent: true, head: MAIN, ttlSeconds: REPEAT_SECONDS } };
}

/** `referred`: a turn that the input's items belong to. Fails with `not_found` when `previous_response_id` is no id. */
export function responseAddress(
  secret: Secret,
  caller: Omit<Caller, "digest">,
  body: Pick<ResponseRequest, "previous_response_id" | "conversation" | "store" | "prefix">,
  referred?: Referred,
): ObjectAddress {
  const { previous_response_id: previous, conversation, store, prefix } = body;
  if (previous != null) {
    const { object, turn } = turnNamed(previous, "previous_response_id");
    return { object, turn: { persistent: store !== false, parent: turn } };
  }
  if (conversation != null) {
    const address = inConversation(secret, caller, typeof conversation === "string" ? conversation : conversation.id);
    return store === false ? { ...address, turn: { ...address.turn, persistent: false } } : address;
  }
  // Items that it names by their ids say where its dialogue is. One that was changed since begins anew there.
  if (referred) {
    const { object, turn: near, isWhole } = referred;
    const turn = { persistent: store !== false, near, unmatched: "anew" as const };
    return { object, turn: isWhole ? { ...turn, isWhole } : turn };
  }
  return store === false ? nowhere(secret, caller, prefix) : inNewObject(secret, caller);
}
