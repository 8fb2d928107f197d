/**
 * Removal: the end of a conversation, asked for or by its expiry. Complete and at once: its turns and states that no
 * other head needs, and with the last head everything that the object holds.
 */
import { orStorageFull } from "../directory/directory-client.ts";
import { forgetWarm } from "../model/admission.ts";
import { forgetStages } from "../model/served-model.ts";
import { logFailure } from "../platform/log-failure.ts";
import { dropPrompts } from "../prompt-cache/prompt-cache-client.ts";
import type { ConversationStore } from "../storage/conversation-store.ts";
import type { Head } from "../storage/heads.ts";
import { clearStaging } from "../storage/import-staging.ts";
import { PassageIndex } from "../storage/passage-index.ts";
import type { Host } from "../turn/context.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import type { DirectoryOutbox } from "./directory-outbox.ts";

const TOLD_WITHIN_MS = 30_000;
const TABLES = ["heads", "turns", "journal", "pieces", "overflow", "staging", "family"];

/**
 * Within a transaction: everything but what is still to be published to the directory. The
 * database's file goes with `tidy`.
 */
export const eraseAll = ({ database, tree }: ConversationStore): void => {
  new PassageIndex(database).clear();
  for (const table of TABLES) database.exec(`DELETE FROM ${table}`);
  tree.forget();
};

/**
 * Resolves when nothing of it is left and the directory knows. A running turn ends as
 * cancelled. Fails with `not_found`.
 */
export async function removeHead(scheduler: Scheduler, outbox: DirectoryOutbox, id: string): Promise<void> {
  const { host } = scheduler;
  const { env, object } = host;
  const store = host.store();
  store.heads.require(id);
  const { owner } = store.identity()!;
  await orStorageFull(env, owner, dropPrompts(env, owner, object));
  await scheduler.without(id, () => erase(host, outbox, id));
  await store.database.settled();
  // A turn that was running may have left something meanwhile. It would not outlive its
  // time, and the conversation is gone.
  await dropPrompts(env, owner, object).catch(logFailure);
  await tidy(scheduler, outbox);
}

/** Whether the head has expired and no turn of it runs. */
function isDue(host: Host, { id, expiresMs }: Head): boolean {
  if (expiresMs === null || expiresMs > Date.now()) return false;
  const { journal } = host.store();
  return !journal.running().some((turn) => journal.get(turn)?.accepted.request.head === id);
}

/** Removes what has expired, and asks for the alarm of the next. */
export async function removeExpired(scheduler: Scheduler, outbox: DirectoryOutbox): Promise<void> {
  const { host } = scheduler;
  const { heads, database } = host.store();
  heads.invalidateEarliest();
  for (const head of heads.all()) if (isDue(host, head)) await removeHead(scheduler, outbox, head.id);
  if (database.exists) await watchExpiry(host);
}

/** Publishes what the directory does not have; an object that holds nothing more gives its storage back. */
export async function tidy(scheduler: Scheduler, outbox: DirectoryOutbox): Promise<void> {
  const { host } = scheduler;
  const { database, journal, importing } = host.store();
  if (!importing && database.exists) clearStaging(database);
  if (database.exists) journal.sweepEnded();
  await outbox.publish();
  if (database.exists) await database.settled();
  if (!isEmpty(scheduler)) return;
  // While its own storage is there the alarm comes back, so what the stages hold goes first.
  await forgetStages(host.env, host.owner);
  if (!isEmpty(scheduler)) return;
  host.alarms.rang();
  void host.ctx.storage.deleteAll();
  host.store().database.close();
}

/** The alarm rings at the next expiry, or before. */
export async function watchExpiry({ store, alarms }: Host): Promise<void> {
  const { earliestMs } = store().heads;
  if (Number.isFinite(earliestMs)) await alarms.atLatest(earliestMs);
}

function erase(host: Host, outbox: DirectoryOutbox, id: string): void {
  const store = host.store();
  const { database, heads } = store;
  database.transaction(() => {
    const head = heads.get(id);
    if (!head) return;
    outbox.departs(head);
    // Should this instance end before the directory knows.
    host.alarms.ask(Date.now() + TOLD_WITHIN_MS);
    heads.remove(id);
    if (heads.all().length === 0) eraseAll(store);
    else store.forgetUnreachable();
  });
  forgetWarm(host.owner);
}

/** Nothing but the tables is left, so they may go too, and the alarm with them. */
function isEmpty(scheduler: Scheduler): boolean {
  const { database, importing } = scheduler.host.store();
  // The alarm comes back for what is in use now.
  if (importing || !scheduler.isIdle || !database.exists) return false;
  return [...TABLES, "departed"].every((table) => database.exec(`SELECT 1 AS one FROM ${table} LIMIT 1`).length === 0);
}
