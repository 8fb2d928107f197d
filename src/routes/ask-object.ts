/** askObject: one request to a conversation's object, in its caller's name. */
import type { Context } from "hono";
import type { Caller, ObjectAddress } from "../api/object-address.ts";
import { newTurnId } from "../api/shared/ids.ts";
import type { TurnRequest } from "../api/shared/turn.ts";
import { call } from "./call.ts";
import type { Bindings } from "./endpoint.ts";

export type Addressee = Caller & Pick<ObjectAddress, "object" | "conversation">;

/** Its reply as it is, failures too. */
export function askObject(
  c: Context<Bindings>,
  { tenant, idempotencyKey, object, conversation }: Addressee,
  path: string,
  init: { method?: string; body?: object | ReadableStream<Uint8Array> } = {},
): Promise<Response> {
  const { body } = init;
  const headers = new Headers({ "x-rivulet-tenant": tenant });
  if (conversation !== undefined) headers.set("x-rivulet-conversation", conversation);
  if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
  return call(() => c.env.CONVERSATION.getByName(object), path, {
    method: init.method ?? "GET",
    headers,
    signal: c.req.raw.signal,
    ...(body ? { body: body instanceof ReadableStream ? body : JSON.stringify(body) } : {}),
  });
}

/** Runs a turn there. */
export const runTurn = (
  c: Context<Bindings>,
  caller: Caller,
  { turn: where, ...place }: ObjectAddress,
  turn: Omit<TurnRequest, "tenant" | "persistent">,
): Promise<Response> => {
  const { tenant, idempotencyKey } = caller;
  // Either makes a call that is repeated find the turn that the first one began.
  const once = idempotencyKey === undefined ? { id: newTurnId() } : { idempotencyKey };
  const body: TurnRequest = { ...turn, ...where, tenant, ...once };
  return askObject(c, { ...caller, ...place }, "/turn", { method: "POST", body });
};
