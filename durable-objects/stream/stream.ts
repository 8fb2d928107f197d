/**
 * Stream: one sequence of values, one Durable Object: what the forecaster knows of it, what it
 * expects next, and who listens.
 *
 * SQLite holds the values that were taken, and is the truth; the state in the engine's memory is a cache of it. A batch
 * is taken whole or not at all, and what the stream expects depends on its values alone: not on batches, instances or
 * the time of day. Every method takes the object's lock, reads the stream, changes it and writes it; the parts of that
 * are in the files beside this one.
 */
import { DurableObject } from "cloudflare:workers";
import type { StreamForecast, StreamValue, StreamView } from "../../src/api/streams/replies.ts";
import type { StreamOptions, ValuesAppend } from "../../src/api/streams/requests.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { armFromBindings } from "../platform/fault-points.ts";
import { failureResponse } from "../platform/log-failure.ts";
import { type Outcome, outcomeOf } from "../platform/outcome.ts";
import { TurnLock } from "../platform/turn-lock.ts";
import { checkSame } from "../storage/idempotency.ts";
import { listen } from "./listen.ts";
import { liveSequences } from "./live-sequences.ts";
import { servedForecaster } from "./served-forecaster.ts";
import { readStreamFile, writeStreamFile } from "./stream-file.ts";
import { type ForecastAsked, forecastFrom, forecastSteps, snapshot } from "./stream-forecast.ts";
import { beginStream, expire, openStream, removeStream, viewOf, watchExpiry } from "./stream-life.ts";
import { partsOf } from "./stream-parts.ts";
import { changed, copied, newRecord } from "./stream-record.ts";
import { lastValues, rewindTo, takenBefore, takeValues } from "./stream-values.ts";

const HISTORY_DEFAULT = 256;

export class Stream extends DurableObject<Env> {
  readonly #parts = partsOf(this.ctx, this.env);
  readonly #lock = new TurnLock({ maxWaiting: 64 });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // Whatever a former instance left in memory may be ahead of the disk.
    liveSequences.drop(this.#parts.owner);
    armFromBindings(env);
  }

  /** Begins it. The same request again finds it; another one with the same id fails with `idempotency_mismatch`. */
  async create(tenant: string, id: string, options: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const digest = sha256(JSON.stringify(options));
      const known = await this.#parts.stored.read(tenant);
      if (known) {
        checkSame(known.record.digest, digest);
        return viewOf(this.#parts, known);
      }
      const { fingerprint } = await servedForecaster(this.env);
      return beginStream(this.#parts, tenant, { record: newRecord(id, fingerprint, digest, options), tail: [] });
    });
  }

  async view(tenant: string): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => viewOf(this.#parts, await openStream(this.#parts, tenant)));
  }

  async change(tenant: string, options: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const { record, tail } = await openStream(this.#parts, tenant);
      const next = { record: changed(record, options), tail };
      const view = viewOf(this.#parts, this.#parts.stored.commit(tenant, next));
      await watchExpiry(this.#parts, next.record);
      await this.#parts.reports.publish(tenant, next.record, view);
      return view;
    });
  }

  /**
   * Takes values, all or none. Gives an `AppendReply` as JSON: a text costs less to hand over than an
   * object. `together`: many streams take values at this moment, so that they had better be written in one
   * commit. Fails as `arrange` does.
   */
  async append(
    tenant: string,
    body: ValuesAppend,
    { counted, key, together = false }: { counted: string; key?: string | undefined; together?: boolean },
  ): Promise<Outcome<string>> {
    const outcome = await this.#outcome(async () => {
      const open = await openStream(this.#parts, tenant);
      const digest = key === undefined ? "" : sha256(JSON.stringify(body));
      const before = open.record.keys.find((known) => known.key === key);
      if (before) {
        checkSame(before.digest, digest);
        return takenBefore(this.#parts, open, before);
      }
      const once = key === undefined ? undefined : { key, digest };
      const forecast = (h: number) => this.#forecast(tenant, { h });
      const reply = await takeValues(this.#parts, tenant, open, body, { once, together, forecast });
      this.#parts.reports.count(tenant, counted, reply.values.length + reply.replayed);
      metrics.streamValues.add(reply.values.length);
      return reply;
    });
    if ("failure" in outcome) return outcome;
    if (!body.forecast) return { value: JSON.stringify(outcome.value) };
    const asked = { h: body.forecast === true ? undefined : body.forecast };
    const forecast = await this.forecast(tenant, asked, counted);
    // The values are taken, whatever becomes of the forecast: a stream of gaps has none.
    return {
      value: JSON.stringify("value" in forecast ? { ...outcome.value, forecast: forecast.value } : outcome.value),
    };
  }

  /**
   * Quantiles of the next values; the same as long as no value comes. Fails with `request_invalid` before the first.
   */
  async forecast(tenant: string, asked: ForecastAsked, counted: string): Promise<Outcome<StreamForecast>> {
    return outcomeOf(async () => {
      const forecast = await this.#forecast(tenant, asked);
      const steps = forecastSteps(forecast, asked);
      this.#parts.reports.count(tenant, counted, steps);
      metrics.streamForecastSteps.add(steps);
      return forecast;
    });
  }

  async #forecast(tenant: string, asked: ForecastAsked): Promise<StreamForecast> {
    return forecastFrom(await this.#alone(() => snapshot(this.#parts, tenant)), asked);
  }

  /** The last values. */
  async history(tenant: string, limit = HISTORY_DEFAULT): Promise<Outcome<{ data: StreamValue[]; hasMore: boolean }>> {
    return this.#outcome(async () => lastValues(this.#parts, await openStream(this.#parts, tenant), limit));
  }

  /** Takes everything behind a position back. Fails with `stream_conflict` when that is too far. */
  async rewind(tenant: string, position: number): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const open = await openStream(this.#parts, tenant);
      return viewOf(this.#parts, await rewindTo(this.#parts, tenant, open, position));
    });
  }

  /** The stream as a signed text. */
  async exportFile(tenant: string): Promise<Outcome<string>> {
    return this.#outcome(async () => {
      const { record, tail } = await openStream(this.#parts, tenant);
      const { store } = this.#parts;
      const kept = store.keptAt(record.moment.position);
      return writeStreamFile(this.env.SESSION_KEY, tenant, { record, tail, kept, history: store.history(0) });
    });
  }

  /** A stream from such a text, under an id of its own. Fails with `import_refused` or `model_changed`. */
  async importFile(tenant: string, id: string, file: string, fork?: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const { fingerprint } = await servedForecaster(this.env);
      const { record, tail, kept: state, history: entries } = readStreamFile(this.env.SESSION_KEY, tenant, file);
      check(record.fingerprint === fingerprint, "model_changed", () => "the file was made by another forecaster");
      const known = await this.#parts.stored.read(tenant);
      if (known) return viewOf(this.#parts, known);
      const start = record.moment.position - tail.length - entries.length;
      const kept = state && { state, start, entries };
      return beginStream(this.#parts, tenant, { record: copied(record, id, fork), tail, kept });
    });
  }

  async remove(tenant: string): Promise<Outcome<void>> {
    return this.#outcome(async () => removeStream(this.#parts, tenant, await openStream(this.#parts, tenant)));
  }

  /** Only listeners come as requests: their replies go on for as long as they like. */
  override async fetch(request: Request): Promise<Response> {
    try {
      return await listen(this.#parts, request);
    } catch (thrown) {
      return failureResponse(thrown);
    }
  }

  /** Who listens has nothing to say. */
  override webSocketMessage(): void {}

  override webSocketClose(socket: WebSocket): void {
    this.#parts.sockets.closed(socket);
    // A hibernating socket's close is not answered by the runtime, and the client would wait for it.
    socket.close(1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.#parts.sockets.closed(socket);
  }

  override async alarm(): Promise<void> {
    this.#parts.alarms.rang();
    if (this.#parts.store.owner() !== undefined) await this.#alone(() => expire(this.#parts));
  }

  #outcome<T>(work: () => Promise<T>): Promise<Outcome<T>> {
    return outcomeOf(() => this.#alone(work));
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const release = await this.#lock.acquire().catch((cause: unknown) => {
      throw new Failure("busy", "too many requests for this stream at once", { cause });
    });
    try {
      return await work();
    } finally {
      release();
    }
  }
}
