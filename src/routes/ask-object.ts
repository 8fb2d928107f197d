/** askObject: one request to a conversation's object, in its caller's name. */
import type { Context } from "hono";
import {
  allowTurn,
  type Begun,
  beginWith,
  forgetObject,
  nothingKept,
  requireObject,
} from "../../durable-objects/directory/allowance.ts";
import { requireRoom } from "../../durable-objects/directory/directory-client.ts";
import { conversationNamed } from "../../durable-objects/platform/peers.ts";
import { turnIdOf } from "../../durable-objects/turn/plan.ts";
import { prefixObject } from "../api/conversations/prefix.ts";
import { anyName, type Caller, type ObjectAddress } from "../api/object-address.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { MAIN, newTurnId } from "../api/shared/ids.ts";
import type { TurnRequest } from "../api/shared/turn.ts";
import { Failure } from "../core/failure.ts";
import { call } from "./call.ts";
import { earlyStream } from "./early-stream.ts";
import type { Bindings } from "./endpoint.ts";
import { untilWhole } from "./until-whole.ts";

type Addressee = Caller & Pick<ObjectAddress, "object" | "conversation">;

interface Asking {
  method?: string;
  body?: object | ReadableStream<Uint8Array>;
  /** The object may hold nothing yet. */
  makes?: boolean;
  /** What was allowed for this request already. */
  begun?: Begun;
}

/**
 * Its reply as it is, failures too. Fails with `not_found` where the object holds nothing, without asking
 * it: that alone would make one.
 */
export async function askObject(
  c: Context<Bindings>,
  { tenant, digest, idempotencyKey, object, conversation }: Addressee,
  path: string,
  { method = "GET", body, makes, begun: allowed }: Asking = {},
): Promise<Response> {
  const begun = allowed ?? (makes ? await beginWith(c.env, { tenant, digest }, object) : undefined);
  if (!begun) await requireObject(c.env, tenant, object, () => nothingKept("id"));
  const headers = new Headers({ "x-rivulet-tenant": tenant });
  if (conversation !== undefined) headers.set("x-rivulet-conversation", conversation);
  if (idempotencyKey !== undefined) headers.set("idempotency-key", idempotencyKey);
  const refused = (status: number) => begun && c.executionCtx.waitUntil(begun.undo(status));
  const init = {
    method,
    headers,
    signal: c.req.raw.signal,
    ...(body ? { body: body instanceof ReadableStream ? body : JSON.stringify(body) } : {}),
  };
  const ask = () => call(() => conversationNamed(c.env, object), path, init);
  const response = await ask().catch(async (thrown: unknown) => {
    refused(500);
    if (Failure.from(thrown).code === "storage_unavailable") await requireRoom(c.env, tenant);
    throw thrown;
  });
  if (response.status >= 400) refused(response.status);
  if (method === "DELETE") forgetObject(object);
  return untilWhole(response, ask);
}

/**
 * Tokens that a turn would read there, those of the kept state too; nothing is computed or kept. A conversation
 * that is not there yet has none.
 * Fails as the turn would, but for its length.
 */
export async function countTokens(
  c: Context<Bindings>,
  caller: Caller,
  { turn: where, ...address }: ObjectAddress,
  turn: Omit<TurnRequest, "tenant" | "persistent">,
): Promise<number> {
  const count = async (at: Omit<ObjectAddress, "turn">, there: ObjectAddress["turn"]) => {
    const body: TurnRequest = { ...turn, ...there, tenant: caller.tenant };
    const response = await askObject(c, { ...caller, ...at }, "/count", { method: "POST", body });
    return (await answerOf<{ tokens: number }>(response)).tokens;
  };
  const { parent, near, head = MAIN, persistent } = where;
  const { prefix } = turn;
  const isNamed = typeof parent === "string" || near !== undefined || head !== MAIN;
  try {
    return await count(address, where);
  } catch (thrown) {
    if (isNamed || Failure.from(thrown).code !== "not_found") throw thrown;
    if (prefix === undefined) return count({ object: anyName() }, { persistent: false });
    // What begins there begins with its prefix, whose own object has it.
    if (!persistent) throw nothingKept("prefix");
    return countTokens(c, caller, { object: prefixObject(c.env, caller.tenant, prefix), turn: inPrefix }, turn);
  }
}

const inPrefix = { persistent: false, parent: null };

/** Runs a turn there. */
export async function runTurn(
  c: Context<Bindings>,
  caller: Caller,
  { turn: where, ...address }: ObjectAddress,
  turn: Omit<TurnRequest, "tenant" | "persistent">,
): Promise<Response> {
  const { tenant, idempotencyKey } = caller;
  // Either makes a call that is repeated find the turn that the first one began.
  const once = idempotencyKey === undefined ? { id: newTurnId() } : { idempotencyKey };
  const body: TurnRequest = { ...turn, ...where, tenant, ...once };
  const begun = await allowTurn(c.env, caller, address.object, turnIdOf(once), body, turn.model);
  const asking = { method: "POST", body: { ...body, ...begun.grant }, begun };
  const reply = askObject(c, { ...caller, ...address }, "/turn", asking);
  // Whoever begins with a prefix waits for all of it, where it is still being read or another
  // version of the model has read it.
  return turn.prefix !== undefined && turn.reply.stream ? earlyStream(c, turn.reply, reply) : reply;
}
