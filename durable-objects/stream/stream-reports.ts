/**
 * StreamReports: what a stream publishes to its tenant's directory: its row in the list, how much is stored, and the
 * steps that count against the quota. A message costs the directory a row, so small changes are gathered.
 */
import type { StreamView } from "../../src/api/streams/replies.ts";
import { publishEntry, publishStored, STORED_CHANGE_BYTES, spend } from "../directory/directory-client.ts";
import { logFailure } from "../platform/log-failure.ts";
import type { StreamRecord } from "./stream-store.ts";

/** Steps of the model, of values and forecasts, that the directory counts at once. */
const PUBLISHED_STEPS = 256;

export class StreamReports {
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  /** Stored bytes that this instance published last. */
  #publishedBytes = 0;
  /** Steps that were not published yet, by the key of the client that asked for them. */
  readonly #unpublished = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
  }

  /** Resolves when the list shows the stream as it is now. */
  async publish(tenant: string, { id, createdMs, revision }: StreamRecord, info: StreamView): Promise<void> {
    await publishEntry(this.#env, tenant, { kind: "stream", id, createdMs, revision, info });
  }

  /** Resolves when the list shows the stream no more. */
  async publishRemoval(tenant: string, { id, createdMs, revision }: StreamRecord): Promise<void> {
    const gone = { id, createdMs, revision: Math.max(Date.now(), revision + 1), deleted: true, info: {} };
    await publishEntry(this.#env, tenant, { kind: "stream", ...gone });
  }

  /** Resolves when the stream's bytes count no more. */
  async publishNoSize(tenant: string): Promise<void> {
    await this.#publishStored(tenant, null);
  }

  /** Resolves when the directory knows the size. */
  async publishSize(tenant: string): Promise<void> {
    await this.#publishStored(tenant, this.#ctx.storage.sql.databaseSize);
  }

  /**
   * Publishes the stored size in the background, when it has changed by much: asked after a kept state,
   * since nothing else takes much.
   */
  publishSizeLater(tenant: string): void {
    const bytes = this.#ctx.storage.sql.databaseSize;
    if (Math.abs(bytes - this.#publishedBytes) < STORED_CHANGE_BYTES) return;
    this.#publishedBytes = bytes;
    this.#ctx.waitUntil(this.#publishStored(tenant, bytes).catch(logFailure));
  }

  /** Counts steps in the background, many at once: those of an instance that ends before are not counted. */
  count(tenant: string, key: string, steps: number): void {
    const unpublished = (this.#unpublished.get(key) ?? 0) + steps;
    this.#unpublished.set(key, unpublished < PUBLISHED_STEPS ? unpublished : 0);
    if (unpublished >= PUBLISHED_STEPS)
      this.#ctx.waitUntil(spend(this.#env, tenant, key, unpublished).catch(logFailure));
  }

  async #publishStored(tenant: string, bytes: number | null): Promise<void> {
    await publishStored(this.#env, tenant, { object: this.#ctx.id.name ?? "", bytes });
  }
}
