/**
 * shared-prefix: a text whose state is computed once, in an object of its own, and that any
 * number of conversations begin with.
 *
 * It is a tree of one turn: a system message that was fed and asked for no reply. A conversation that begins with it
 * takes a copy of ids and state, and from then on needs the prefix no more.
 */

import type { PrefixView } from "../../src/api/conversations/prefix.ts";
import { prefixObject } from "../../src/api/conversations/prefix.ts";
import { MAIN, UNKEYED } from "../../src/api/shared/ids.ts";
import type { TurnRequest } from "../../src/api/shared/turn.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { type FileKeys, fileKeys } from "../../src/portable/file-format.ts";
import { requireObject } from "../directory/allowance.ts";
import { conversationNamed } from "../platform/peers.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import { type Head, used } from "../storage/heads.ts";
import { checkSame } from "../storage/idempotency.ts";
import type { StoredTurn } from "../storage/stored-turn.ts";
import type { Host } from "../turn/context.ts";
import { turnIdOf } from "../turn/plan.ts";
import type { RunningTurn } from "../turn/running-turn.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { exportHead, identityOf } from "./export-file.ts";
import { importFile } from "./import-file.ts";

export interface PrefixRequest {
  name: string;
  text: string;
  ttlSeconds?: number;
  /** By the name it is served under; the default one where it is absent. */
  model?: string;
  /** Of the turn that computes it. */
  id?: string;
  /** As in `TurnRequest`. */
  grantedTokens?: number;
}

/**
 * Begins to compute it, and gives the turn that does; nothing when it is there or on its way already.
 * One that failed is tried again.
 * Fails with `conversation_conflict` when the name has another text.
 */
export async function makePrefix(
  scheduler: Scheduler,
  tenant: string,
  { name, text, ttlSeconds, id, model, grantedTokens }: PrefixRequest,
  client: AbortSignal,
  idempotencyKey?: string,
): Promise<RunningTurn | undefined> {
  const { host } = scheduler;
  const store = host.store();
  store.database.open();
  const known = store.identity() && turnIn(scheduler);
  const given = idempotencyKey === undefined ? undefined : turnIdOf({ idempotencyKey });
  const isAgain = given !== undefined && (known?.id === given || (known && store.tree.node(given) !== undefined));
  if (known && known.status !== "failed") {
    if (isAgain) checkSame(known.text(), text);
    const taken = () =>
      `name: a prefix ${JSON.stringify(name)} with another text exists; delete it first or choose another name`;
    check(known.text() === text, "conversation_conflict", taken, "name");
    // A former instance may have left the prefix half done: it is resumed before the reply says that it is under way.
    scheduler.recover();
    const isRunning = known.status === "in_progress";
    if (isRunning || known.fingerprint === (await host.served({ tenant })).fingerprint) return scheduler.get(known.id);
  }
  const { manifest } = await host.served({ tenant, ...(model === undefined ? {} : { model }) });
  const request: TurnRequest = {
    tenant,
    persistent: true,
    head: MAIN,
    parent: null,
    prefix: name,
    model: manifest.name,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(id === undefined ? {} : { id }),
    ...(grantedTokens === undefined ? {} : { grantedTokens }),
    ...(idempotencyKey === undefined || isAgain ? {} : { idempotencyKey }),
    messages: [{ role: "system", content: text }],
    feedOnly: true,
    background: true,
    sampling: {},
    stop: [],
    reply: { object: "chat.completion", stream: false, includeUsage: false },
  };
  return (await scheduler.start(request, client)).turn;
}

/** Fails with `not_found`. */
export function viewPrefix(scheduler: Scheduler): PrefixView {
  const head = headOf(scheduler.host);
  const turn = turnIn(scheduler);
  check(turn, "not_found", () => "prefix: no such prefix", "prefix");
  const { createdMs, expiresMs } = head;
  return {
    name: head.prefix!,
    status: turn.status,
    tokens: turn.tokens,
    tokensDone: turn.tokensDone,
    stateBytes: turn.stateBytes,
    createdMs,
    expiresMs,
    error: turn.error,
  };
}

/**
 * What a conversation that begins with it needs. Waits while it is computed. Fails with
 * `not_found`, or as its computing did.
 */
export async function prefixFile(scheduler: Scheduler, tenant: string): Promise<ReadableStream<Uint8Array>> {
  await prefixReady(scheduler);
  const { host } = scheduler;
  const served = await host.served();
  return exportHead(host.store(), headOf(host), { keys: keysOf(host, tenant), served });
}

/** Resolves when it is computed; a use puts its expiry off. Fails with `not_found`, or as its computing did. */
export async function prefixReady(scheduler: Scheduler): Promise<void> {
  headOf(scheduler.host);
  await readAgain(scheduler);
  await finished(scheduler);
  checkThere(scheduler);
}

/**
 * The turn of a prefix that another version of the model has read, or was reading: what begins with it can be counted,
 * and nothing is computed for that. Undefined where this one has read it. Fails as `prefixReady` does.
 */
export async function prefixOfAnotherPack(scheduler: Scheduler): Promise<StoredTurn | undefined> {
  const { host } = scheduler;
  headOf(host);
  scheduler.recover();
  await finished(scheduler);
  const last = lastTurn(host.store());
  if (last && last.fingerprint !== (await host.served()).fingerprint) return last;
  checkThere(scheduler);
  return undefined;
}

async function finished(scheduler: Scheduler): Promise<void> {
  const running = scheduler.get(turnIn(scheduler)?.id ?? "");
  await running?.until(() => running.over);
}

function checkThere(scheduler: Scheduler): void {
  const { status, error } = viewPrefix(scheduler);
  if (status === "failed") throw failureOf({ error: error! });
  check(status === "completed", "turn_in_progress", () => "the prefix is still being computed; try again", "prefix");
  const head = headOf(scheduler.host);
  if (head.ttlSeconds !== null) scheduler.host.store().heads.put(used(head));
}

/** The lock of that work; no head has this name. */
const READ_AGAIN = "read again";

/**
 * Reads a prefix again that another version of the model has read: once for all that begin with it, and counted
 * for nobody. It is written anew from its text, so tokenizer and template may differ. The turn that it was
 * before goes when this one is there.
 */
async function readAgain(scheduler: Scheduler): Promise<void> {
  const { host, locks } = scheduler;
  const store = host.store();
  const { fingerprint } = await host.served();
  scheduler.recover();
  await locks.alone(READ_AGAIN, async () => {
    const running = scheduler.get(store.journal.running()[0] ?? "");
    await running?.until(() => running.over);
    const last = lastTurn(store);
    if (!last) return;
    if (last.fingerprint !== fingerprint) {
      const { idempotencyKey: _, id: __, ...request } = last.request;
      const { turn } = await scheduler.start(request, new AbortController().signal);
      await turn.until(() => turn.over);
    }
    const [newest, ...earlier] = store.tree.all().toReversed();
    if (newest?.status !== "completed" || earlier.length === 0) return;
    store.database.transaction(() => {
      for (const { id } of earlier) store.forgetTurn(id);
    });
    await store.database.settled();
  });
}

const lastTurn = ({ tree }: ConversationStore): StoredTurn | undefined => {
  const last = tree.all().at(-1);
  return last && tree.turn(last.id);
};

/**
 * Lets a conversation of this object that holds nothing yet begin with a prefix, without computing anything. Fails with
 * `not_found` when there is none of that name, or `conversation_conflict` when the conversation began otherwise.
 */
export async function beginWithPrefix(
  scheduler: Scheduler,
  tenant: string,
  name: string,
  fields: (Partial<Head> & { id: string }) | null,
  model?: string,
): Promise<void> {
  const id = fields?.id ?? MAIN;
  const { host } = scheduler;
  const store = host.store();
  await scheduler.locks.alone(id, async () => {
    const identity = store.database.exists ? store.identity() : undefined;
    const head = identity && store.heads.get(id);
    const other = "prefix: the conversation has begun otherwise; a prefix is for new conversations";
    check(!identity || head?.prefix === name, "conversation_conflict", () => other, "prefix");
    if (identity) return;
    const { env, object } = host;
    const unknown = () => new Failure("not_found", "prefix: nothing is kept under this name", { param: "prefix" });
    await requireObject(env, tenant, prefixObject(env, tenant, name), unknown);
    const file = await conversationNamed(env, prefixObject(env, tenant, name)).fetch("http://prefix/prefix/file", {
      headers: { "x-rivulet-tenant": tenant },
    });
    if (!file.ok) throw failureOf((await file.json()) as Refusal);
    const served = await host.served({ tenant, ...(model === undefined ? {} : { model }) });
    await importFile(host, file.body!, {
      keys: keysOf(host, tenant),
      model: identityOf(served),
      identity: { owner: tenant, object, fingerprint: served.fingerprint },
      // Two conversations of one prefix draw different numbers.
      head: fields && { createdMs: Date.now(), metadata: {}, ...fields, prefix: name, moved: true },
    });
  });
}

/** Between objects of one server a secret is not needed: no caller gets hold of these files. */
const keysOf = ({ env }: Host, tenant: string): FileKeys => fileKeys(env.SESSION_KEY || UNKEYED, `prefix\0${tenant}`);

function headOf(host: Host): Head {
  const head = host.store().heads.get(MAIN);
  check(head?.shared, "not_found", () => "prefix: no such prefix", "prefix");
  return head;
}

/** The one turn, finished or not. */
function turnIn(scheduler: Scheduler) {
  const store = scheduler.host.store();
  const { journal } = store;
  const [running] = journal.running();
  if (running) {
    // The row holds the text and may be megabytes: whoever only asks how far it is does not read it.
    const accepted = () => journal.get(running)!.accepted;
    const { done, total } = scheduler.get(running)?.prefill ?? { done: 0, total: accepted().promptCount };
    const counts = { tokens: total, tokensDone: done, stateBytes: 0, error: null };
    const text = () => accepted().request.messages[0]!.content;
    return { id: running, status: "in_progress" as const, text, ...counts };
  }
  const turn = lastTurn(store);
  if (!turn) return undefined;
  const { id, request, fingerprint, logged, error = null, end } = turn;
  const counts = { tokens: logged, tokensDone: error ? 0 : logged, stateBytes: end?.timings.state_bytes ?? 0, error };
  const status = turn.status === "completed" ? ("completed" as const) : ("failed" as const);
  return { id, status, fingerprint, text: () => request.messages[0]!.content, ...counts };
}

interface Refusal {
  error: { code: string; message: string };
}

const failureOf = ({ error }: Refusal): Failure => {
  const { code, message } = Failure.from(error);
  return new Failure(code, message, { param: "prefix" });
};
