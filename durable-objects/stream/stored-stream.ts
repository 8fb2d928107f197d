/**
 * StoredStream: a stream as it is on disk: its own row, and the values that only the ledger of its tenant has yet.
 *
 * What was written last is remembered, so that a request reads neither as long as this instance lives.
 */
import { fault } from "../platform/fault-points.ts";
import { ledgerEntry, withLedger } from "./ledger-entry.ts";
import { SharedCommit } from "./shared-commit.ts";
import { written } from "./stream-record.ts";
import type { Commit, StreamStore } from "./stream-store.ts";
import type { OpenStream } from "./timeline.ts";

export class StoredStream {
  readonly #store: StreamStore;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  /** The object's id, under which the ledger keeps what is owed. */
  readonly #owner: string;
  /** What is written with other streams' values, once it is known whose stream this is. */
  #shared: SharedCommit | undefined;
  /** As on disk; undefined: not read yet. */
  #known: OpenStream | undefined;

  constructor(store: StreamStore, ctx: DurableObjectState, env: Env) {
    this.#store = store;
    this.#ctx = ctx;
    this.#env = env;
    this.#owner = ctx.id.toString();
  }

  /** Writes the stream's own row as it is from now on. `together`: what comes next may be written in the ledger. */
  commit(tenant: string, commit: Commit, together = false): OpenStream {
    const record = written(commit.record, together);
    this.#store.commit(tenant, { ...commit, record });
    this.#known = { record, tail: [...commit.tail], owed: 0 };
    return this.#known;
  }

  /**
   * Writes in the ledger what the stream's own row does not have. False where that did not go
   * well: then the row must be written.
   */
  async owe(tenant: string, open: OpenStream): Promise<boolean> {
    const bytes = ledgerEntry(open);
    if (!bytes) return false;
    await fault("stream.before-ledger", this.#ctx);
    const isWritten = await this.#ledger(tenant).write({ stream: this.#owner, bytes });
    // An answer that was lost may stand for values that the ledger has: if the stream's own row cannot be written
    // either, it is asked before the next request.
    this.#known = isWritten ? open : undefined;
    return isWritten;
  }

  #ledger(tenant: string): SharedCommit {
    this.#shared ??= new SharedCommit(this.#env, tenant);
    return this.#shared;
  }

  /** Fails with `storage_unavailable` where the ledger may have something for it and does not answer. */
  async read(tenant: string): Promise<OpenStream | undefined> {
    const known = this.#known;
    if (known && this.#store.owner() === tenant) return known;
    const row = this.#store.read(tenant);
    const own = row && { ...row, owed: 0 };
    const entry = own?.record.ledger === "now" ? await this.#ledger(tenant).entry(this.#owner) : undefined;
    this.#known = own && entry ? withLedger(own, entry) : own;
    return this.#known;
  }

  /** Resolves when the ledger has nothing of it any more. Fails with `storage_unavailable` when it does not answer. */
  async eraseOwed(tenant: string): Promise<void> {
    await this.#ledger(tenant).erase(this.#owner);
  }

  /** The database is about to be deleted: nothing of the stream is known. */
  forget(): void {
    this.#known = undefined;
  }
}
