/**
 * DirectoryOutbox: what is published to the tenant's directory of this object's conversations: each once, and again
 * when something changes that a list shows, and when it is gone. Never per turn.
 *
 * What was published is written down, so that a message that was lost is sent again: by the next request that
 * changes something, or the alarm.
 */
import type { DirectoryEntry } from "../../src/api/conversations/directory-entry.ts";
import { Failure } from "../../src/core/failure.ts";
import { publishEntry } from "../directory/directory-client.ts";
import { jsonBytes, jsonOf, LEAD, led } from "../storage/erasable.ts";
import type { Head } from "../storage/heads.ts";
import type { Host } from "../turn/context.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { viewPrefix } from "./shared-prefix.ts";
import { headView } from "./views.ts";

const RETRY_MS = 30_000;

export class DirectoryOutbox {
  readonly #host: Host;
  readonly #scheduler: Scheduler;
  #publishing: Promise<void> = Promise.resolve();

  constructor(scheduler: Scheduler) {
    this.#host = scheduler.host;
    this.#scheduler = scheduler;
  }

  /** In the transaction that removes a head. */
  departs(head: Head): void {
    const { database } = this.#host.store();
    const { owner } = this.#host.store().identity()!;
    const { conversation, prefix, shared, createdMs } = head;
    const revision = Math.max(Date.now(), head.revision + 1);
    const record = led(
      jsonBytes({ conversation, prefix, shared, createdMs, revision } satisfies Partial<Head>),
      LEAD.withoutRowid,
    );
    database.exec("INSERT OR REPLACE INTO departed (head, owner, record) VALUES (?, ?, ?)", head.id, owner, record);
    this.#host.store().heads.unpublished = true;
  }

  /** Everything that the directory has not heard. Never rejects: what cannot be said now is said later. */
  publish(): Promise<void> {
    this.#publishing = this.#publishing.then(() => this.#publish());
    return this.#publishing;
  }

  async #publish(): Promise<void> {
    const { heads, database } = this.#host.store();
    if (!heads.unpublished) return;
    heads.unpublished = false;
    try {
      // What an instance erased and did not come to delete.
      database.exec("DELETE FROM departed WHERE substr(record, 1, 1) = x'00'");
      for (const row of database.exec("SELECT head, owner, record FROM departed")) {
        const head = jsonOf(new Uint8Array(row.record as ArrayBuffer)) as Head;
        await this.#publishOne(String(row.owner), { ...entryOf(head), deleted: true });
        database.erase("departed", { record: "" }, "head = ?", String(row.head));
        await database.settled();
      }
      const owner = this.#host.store().identity()?.owner;
      for (const head of owner === undefined ? [] : heads.untold()) {
        const info = { ...(head.shared ? viewPrefix(this.#scheduler) : headView(this.#host.store(), head)) };
        const revision = await this.#publishOne(owner!, { ...entryOf(head), info });
        const now = database.exists ? heads.get(head.id) : undefined;
        if (now?.revision === head.revision) heads.put({ ...now, revision, told: revision });
      }
    } catch (thrown) {
      heads.unpublished = true;
      const failure = Failure.from(thrown);
      console.warn(`nothing was published to the directory: ${failure.message}`);
      this.#host.alarms.ask(Date.now() + RETRY_MS);
    }
  }

  /** The revision that stands in the directory. */
  #publishOne(owner: string, entry: DirectoryEntry): number | Promise<number> {
    // What no caller has a name for is in no list.
    return entry.id === "" ? entry.revision : publishEntry(this.#host.env, owner, entry);
  }
}

const entryOf = ({ conversation, prefix, shared, createdMs, revision }: Head): DirectoryEntry => ({
  kind: shared ? "prefix" : "conversation",
  id: (shared ? prefix : conversation) ?? "",
  createdMs,
  revision,
  info: {},
});
