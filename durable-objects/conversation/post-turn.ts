/**
 * post-turn: a turn is made, or found again where its request was seen before; several at
 * once, none, and only their tokens.
 */
import { encoderFor } from "../../src/api/encoders.ts";
import { MAIN, NO_OBJECT, newTurnId } from "../../src/api/shared/ids.ts";
import { noTimings, type TurnRequest } from "../../src/api/shared/turn.ts";
import { count } from "../../src/core/event-counts.ts";
import { check } from "../../src/core/failure.ts";
import { fingerprintOf, servesOne } from "../model/served-model.ts";
import type { Client } from "../platform/client.ts";
import { inProgress } from "../platform/turn-lock.ts";
import { batchReply } from "../reply/batch-reply.ts";
import { soFar } from "../reply/http-reply.ts";
import { knownTurn } from "../reply/turn-events.ts";
import { newHead, used } from "../storage/heads.ts";
import { checkSame } from "../storage/idempotency.ts";
import { noSuchResponse } from "../storage/turn-tree.ts";
import { isBatch } from "../turn/batch.ts";
import { type Host, isThrownAway, sourceOf } from "../turn/context.ts";
import { placeBehind, placeRequest } from "../turn/place-request.ts";
import { planAhead, turnDigest, turnIdOf } from "../turn/plan.ts";
import type { KnownTurn } from "../turn/running-turn.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { unansweredTurn } from "../turn/unanswered-turn.ts";
import { stored, streamedFrom, wholeFrom } from "./known-turn.ts";
import { beginWithPrefix, prefixOfAnotherPack, prefixReady } from "./shared-prefix.ts";

/** Accepts and runs a turn; with a key that was seen, gives what came of it. */
export async function postTurn(scheduler: Scheduler, asked: TurnRequest, client: Client): Promise<Response> {
  const { host } = scheduler;
  const { reply: form, background, persistent } = asked;
  encoderFor(form);
  if (isBatch(asked)) return postBatch(host, asked, client);
  if (persistent) {
    open(host, asked);
    await settleModel(host, asked);
  }
  const request = asked.inheritsTools ? withTools(host, asked) : asked;
  const known = persistent ? repeated(scheduler, request) : undefined;
  if (persistent) scheduler.recover();
  if (persistent && !known) await begin(scheduler, request);
  if (isThrownAway(request)) openThere(host, request);
  else if (!persistent && request.prefix !== undefined) await visit(scheduler, request);
  if (request.generate === false) return hold(scheduler, request, client);
  const { turn, served } = known
    ? { turn: known, served: await host.served(request) }
    : await scheduler.start(request, client.signal);
  if (known?.last) host.ended(request.tenant, turnIdOf(request), 0);
  const context = { turn, request, form, served, client };
  if (form.stream) return streamedFrom(host, context);
  return background && !turn.last ? soFar(context, 202) : wholeFrom(host, context);
}

/**
 * Tokens that a turn would read, those of the kept state too. Computes and keeps nothing. Fails as a
 * turn would, but for its length.
 */
export async function countTokens(scheduler: Scheduler, asked: TurnRequest): Promise<{ tokens: number }> {
  const { host } = scheduler;
  const { database } = host.store();
  const begins = !asked.persistent && !isThrownAway(asked) && asked.prefix !== undefined;
  if (begins) host.store().openFor(asked.tenant, "prefix");
  else if (asked.persistent || isThrownAway(asked)) openThere(host, asked);
  const unread = begins ? await prefixOfAnotherPack(scheduler) : undefined;
  const request = asked.inheritsTools ? withTools(host, asked) : asked;
  const source = database.exists ? sourceOf(request, host) : undefined;
  const served = await host.served(request);
  const placed = unread ? placeBehind(request, served, host.store(), unread) : placeRequest(request, served, source);
  const { accepted } = await planAhead(placed, newTurnId(), served, { isCounted: true });
  return { tokens: accepted.start + accepted.promptCount };
}

/** The request with the tools of the turn that it continues. */
function withTools(host: Host, request: TurnRequest): TurnRequest {
  const { tools } = (request.parent == null ? undefined : host.store().tree.turn(request.parent))?.request ?? {};
  return tools ? { ...request, tools } : request;
}

/**
 * Opens the conversation. A request that names a turn or a fork begins none: it fails with
 * `not_found` where that is not there.
 */
function open(host: Host, { parent, head = MAIN }: TurnRequest): void {
  const { database } = host.store();
  if (!database.exists) {
    if (typeof parent === "string") throw noSuchResponse();
    check(head === MAIN, "not_found", () => "conversation: no such fork", "conversation");
  }
  database.open();
}

/** Gives a conversation that was made, and holds no turn yet, the model of its first turn. */
async function settleModel(host: Host, { model, tenant }: TurnRequest): Promise<void> {
  const { env } = host;
  if (servesOne(env)) return;
  const fingerprint = await fingerprintOf(env, model);
  const store = host.store();
  const identity = store.identity();
  if (identity?.owner === tenant && identity.fingerprint !== fingerprint && store.isBlank) store.retake(fingerprint);
}

/**
 * Opens what a turn of which nothing is kept goes on from. Fails with `not_found`, except that a
 * conversation that is not there yet begins.
 */
function openThere(host: Host, { parent, near, tenant }: TurnRequest): void {
  const store = host.store();
  if (typeof parent === "string" || near !== undefined) store.openFor(tenant, "previous_response_id");
  else if (store.database.exists) store.openFor(tenant, "conversation");
}

/**
 * Takes messages without asking for a reply: they are read with the next turn. The model is
 * loaded, and nothing is computed.
 */
async function hold(scheduler: Scheduler, request: TurnRequest, client: Client): Promise<Response> {
  const { host } = scheduler;
  const { reply: form, persistent, tenant } = request;
  const served = await host.served(request);
  const store = host.store();
  const { object } = host;
  const hold = () => {
    const turn = unansweredTurn(request, turnIdOf(request), served, sourceOf(request, host));
    if (persistent)
      store.database.transaction(() => {
        store.createTree({ owner: tenant, object, fingerprint: served.fingerprint });
        store.tree.insert(turn, new Uint32Array(0));
        const head = request.head === undefined ? undefined : store.heads.get(request.head);
        const { conversation = null } = request;
        if (request.head !== undefined)
          store.heads.put(used({ ...(head ?? newHead(request.head, { conversation })), turn: turn.id }));
      });
    return turn;
  };
  const turn = persistent && request.head !== undefined ? await scheduler.locks.alone(request.head, hold) : hold();
  host.ended(tenant, turn.id, 0);
  const { start } = knownTurn(turn, persistent ? object : NO_OBJECT, new Uint32Array(0));
  const usage = { promptTokens: turn.logged, cachedTokens: turn.position, completionTokens: 0 };
  const timings = { ...noTimings, state: turn.origin };
  const end = { type: "end" as const, index: 1, text: "", reason: "stop" as const, usage, timings };
  const last = { ...end, completedMs: Date.now(), unasked: true };
  const { reference: _, ...nowhere } = start;
  const known = { start: persistent ? start : nowhere, ids: [], logprobs: undefined, last };
  const context = { turn: known, request, form, served, client };
  return form.stream ? streamedFrom(host, context) : wholeFrom(host, context);
}

async function postBatch(host: Host, request: TurnRequest, client: Client): Promise<Response> {
  const { response, done } = await batchReply(request, await host.served(request), host, client.signal);
  host.ctx.waitUntil(done);
  return response;
}

/** Lets a new conversation begin with the prefix that its request names. */
async function begin(
  scheduler: Scheduler,
  { prefix, tenant, head, conversation = "", ...request }: TurnRequest,
): Promise<void> {
  if (prefix === undefined || (head === undefined && request.parent !== null)) return;
  const fields = head === undefined ? null : { id: head, conversation };
  await beginWithPrefix(scheduler, tenant, prefix, fields, request.model);
}

/** In the object of a prefix: a turn that begins with it and leaves nothing behind. */
async function visit(scheduler: Scheduler, { tenant }: TurnRequest): Promise<void> {
  scheduler.host.store().openFor(tenant, "prefix");
  await prefixReady(scheduler);
}

/**
 * The turn that an earlier request with the same key began. Fails with `idempotency_mismatch`, and with
 * `turn_in_progress` while somebody waits for its reply.
 */
function repeated(scheduler: Scheduler, request: TurnRequest): KnownTurn | undefined {
  const { host } = scheduler;
  if (host.store().identity()?.owner !== request.tenant) return undefined;
  const id = turnIdOf(request);
  const known = host.store().acceptedTurn(id);
  if (!known) return undefined;
  const isLive = scheduler.get(id) !== undefined;
  if (request.idempotencyKey !== undefined) {
    checkSame(known.digest, turnDigest(request));
    if (isLive) throw inProgress();
  }
  count("idempotent_replay");
  // If a crashed instance left this turn unfinished, it is resumed now and this request is attached to it.
  scheduler.recover();
  return scheduler.get(id) ?? stored(host, id).turn;
}
