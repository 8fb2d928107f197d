/** known-turn: what clients may ask of a turn that was made: to see it, to cancel it, to delete it. */
import type { ReplyForm, ReplyObject, TurnRequest } from "../../src/api/shared/turn.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { orStorageFull } from "../directory/directory-client.ts";
import { forgetWarm } from "../model/admission.ts";
import type { Client } from "../platform/client.ts";
import { dropPrompts } from "../prompt-cache/prompt-cache-client.ts";
import { type ReplyContext, soFar, streamed, whole } from "../reply/http-reply.ts";
import { knownTurn } from "../reply/turn-events.ts";
import type { Host } from "../turn/context.ts";
import { type KnownTurn, RunningTurn } from "../turn/running-turn.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { eraseAll } from "./removal.ts";

/** Who asks for a turn that is there already, and in which form. */
interface KnownTurnRequest {
  client: Client;
  /** Which kind of object it wants; the one that the turn's request asked for where it does not say. */
  object: ReplyObject | undefined;
}

/** Whole, or its events after number `after`. Fails with `not_found`. */
export async function getTurn(
  scheduler: Scheduler,
  id: string,
  asked: KnownTurnRequest & { stream: boolean; after: number | undefined },
): Promise<Response> {
  const context = await contextOf(scheduler, id, asked);
  if (asked.stream) return streamedFrom(scheduler.host, context, asked.after);
  return context.turn.last ? wholeFrom(scheduler.host, context) : soFar(context, 200);
}

/** Resolves when the turn has ended, however. Idempotent. */
export async function cancelTurn(scheduler: Scheduler, id: string, asked: KnownTurnRequest): Promise<Response> {
  const context = await contextOf(scheduler, id, asked);
  const { turn } = context;
  if (turn instanceof RunningTurn) {
    turn.detach();
    turn.cancel();
    await turn.until(() => turn.over);
    if (turn.lost) throw turn.lost;
  }
  return soFar(context, 200);
}

/** Deletes a turn that nothing follows, and hides any other. A head that stood at it goes back to the turn before. */
export async function deleteTurn(scheduler: Scheduler, id: string): Promise<{ id: string; deleted: true }> {
  const { host } = scheduler;
  const store = host.store();
  const { tree, heads, database } = store;
  check(!scheduler.get(id), "turn_in_progress", () => "id: this turn is still running; cancel it first", "id");
  const node = tree.node(id);
  check(node && !node.hidden, "not_found", () => "id: no such response", "id");
  const { env, object, owner } = host;
  const { owner: tenant } = store.identity()!;
  await orStorageFull(env, tenant, dropPrompts(env, tenant, object));
  database.transaction(() => {
    tree.hide(id);
    if (tree.hasChildren(id)) return;
    for (const head of heads.all()) if (head.turn === id) heads.put({ ...head, turn: node.parent, moved: true });
    // With those before it that were hidden only because of it.
    store.forgetUnreachable();
    if (store.isForsaken) eraseAll(store);
  });
  forgetWarm(owner);
  await database.settled();
  return { id, deleted: true };
}

/** Its events from now on, or those after number `after` as well. */
export async function streamedFrom(host: Host, context: ReplyContext, after?: number): Promise<Response> {
  const { response, done } = await streamed(context, after);
  host.ctx.waitUntil(done);
  return response;
}

/** All of it, when it is there. */
export async function wholeFrom(host: Host, context: ReplyContext): Promise<Response> {
  const { response, done } = await whole(context);
  host.ctx.waitUntil(done);
  return response;
}

async function contextOf(
  scheduler: Scheduler,
  id: string,
  { object, client }: KnownTurnRequest,
): Promise<ReplyContext> {
  const { host } = scheduler;
  const running = scheduler.get(id);
  const { turn, request } = running
    ? { turn: running, request: host.store().acceptedTurn(id)?.request }
    : stored(host, id);
  if (!request) throw notFound();
  const served = await host.served();
  return { turn, request, form: formOf(request.reply, object), served, client };
}

/** A turn that has ended. Fails with `not_found`. */
export function stored(host: Host, id: string): { turn: KnownTurn; request: TurnRequest } {
  const { tree } = host.store();
  const turn = tree.turn(id);
  if (!turn || turn.hidden || turn.reply === null) throw notFound();
  return { turn: knownTurn(turn, host.object, tree.ownIds(id)), request: turn.request };
}

const notFound = () => new Failure("not_found", "id: no such response", { param: "id" });

/** The form that the turn's request asked for, where the reader wants the same kind of object. */
const formOf = (first: ReplyForm, object: ReplyObject = first.object): ReplyForm =>
  object === first.object ? first : { object, stream: false, includeUsage: true, echo: first.echo ?? {} };
