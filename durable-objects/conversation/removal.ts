/**
 * Removal: the end of a conversation, asked for or by its expiry. Complete and at once: its turns and states that no other head needs, and
 * with the last head everything that the object holds.
 */
import { forgetStages } from "../model/served-model.ts";
import { logFailure } from "../platform/log-failure.ts";
import { dropPrompts } from "../prompt-cache/prompt-cache-client.ts";
import type { Database } from "../storage/database.ts";
import type { Head } from "../storage/heads.ts";
import { clearStaging } from "../storage/import-staging.ts";
import { PassageIndex } from "../storage/passage-index.ts";
import type { Host } from "../turn/context.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import type { DirectoryOutbox } from "./directory-outbox.ts";

const TOLD_WITHIN_MS = 30_000;
const TABLES = ["heads", "turns", "journal", "pieces", "overflow", "staging", "family"];

/** Within a transaction: everything but what the directory must still be told. The database's file goes with `tidy`. */
export const eraseAll = (database: Database): void => {
  new PassageIndex(database).clear();
  for (const table of TABLES) database.exec(`DELETE FROM ${table}`);
};

export class Removal {
  readonly #host: Host;
  readonly #scheduler: Scheduler;
  readonly #outbox: DirectoryOutbox;

  constructor(host: Host, scheduler: Scheduler, outbox: DirectoryOutbox) {
    this.#host = host;
    this.#scheduler = scheduler;
    this.#outbox = outbox;
  }

  /** Resolves when nothing of it is left and the directory knows. A running turn ends as cancelled. Fails with `not_found`. */
  async remove(id: string): Promise<void> {
    const { env, object } = this.#host;
    const store = this.#host.store();
    store.heads.require(id);
    const { owner } = store.identity()!;
    await dropPrompts(env, owner, object);
    await this.#scheduler.without(id, () => this.#erase(id));
    await store.database.settled();
    // A turn that was running may have left something meanwhile. It would not outlive its time, and the conversation is gone.
    await dropPrompts(env, owner, object).catch(logFailure);
    await this.tidy();
  }

  /** Whether the head has expired and no turn of it runs. */
  isDue({ id, expiresMs }: Head): boolean {
    if (expiresMs === null || expiresMs > Date.now()) return false;
    const { journal } = this.#host.store();
    return !journal.running().some((turn) => journal.get(turn)?.accepted.request.head === id);
  }

  /** Removes what has expired, and asks for the alarm of the next. */
  async expire(): Promise<void> {
    const { heads, database } = this.#host.store();
    heads.lookAgain();
    for (const head of heads.all()) if (this.isDue(head)) await this.remove(head.id);
    if (database.exists) await this.watch();
  }

  /** Tells the directory what it has not heard; an object that holds nothing more gives its storage back. */
  async tidy(): Promise<void> {
    const { database, importing } = this.#host.store();
    if (!importing && database.exists) clearStaging(database);
    await this.#outbox.publish();
    if (database.exists) await database.settled();
    if (!this.#isEmpty()) return;
    // While its own storage is there the alarm comes back, so what the stages hold goes first.
    await forgetStages(this.#host.env, this.#host.owner);
    if (!this.#isEmpty()) return;
    this.#host.alarms.rang();
    void this.#host.ctx.storage.deleteAll();
  }

  /** The alarm rings at the next expiry, or before. */
  async watch(): Promise<void> {
    const { earliestMs } = this.#host.store().heads;
    if (Number.isFinite(earliestMs)) await this.#host.alarms.atLatest(earliestMs);
  }

  #erase(id: string): void {
    const store = this.#host.store();
    const { database, heads } = store;
    database.transaction(() => {
      const head = heads.get(id);
      if (!head) return;
      this.#outbox.departs(head);
      // Should this instance end before the directory knows.
      this.#host.alarms.ask(Date.now() + TOLD_WITHIN_MS);
      heads.remove(id);
      if (heads.all().length === 0) eraseAll(database);
      else store.forgetUnreachable();
    });
  }

  /** Nothing but the tables is left, so they may go too, and the alarm with them. */
  #isEmpty(): boolean {
    const { database, importing } = this.#host.store();
    // The alarm comes back for what is in use now.
    if (importing || !this.#scheduler.isIdle || !database.exists) return false;
    return [...TABLES, "departed"].every(
      (table) => database.exec(`SELECT 1 AS one FROM ${table} LIMIT 1`).length === 0,
    );
  }
}
