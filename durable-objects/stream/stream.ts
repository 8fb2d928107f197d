/**
 * Stream: one sequence of values, one Durable Object: what the forecaster knows of it, what it expects next, and who listens.
 *
 * SQLite holds the values that were taken, and is the truth; the state in the engine's memory is a cache of it. A batch is taken whole or not at
 * all, and what the stream expects depends on its values alone: not on batches, instances or the time of day. Every method takes the object's
 * lock, reads the stream, changes it and writes it; the parts of that are in the files beside this one.
 */
import { DurableObject } from "cloudflare:workers";
import type { AppendReply, StreamForecast, StreamValue, StreamView } from "../../src/api/streams/replies.ts";
import type { StreamOptions, ValuesAppend } from "../../src/api/streams/requests.ts";
import { observed, periodMs } from "../../src/api/streams/values.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { metrics } from "../../src/core/metrics.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { type Forecaster, forecast } from "../../src/forecast/forecaster.ts";
import { Alarms } from "../platform/alarms.ts";
import { armFromBindings, fault } from "../platform/fault-points.ts";
import { TurnLock } from "../platform/keyed-lock.ts";
import { failureResponse } from "../platform/log-failure.ts";
import { type Outcome, outcomeOf } from "../platform/outcome.ts";
import { checkSame } from "../storage/idempotency.ts";
import { arrange } from "./arrange.ts";
import type { Course } from "./course.ts";
import { feedSteps } from "./feed-steps.ts";
import { Linger } from "./linger.ts";
import { listen } from "./listen.ts";
import { Listeners } from "./listeners.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { liveSequences } from "./live-sequences.ts";
import { liveBytes, loadedForecaster, servedForecaster } from "./served-forecaster.ts";
import { StoredStream } from "./stored-stream.ts";
import { readStreamFile, writeStreamFile } from "./stream-file.ts";
import { afterBatch, changed, copied, isExpired, newRecord, rewoundTo } from "./stream-record.ts";
import { appended, forecastReply, repeated, shownValues, streamView } from "./stream-replies.ts";
import { StreamReports } from "./stream-reports.ts";
import { type Commit, noSuchStream, type StreamRecord, StreamStore } from "./stream-store.ts";
import { type OpenStream, Timeline } from "./timeline.ts";

/** Paths that a forecast draws unless its request says otherwise. */
const PATHS = 24;
const HISTORY_DEFAULT = 256;

export interface ForecastAsked {
  h?: number | undefined;
  quantiles?: readonly number[] | undefined;
  paths?: number | undefined;
}

export class Stream extends DurableObject<Env> {
  readonly #store = new StreamStore(this.ctx.storage);
  readonly #lock = new TurnLock({ maxWaiting: 64 });
  readonly #sockets = new ListeningSockets(this.ctx, this.env);
  readonly #listeners = new Listeners(this.#sockets);
  readonly #owner = this.ctx.id.toString();
  readonly #stored = new StoredStream(this.#store, this.ctx, this.env);
  readonly #timeline = new Timeline(this.#store, this.#owner);
  readonly #reports = new StreamReports(this.ctx, this.env);
  readonly #alarms = new Alarms(this.ctx.storage);
  readonly #linger = new Linger(this.ctx, this.env, this.#owner);

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // Whatever a former instance left in memory may be ahead of the disk.
    liveSequences.drop(this.#owner);
    armFromBindings(env);
  }

  /** Begins it. The same request again finds it; another one with the same id fails with `idempotency_mismatch`. */
  async create(tenant: string, id: string, options: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const digest = sha256(JSON.stringify(options));
      const known = await this.#stored.read(tenant);
      if (known) {
        checkSame(known.record.digest, digest);
        return this.#view(known);
      }
      const { fingerprint } = await servedForecaster(this.env);
      return this.#begin(tenant, { record: newRecord(id, fingerprint, digest, options), tail: [] });
    });
  }

  async view(tenant: string): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => this.#view(await this.#open(tenant)));
  }

  async change(tenant: string, options: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const { record, tail } = await this.#open(tenant);
      const next = { record: changed(record, options), tail };
      const view = this.#view(this.#stored.commit(tenant, next));
      await this.#watchExpiry(next.record);
      await this.#reports.publish(tenant, next.record, view);
      return view;
    });
  }

  /**
   * Takes values, all or none. Gives an `AppendReply` as JSON: a text costs less to hand over than an object. `together`: many streams take values at
   * this moment, so that they had better be written in one commit. Fails as `arrange` does.
   */
  async append(
    tenant: string,
    body: ValuesAppend,
    { counted, key, together = false }: { counted: string; key?: string | undefined; together?: boolean },
  ): Promise<Outcome<string>> {
    const outcome = await this.#outcome(async () => {
      const open = await this.#open(tenant);
      const digest = key === undefined ? "" : sha256(JSON.stringify(body));
      const before = open.record.keys.find((known) => known.key === key);
      if (before) {
        checkSame(before.digest, digest);
        return this.#repeated(open, before);
      }
      const once = key === undefined ? undefined : { key, digest };
      const reply = await this.#take(tenant, open, body, { once, together });
      this.#reports.count(tenant, counted, reply.values.length + reply.replayed);
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

  async #take(
    tenant: string,
    open: OpenStream,
    body: ValuesAppend,
    { once, together }: { once: { key: string; digest: string } | undefined; together: boolean },
  ): Promise<AppendReply> {
    const { record, tail } = open;
    const { position } = record.moment;
    const forecaster = await this.#forecaster(record);
    const arranged = arrange(body.values.map(observed), {
      position,
      lastMs: record.lastMs,
      periodMs: record.frequency === null ? undefined : periodMs(record.frequency),
      late: body.late ?? "refuse",
      past: () => this.#timeline.past(open),
    });
    if (arranged.steps.length === 0) return appended(record, arranged, position, { values: [], alerts: [] });
    await fault("stream.before-values", this.ctx);
    const back = arranged.from < position ? await this.#timeline.courseAt(open, forecaster, arranged.from) : undefined;
    const course = back?.course ?? (await this.#timeline.course(open, forecaster));
    try {
      const before = back ?? { entries: tail, start: position - tail.length };
      const fed = await feedSteps(course, record, arranged, before.entries, before.start);
      const next = afterBatch(record, arranged, course.live.moment, once);
      await fault("stream.before-commit", this.ctx);
      const owed = open.owed + arranged.steps.length;
      const changes = { record: next, tail: fed.tail, owed };
      const mayOwe = together && record.ledger === "now" && !fed.kept && !back;
      // On disk before anybody is told: what listeners are sent does not wait for that by itself.
      if (!mayOwe || !(await this.#stored.owe(tenant, changes))) {
        this.#stored.commit(tenant, { ...changes, kept: fed.kept, cut: back?.start }, together);
        await this.ctx.storage.sync();
      }
      await fault("stream.after-commit", this.ctx);
      await this.#watchExpiry(next);
      this.#stay(course);
      if (fed.kept) this.#reports.stored(tenant);
      const reply = appended(next, arranged, position, fed);
      const telling = this.#listeners.tell(reply, (h) => this.#forecast(tenant, { h }));
      if (telling) this.ctx.waitUntil(telling);
      return reply;
    } catch (thrown) {
      course.sequence.release();
      throw thrown;
    }
  }

  /** Quantiles of the next values; the same as long as no value comes. Fails with `request_invalid` before the first. */
  async forecast(tenant: string, asked: ForecastAsked, counted: string): Promise<Outcome<StreamForecast>> {
    return outcomeOf(async () => {
      const forecast = await this.#forecast(tenant, asked);
      const steps = (forecast.steps.length - 1) * (asked.paths ?? PATHS);
      this.#reports.count(tenant, counted, steps);
      metrics.streamForecastSteps.add(steps);
      return forecast;
    });
  }

  async #forecast(tenant: string, asked: ForecastAsked): Promise<StreamForecast> {
    const standing = await this.#alone(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      check(
        record.moment.scale.count > 0,
        "request_invalid",
        () => "id: expected a stream that was given values, got one without",
        "id",
      );
      const forecaster = await this.#forecaster(record);
      const course = await this.#timeline.course(open, forecaster);
      const { sequence, logits, moment } = course.live;
      const saved = { position: sequence.position, tensors: await sequence.save() };
      this.#stay(course);
      return { record, forecaster, at: { saved, logits, scale: moment.scale } };
    });
    const { record, forecaster, at } = standing;
    const horizon = asked.h ?? record.horizon;
    const quantiles = [...(asked.quantiles ?? record.quantiles)];
    const rows = await forecast(forecaster, at, { horizon, quantiles, paths: asked.paths ?? PATHS });
    return forecastReply(record, quantiles, rows);
  }

  /** The last values. */
  async history(tenant: string, limit = HISTORY_DEFAULT): Promise<Outcome<{ data: StreamValue[]; hasMore: boolean }>> {
    return this.#outcome(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      const { start, entries } = this.#timeline.entriesFrom(open, Math.max(0, record.moment.position - limit));
      return { data: shownValues(entries, start, record), hasMore: start > 0 };
    });
  }

  /** Takes everything behind a position back. Fails with `stream_conflict` when that is too far. */
  async rewind(tenant: string, position: number): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      const now = record.moment.position;
      check(position <= now, "request_invalid", () => `position: expected at most ${now}, got ${position}`, "position");
      const { start: oldest, entries: known, rewindable } = this.#timeline.past(open);
      const tooFar = () => `position: expected ${rewindable} or later, got ${position}`;
      check(position >= rewindable, "stream_conflict", tooFar, "position");
      const forecaster = await this.#forecaster(record);
      const { course, start, entries } = await this.#timeline.courseAt(open, forecaster, position);
      const last = known.slice(0, position - oldest).findLast(({ timeMs }) => timeMs !== null);
      const next = rewoundTo(record, course.live.moment, last?.timeMs ?? null);
      const rewound = this.#stored.commit(tenant, { record: next, tail: entries, cut: start });
      this.#stay(course);
      return this.#view(rewound);
    });
  }

  /** The stream as a signed text. */
  async exportFile(tenant: string): Promise<Outcome<string>> {
    return this.#outcome(async () => {
      const { record, tail } = await this.#open(tenant);
      const kept = this.#store.keptAt(record.moment.position);
      const history = this.#store.history(0);
      return writeStreamFile(this.env.SESSION_KEY, tenant, { record, tail, kept, history });
    });
  }

  /** A stream from such a text, under an id of its own. Fails with `import_refused` or `model_changed`. */
  async importFile(tenant: string, id: string, file: string, fork?: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const { fingerprint } = await servedForecaster(this.env);
      const { record, tail, kept, history } = readStreamFile(this.env.SESSION_KEY, tenant, file);
      check(record.fingerprint === fingerprint, "model_changed", () => "the file was made by another forecaster");
      const known = await this.#stored.read(tenant);
      if (known) return this.#view(known);
      const start = record.moment.position - tail.length - history.length;
      return this.#begin(
        tenant,
        { record: copied(record, id, fork), tail },
        kept && { state: kept, start, entries: history },
      );
    });
  }

  async remove(tenant: string): Promise<Outcome<void>> {
    return this.#outcome(async () => {
      await this.#removeAll(tenant, await this.#open(tenant));
    });
  }

  /** Only listeners come as requests: their replies go on for as long as they like. */
  override async fetch(request: Request): Promise<Response> {
    try {
      return await listen({ listeners: this.#listeners, sockets: this.#sockets }, request, this.env, this.ctx);
    } catch (thrown) {
      return failureResponse(thrown);
    }
  }

  /** Who listens has nothing to say. */
  override webSocketMessage(): void {}

  override webSocketClose(socket: WebSocket): void {
    this.#sockets.closed(socket);
    // A hibernating socket's close is not answered by the runtime, and the client would wait for it.
    socket.close(1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.#sockets.closed(socket);
  }

  override async alarm(): Promise<void> {
    this.#alarms.rang();
    const owner = this.#store.owner();
    if (owner === undefined) return;
    await this.#alone(async () => {
      const open = await this.#stored.read(owner);
      if (!open) return;
      if (isExpired(open.record)) await this.#removeAll(owner, open);
      else await this.#watchExpiry(open.record);
    });
  }

  async #begin(tenant: string, begun: Pick<Commit, "record" | "tail">, kept?: Commit["kept"]): Promise<StreamView> {
    const open = this.#stored.commit(tenant, { ...begun, kept });
    const { record } = open;
    await this.#watchExpiry(record);
    const view = this.#view(open);
    await this.#reports.publish(tenant, record, view);
    await this.#reports.storedNow(tenant);
    return view;
  }

  /** Leaves the model's state in memory for the next request. */
  #stay({ live }: Course): void {
    liveSequences.put(this.#owner, live, liveBytes());
    this.#linger.heard();
  }

  async #removeAll(tenant: string, open: OpenStream): Promise<void> {
    const { record } = open;
    if (record.ledger) {
      // Whatever ends this before the database is gone must not leave a stream without its last values.
      if (open.owed > 0) this.#stored.commit(tenant, open);
      await this.ctx.storage.sync();
      await this.#stored.eraseOwed(tenant);
    }
    // While its row is there a deletion that was cut off comes again, by alarm or by request; afterwards nobody would take its name out of the list.
    await this.#reports.publishRemoval(tenant, record);
    liveSequences.drop(this.#owner);
    this.#listeners.end();
    this.#stored.forget();
    this.#alarms.rang();
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#store.forget();
    await this.#reports.storedNothing(tenant);
  }

  /** Fails with `not_found`. */
  async #open(tenant: string): Promise<OpenStream> {
    const open = await this.#stored.read(tenant);
    if (!open) throw noSuchStream();
    if (!isExpired(open.record)) return open;
    await this.#removeAll(tenant, open);
    throw noSuchStream();
  }

  async #forecaster(record: StreamRecord): Promise<Forecaster> {
    const forecaster = loadedForecaster() ?? (await this.#load());
    const message = () => "the stream was begun with another forecaster than the one that is served now";
    check(forecaster.fingerprint === record.fingerprint, "model_changed", message);
    return forecaster;
  }

  /** Goes on when the client that asked for it leaves. */
  #load(): Promise<Forecaster> {
    const loading = servedForecaster(this.env);
    this.ctx.waitUntil(loading.catch(() => {}));
    return loading;
  }

  #repeated(open: OpenStream, request: StreamRecord["keys"][0]): AppendReply {
    const { from, to } = request;
    const { start, entries } = this.#timeline.entriesFrom(open, from);
    return repeated(open.record, request, shownValues(entries.slice(0, Math.max(0, to - start)), start, open.record));
  }

  #view(open: OpenStream): StreamView {
    return streamView(open.record, this.#timeline.past(open).rewindable, this.#store.stateBytes());
  }

  async #watchExpiry({ ttlSeconds, changedMs }: StreamRecord): Promise<void> {
    if (ttlSeconds === null) return;
    // One that rings too early looks again: cheaper than a row with every batch.
    await this.#alarms.atLatest(changedMs + 1000 * ttlSeconds);
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
