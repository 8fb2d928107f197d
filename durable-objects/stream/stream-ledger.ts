/**
 * StreamLedger: one object per tenant, which writes down for many streams in one commit what each of
 * them has taken since its own row.
 *
 * A commit waits for the disk, whatever is in it. Values of many streams that come together wait for one commit here
 * instead of one in each stream's database. A stream writes its own row again after at most 64 values, and its entry
 * here then says nothing any more. Asked by RPC (shared-commit.ts).
 */
import { DurableObject } from "cloudflare:workers";
import { armFromBindings, fault } from "../platform/fault-points.ts";
import { LedgerStore, type PackedRows, unpackedRows } from "./ledger-store.ts";

export class StreamLedger extends DurableObject<Env> {
  readonly #store = new LedgerStore(this.ctx.storage);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    armFromBindings(env);
  }

  /**
   * Resolves for the caller when the rows are on disk, all of them or none: the runtime
   * holds the answer back until then.
   */
  async put(rows: PackedRows): Promise<void> {
    await fault("ledger.before-commit", this.ctx);
    this.#store.put(unpackedRows(rows));
  }

  /** What a stream has taken since its own row, or something older. */
  async entry(stream: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    await fault("ledger.asked", this.ctx);
    return this.#store.entry(stream);
  }

  /** Resolves when nothing of the stream's is left. */
  async erase(stream: string): Promise<void> {
    await fault("ledger.before-erase", this.ctx);
    if (await this.#store.erase(stream)) return;
    // Another stream may begin to write while this waits for the disk.
    this.#store.forget();
    await this.ctx.storage.deleteAll();
  }
}
