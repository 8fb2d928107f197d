/**
 * SharedCommit: what streams of one tenant want to write at the same time goes to the tenant's ledger in one commit.
 *
 * The first stream that asks gathers what the others of this isolate ask for until the event loop has come
 * round, sends it, and tells them all. Others in other isolates gather by themselves. Whoever is not told,
 * because the object that gathered was put away, goes its own way: an entry that arrives later says nothing once
 * its stream has written its own row.
 */
import { objectName } from "../../src/api/shared/ids.ts";
import { Failure } from "../../src/core/failure.ts";
import { logFailure } from "../platform/log-failure.ts";
import { type LedgerRow, packedRows } from "./ledger-store.ts";
import type { StreamLedger } from "./stream-ledger.ts";

/** A deployment whose configuration is of an earlier release binds none. */
type Bindings = Pick<Env, "SESSION_KEY"> & { STREAM_LEDGER?: DurableObjectNamespace<StreamLedger> };

/** After this a stream writes its own row instead. */
const WAITS_MS = 5000;

interface Gathering {
  rows: Set<LedgerRow>;
  /** Whether they are on disk. Never rejects. */
  isWritten: Promise<boolean>;
}

/** Those that take more, by the name of their ledger. */
const gatherings = new Map<string, Gathering>();

export class SharedCommit {
  readonly #ledger: string;
  readonly #namespace: DurableObjectNamespace<StreamLedger> | undefined;

  constructor(env: Bindings, tenant: string) {
    // No stream and no conversation can have this name.
    this.#ledger = objectName(env, tenant, "streams: ledger");
    this.#namespace = env.STREAM_LEDGER;
  }

  /** Whether the row is on disk. Where it is not, nobody knows whether it will be. Never rejects. */
  async write(row: LedgerRow): Promise<boolean> {
    if (!this.#namespace) return false;
    const gathering = gatherings.get(this.#ledger) ?? this.#gather(this.#namespace);
    gathering.rows.add(row);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => {
        // The ledger does not answer, or nobody sends these any more: if they are sent
        // much later, then without this one.
        if (gatherings.get(this.#ledger) === gathering) gatherings.delete(this.#ledger);
        gathering.rows.delete(row);
        resolve(false);
      }, WAITS_MS);
    });
    const isWritten = await Promise.race([gathering.isWritten, late]);
    clearTimeout(timer);
    return isWritten;
  }

  #gather(namespace: DurableObjectNamespace<StreamLedger>): Gathering {
    const rows = new Set<LedgerRow>();
    const gathering = { rows, isWritten: this.#send(namespace, rows) };
    gatherings.set(this.#ledger, gathering);
    return gathering;
  }

  async #send(namespace: DurableObjectNamespace<StreamLedger>, rows: Set<LedgerRow>): Promise<boolean> {
    await new Promise((ready) => setTimeout(ready));
    if (gatherings.get(this.#ledger)?.rows === rows) gatherings.delete(this.#ledger);
    if (rows.size === 0) return false;
    try {
      await namespace.getByName(this.#ledger).put(packedRows([...rows]));
      return true;
    } catch (thrown) {
      logFailure(thrown);
      return false;
    }
  }

  /** What the ledger has for a stream. Fails with `storage_unavailable` when it does not answer. */
  async entry(stream: string): Promise<Uint8Array | undefined> {
    return this.#asked((ledger) => ledger.entry(stream));
  }

  /** Resolves when nothing of the stream's is left there. Fails with `storage_unavailable` when it does not answer. */
  async erase(stream: string): Promise<void> {
    await this.#asked((ledger) => ledger.erase(stream));
  }

  async #asked<T>(question: (ledger: DurableObjectStub<StreamLedger>) => Promise<T>): Promise<T> {
    try {
      if (!this.#namespace) throw new Error("STREAM_LEDGER is not bound");
      return await question(this.#namespace.getByName(this.#ledger));
    } catch (cause) {
      const message = "the object with the stream's last values did not answer; try again";
      throw new Failure("storage_unavailable", message, { cause });
    }
  }
}
