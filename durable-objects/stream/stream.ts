/**
 * Stream: one sequence of values, one Durable Object: what the forecaster knows of it, what it expects next, and who listens.
 *
 * SQLite holds what was taken, and is the truth; the state in the engine's memory is a cache of it. A batch is taken whole or not at all, and
 * what the stream expects depends on its values alone: not on batches, instances or the time of day.
 */
import { DurableObject } from "cloudflare:workers";
import type { AppendReply, StreamForecast, StreamValue, StreamView } from "../../src/api/streams/replies.ts";
import { isoTime } from "../../src/api/streams/replies.ts";
import type { StreamOptions, ValuesAppend } from "../../src/api/streams/requests.ts";
import { observed, periodMs } from "../../src/api/streams/values.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { sha256 } from "../../src/core/sha256.ts";
import { type Forecaster, forecast } from "../../src/forecast/forecaster.ts";
import { settleLease, takeLease } from "../directory/allowance.ts";
import { publishEntry, spend, tellStored } from "../directory/directory-client.ts";
import { armFromBindings, fault } from "../platform/fault-points.ts";
import { TurnLock } from "../platform/keyed-lock.ts";
import { failureResponse, logFailure } from "../platform/log-failure.ts";
import { type Arranged, arrange } from "./arrange.ts";
import { Course } from "./course.ts";
import type { Entry } from "./entry.ts";
import { Listeners } from "./listeners.ts";
import { liveSequences } from "./live-sequences.ts";
import { liveBytes, servedForecaster } from "./served-forecaster.ts";
import { readStreamFile, writeStreamFile } from "./stream-file.ts";
import { changed, newRecord } from "./stream-record.ts";
import { HISTORY, KEPT_EVERY, type Kept, noSuchStream, type StreamRecord, StreamStore } from "./stream-store.ts";

/** Requests with a key that are remembered. */
const KEYS_MAX = 64;
const PATHS = 24;
/** Values between two looks at what else there is to do. */
const YIELD_EVERY = 32;
const HISTORY_DEFAULT = 256;
/** Changes below this are not worth a row in the directory. */
const TOLD_BYTES = 256 * 1024;
/** Steps of the model, of values and forecasts, that the directory is told of at once. */
const TOLD_STEPS = 256;

interface Open {
  record: StreamRecord;
  /** Values since the last kept state. */
  tail: Entry[];
}

/** A failure is handed over as a value: one that is thrown through RPC is logged as if nobody had caught it. */
export type Outcome<T> = { value: T } | { failure: Pick<Failure, "code" | "message" | "param"> };

export interface ForecastAsked {
  h?: number | undefined;
  quantiles?: readonly number[] | undefined;
  paths?: number | undefined;
}

export class Stream extends DurableObject<Env> {
  readonly #store = new StreamStore(this.ctx.storage);
  readonly #lock = new TurnLock({ maxWaiting: 64 });
  readonly #listeners = new Listeners();
  readonly #owner: string;
  /** As on disk; undefined: not read yet. */
  #known: Open | undefined;
  #alarmMs: number | null | undefined;
  /** Bytes that the directory has heard of from this instance. */
  #toldBytes = 0;
  /** Steps that it has not heard of, by the key of who asked for them. */
  readonly #untold = new Map<string, number>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#owner = ctx.id.toString();
    // Whatever a former instance left in memory may be ahead of the disk.
    liveSequences.drop(this.#owner);
    armFromBindings(env);
  }

  /** Begins it. The same request again finds it; another one with the same id fails with `idempotency_mismatch`. */
  async create(tenant: string, id: string, options: StreamOptions): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const digest = sha256(JSON.stringify(options));
      const known = this.#read(tenant);
      if (known) {
        check(known.record.digest === digest, "idempotency_mismatch", () => "this key began another stream");
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
      this.#store.commit(tenant, next);
      this.#known = next;
      await this.#published(tenant);
      return this.#view(next);
    });
  }

  /** Takes values, all or none. Fails as `arrange` does. */
  async append(tenant: string, body: ValuesAppend, counted: string, key?: string): Promise<Outcome<AppendReply>> {
    const outcome = await this.#outcome(async () => {
      const open = await this.#open(tenant);
      const digest = key === undefined ? "" : sha256(JSON.stringify(body));
      const before = open.record.keys.find((known) => known.key === key);
      if (before) {
        check(before.digest === digest, "idempotency_mismatch", () => "this key came with other values before");
        return this.#repeated(open, before);
      }
      const reply = await this.#take(tenant, open, body, key === undefined ? undefined : { key, digest });
      this.#count(tenant, counted, reply.values.length + reply.replayed);
      return reply;
    });
    if (!body.forecast || "failure" in outcome) return outcome;
    const asked = { h: body.forecast === true ? undefined : body.forecast };
    const forecast = await this.forecast(tenant, asked, counted);
    // The values are taken, whatever becomes of the forecast: a stream of gaps has none.
    return "value" in forecast ? { value: { ...outcome.value, forecast: forecast.value } } : outcome;
  }

  async #take(
    tenant: string,
    open: Open,
    body: ValuesAppend,
    once: { key: string; digest: string } | undefined,
  ): Promise<AppendReply> {
    const { record, tail } = open;
    const { position } = record.moment;
    const forecaster = await this.#forecaster(record);
    const arranged = arrange(body.values.map(observed), {
      position,
      lastMs: record.lastMs,
      periodMs: record.frequency === null ? undefined : periodMs(record.frequency),
      late: body.late ?? "refuse",
      past: () => this.#past(open),
    });
    if (arranged.steps.length === 0) return this.#reply(record, [], arranged, position, []);
    await fault("stream.before-values", this.ctx);
    const back = arranged.from < position ? await this.#courseAt(open, forecaster, arranged.from) : undefined;
    const course = back?.course ?? (await this.#course(open, forecaster));
    try {
      const taken = await this.#walk(
        course,
        record,
        arranged,
        back?.entries ?? tail,
        back?.start ?? position - tail.length,
      );
      const { moment } = course.live;
      const counts = { gaps: arranged.gaps, duplicates: arranged.duplicates, replayed: position - arranged.from };
      const next: StreamRecord = {
        ...record,
        moment,
        changedMs: Date.now(),
        lastMs: arranged.steps.reduce((last, { timeMs }) => Math.max(last, timeMs ?? last), record.lastMs ?? -1),
        keys: once
          ? [...record.keys, { ...once, ...counts, from: arranged.from, to: moment.position }].slice(-KEYS_MAX)
          : record.keys,
      };
      if (next.lastMs === -1) next.lastMs = null;
      await fault("stream.before-commit", this.ctx);
      this.#store.commit(tenant, { record: next, tail: taken.tail, kept: taken.kept, cut: back?.start });
      // On disk before anybody is told: what listeners are sent does not wait for that by itself.
      await this.ctx.storage.sync();
      await fault("stream.after-commit", this.ctx);
      this.#known = { record: next, tail: taken.tail };
      liveSequences.put(this.#owner, course.live, liveBytes(this.env, forecaster));
      await this.#watchExpiry(next);
      this.ctx.waitUntil(this.#tellStored(tenant));
      const reply = this.#reply(next, taken.values, arranged, position, taken.alerts);
      this.#listeners.tell(reply, (h) => this.#forecast(tenant, { h }));
      return reply;
    } catch (thrown) {
      course.sequence.release();
      throw thrown;
    }
  }

  /** Feeds the steps. What was gathered at the last kept state among them goes to rows; the rest is the new tail. */
  async #walk(
    course: Course,
    record: StreamRecord,
    { steps, from }: Arranged,
    before: readonly Entry[],
    start: number,
  ) {
    let gathered = [...before];
    let gatheredFrom = start;
    let runFrom = start;
    const run: Entry[] = [];
    let kept: Kept | undefined;
    const values: StreamValue[] = [];
    const alerts: AppendReply["alerts"] = [];
    for (const [i, { value, timeMs, isNew }] of steps.entries()) {
      const at = from + i;
      const { entry, told } = await course.take(value, timeMs, record.rules);
      gathered.push(entry);
      if (isNew) {
        values.push(shownValue(entry, at, record));
        for (const { name, when } of told) alerts.push({ name, when, position: at, time: isoTime(timeMs), value });
      }
      if (course.position % KEPT_EVERY === 0) {
        // Of several in one batch the last is kept.
        run.push(...gathered);
        gathered = [];
        gatheredFrom = course.position;
        if (Math.floor((from + steps.length) / KEPT_EVERY) * KEPT_EVERY === course.position) kept = await course.keep();
      }
      if (i % YIELD_EVERY === YIELD_EVERY - 1) await new Promise((resolve) => setTimeout(resolve));
    }
    if (run.length > 0)
      check(kept && gatheredFrom - run.length === runFrom, "bug", () => "values without a kept state");
    runFrom = gatheredFrom - run.length;
    return {
      tail: gathered,
      kept: kept && { state: kept, start: runFrom, entries: run },
      values,
      alerts,
    };
  }

  /** Quantiles of the next values; the same as long as no value comes. Fails with `request_invalid` before the first. */
  async forecast(tenant: string, asked: ForecastAsked, counted: string): Promise<Outcome<StreamForecast>> {
    return outcomeOf(async () => {
      const forecast = await this.#forecast(tenant, asked);
      this.#count(tenant, counted, (forecast.steps.length - 1) * (asked.paths ?? PATHS));
      return forecast;
    });
  }

  /** Many steps at once, for each message costs a row: those of an instance that ends before are not counted. */
  #count(tenant: string, key: string, steps: number): void {
    const untold = (this.#untold.get(key) ?? 0) + steps;
    this.#untold.set(key, untold < TOLD_STEPS ? untold : 0);
    if (untold >= TOLD_STEPS) this.ctx.waitUntil(spend(this.env, tenant, key, untold).catch(logFailure));
  }

  async #forecast(tenant: string, asked: ForecastAsked): Promise<StreamForecast> {
    const standing = await this.#alone(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      check(record.moment.scale.count > 0, "request_invalid", () => "id: the stream has no values yet", "id");
      const forecaster = await this.#forecaster(record);
      const { live } = await this.#course(open, forecaster);
      const saved = { position: live.sequence.position, tensors: await live.sequence.save() };
      const { logits, moment } = live;
      liveSequences.put(this.#owner, live, liveBytes(this.env, forecaster));
      return { record, forecaster, at: { saved, logits, scale: moment.scale } };
    });
    const { record, forecaster, at } = standing;
    const horizon = asked.h ?? record.horizon;
    const quantiles = [...(asked.quantiles ?? record.quantiles)];
    const rows = await forecast(forecaster, at, { horizon, quantiles, paths: asked.paths ?? PATHS });
    const period = record.frequency === null ? undefined : periodMs(record.frequency);
    const timeOf = (i: number) =>
      period === undefined || record.lastMs === null ? null : isoTime(record.lastMs + (i + 1) * period);
    return {
      ...{ object: "stream.forecast", stream: record.id, position: record.moment.position, quantiles },
      steps: rows.map((values, i) => ({ time: timeOf(i), values })),
    };
  }

  /** The last values. */
  async history(tenant: string, limit = HISTORY_DEFAULT): Promise<Outcome<{ data: StreamValue[]; hasMore: boolean }>> {
    return this.#outcome(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      const { start, entries } = this.#entriesFrom(open, Math.max(0, record.moment.position - limit));
      return { data: entries.map((entry, i) => shownValue(entry, start + i, record)), hasMore: start > 0 };
    });
  }

  /** Takes everything behind a position back. Fails with `stream_conflict` when that is too far. */
  async rewind(tenant: string, position: number): Promise<Outcome<StreamView>> {
    return this.#outcome(async () => {
      const open = await this.#open(tenant);
      const { record } = open;
      const now = record.moment.position;
      check(position <= now, "request_invalid", () => `position: expected at most ${now}, got ${position}`, "position");
      const { rewindable } = this.#past(open);
      const tooFar = () => `position: it can be rewound to ${rewindable} at the earliest`;
      check(position >= rewindable, "stream_conflict", tooFar, "position");
      const forecaster = await this.#forecaster(record);
      const { course, start, entries } = await this.#courseAt(open, forecaster, position);
      const before = this.#entriesFrom(open, 0);
      const last = before.entries.slice(0, position - before.start).findLast(({ timeMs }) => timeMs !== null);
      const next: StreamRecord = {
        ...record,
        moment: course.live.moment,
        changedMs: Date.now(),
        lastMs: last?.timeMs ?? null,
        // What came behind it may come again.
        keys: record.keys.filter(({ to }) => to <= position),
      };
      this.#store.commit(tenant, { record: next, tail: entries, cut: start });
      this.#known = { record: next, tail: entries };
      liveSequences.put(this.#owner, course.live, liveBytes(this.env, forecaster));
      return this.#view(this.#known);
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
      const known = this.#read(tenant);
      if (known) return this.#view(known);
      const nowMs = Date.now();
      const own: StreamRecord = { ...record, id, createdMs: nowMs, changedMs: nowMs, revision: nowMs, keys: [] };
      if (fork) own.forkedFrom = { stream: record.id, position: record.moment.position };
      const start = record.moment.position - tail.length - history.length;
      return this.#begin(
        tenant,
        { record: fork ? changed(own, fork) : own, tail },
        kept && { state: kept, start, entries: history },
      );
    });
  }

  async remove(tenant: string): Promise<Outcome<void>> {
    return this.#outcome(async () => {
      const { record } = await this.#open(tenant);
      await this.#removeAll(tenant, record);
    });
  }

  /** Only what listens comes as a request: its reply goes on for as long as it likes. */
  override async fetch(request: Request): Promise<Response> {
    const { searchParams } = new URL(request.url);
    const given = searchParams.get("h");
    const h = given === null ? undefined : Number(given);
    try {
      if (request.headers.get("upgrade") !== "websocket") return this.#listeners.join(request.signal, h);
      const tenant = request.headers.get("x-rivulet-tenant") ?? "";
      const lease = `socket ${crypto.randomUUID()}`;
      await takeLease(this.env, { tenant, digest: request.headers.get("x-rivulet-key") ?? "" }, "socket", lease);
      const left = () => this.ctx.waitUntil(settleLease(this.env, tenant, lease));
      try {
        return this.#listeners.joinSocket(h, left);
      } catch (thrown) {
        left();
        throw thrown;
      }
    } catch (thrown) {
      return failureResponse(thrown);
    }
  }

  override async alarm(): Promise<void> {
    this.#alarmMs = null;
    const owner = this.#store.owner();
    if (owner === undefined) return;
    await this.#alone(async () => {
      const open = this.#read(owner);
      if (!open) return;
      if (isExpired(open.record)) await this.#removeAll(owner, open.record);
      else await this.#watchExpiry(open.record);
    });
  }

  /** Tells the directory how much is stored here, when that has changed by much. Never rejects. */
  async #tellStored(tenant: string): Promise<void> {
    const bytes = this.ctx.storage.sql.databaseSize;
    if (Math.abs(bytes - this.#toldBytes) < TOLD_BYTES) return;
    this.#toldBytes = bytes;
    await tellStored(this.env, tenant, this.ctx.id.name ?? "", bytes).catch(logFailure);
  }

  async #begin(tenant: string, open: Open, kept?: Parameters<StreamStore["commit"]>[1]["kept"]): Promise<StreamView> {
    this.#store.commit(tenant, { ...open, kept });
    this.#known = open;
    await this.#watchExpiry(open.record);
    await this.#published(tenant);
    await tellStored(this.env, tenant, this.ctx.id.name ?? "", this.ctx.storage.sql.databaseSize);
    return this.#view(open);
  }

  async #removeAll(tenant: string, record: StreamRecord): Promise<void> {
    liveSequences.drop(this.#owner);
    this.#listeners.end();
    this.#known = undefined;
    this.#alarmMs = undefined;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#store.forget();
    const { id, createdMs } = record;
    const gone = {
      kind: "stream" as const,
      id,
      createdMs,
      revision: Math.max(Date.now(), record.revision + 1),
      deleted: true,
      info: {},
    };
    await publishEntry(this.env, tenant, gone);
    await tellStored(this.env, tenant, this.ctx.id.name ?? "", null);
  }

  #read(tenant: string): Open | undefined {
    const known = this.#known;
    if (known && this.#store.owner() === tenant) return known;
    this.#known = this.#store.read(tenant);
    return this.#known;
  }

  /** Fails with `not_found`. */
  async #open(tenant: string): Promise<Open> {
    const open = this.#read(tenant);
    if (!open) throw noSuchStream();
    if (!isExpired(open.record)) return open;
    await this.#removeAll(tenant, open.record);
    throw noSuchStream();
  }

  async #forecaster(record: StreamRecord): Promise<Forecaster> {
    const loading = servedForecaster(this.env);
    this.ctx.waitUntil(loading.catch(() => {}));
    const forecaster = await loading;
    const message = () => "the stream was begun with another forecaster than the one that is served now";
    check(forecaster.fingerprint === record.fingerprint, "model_changed", message);
    return forecaster;
  }

  /** Where the stream stands: from memory, or from its last kept state and the values since. */
  async #course(open: Open, forecaster: Forecaster): Promise<Course> {
    const { position } = open.record.moment;
    const live = liveSequences.take(this.#owner);
    if (live && live.moment.position === position) return Course.of(forecaster, live);
    live?.sequence.release();
    return (await this.#courseAt(open, forecaster, position)).course;
  }

  /** Where it stood at a position, and the values between the kept state that this began with and there. */
  async #courseAt(open: Open, forecaster: Forecaster, position: number) {
    const kept = this.#store.keptAt(position);
    const start = kept?.moment.position ?? 0;
    const known = this.#entriesFrom(open, start);
    check(known.start === start, "bug", () => `values from ${start} on are not there, but from ${known.start}`);
    const course = await Course.from(forecaster, kept);
    const entries: Entry[] = [];
    try {
      for (const { value, timeMs } of known.entries.slice(0, position - start)) {
        entries.push((await course.take(value, timeMs, open.record.rules)).entry);
        if (entries.length % YIELD_EVERY === 0) await new Promise((resolve) => setTimeout(resolve));
      }
    } catch (thrown) {
      course.sequence.release();
      throw thrown;
    }
    return { course, start, entries };
  }

  #entriesFrom({ record, tail }: Open, from: number): { start: number; entries: Entry[] } {
    const tailFrom = record.moment.position - tail.length;
    if (from >= tailFrom) return { start: from, entries: tail.slice(from - tailFrom) };
    const { start, entries } = this.#store.history(Math.max(from, record.moment.position - HISTORY));
    return { start: entries.length > 0 ? start : tailFrom, entries: [...entries, ...tail] };
  }

  #past(open: Open) {
    const known = this.#entriesFrom(open, 0);
    const oldest = this.#store.keptPositions().find((position) => position >= known.start);
    return { ...known, rewindable: known.start === 0 ? 0 : (oldest ?? open.record.moment.position) };
  }

  #repeated(open: Open, { from, to, gaps, duplicates, replayed }: StreamRecord["keys"][0]): AppendReply {
    const { record } = open;
    const { start, entries } = this.#entriesFrom(open, from);
    const values = entries.slice(0, Math.max(0, to - start)).map((entry, i) => shownValue(entry, start + i, record));
    return {
      ...{ object: "stream.values", stream: record.id, position: record.moment.position },
      ...{ gaps_filled: gaps, duplicates, replayed, repeated: true, values, alerts: [] },
    };
  }

  #reply(
    { id, moment }: StreamRecord,
    values: StreamValue[],
    { from, gaps, duplicates }: Arranged,
    before: number,
    alerts: AppendReply["alerts"],
  ): AppendReply {
    return {
      ...{ object: "stream.values", stream: id, position: moment.position, gaps_filled: gaps, duplicates },
      ...{ replayed: before - from, repeated: false, values, alerts },
    };
  }

  #view(open: Open): StreamView {
    const { record } = open;
    const { rules, ttlSeconds } = record;
    return {
      ...{ id: record.id, object: "stream", created_at: Math.floor(record.createdMs / 1000), name: record.name },
      ...{ model: record.fingerprint.slice(0, 12), frequency: record.frequency, horizon: record.horizon },
      ...{ quantiles: record.quantiles, anomaly_threshold: record.anomalyThreshold, alerts: rules },
      ...{ metadata: record.metadata, position: record.moment.position, last_time: isoTime(record.lastMs) },
      oldest_rewind: this.#past(open).rewindable,
      state_bytes: this.#store.stateBytes(),
      expires_at: ttlSeconds === null ? null : Math.floor(record.changedMs / 1000) + ttlSeconds,
      forked_from: record.forkedFrom,
    };
  }

  async #published(tenant: string): Promise<void> {
    const { record } = this.#known!;
    const { id, createdMs } = record;
    const info = this.#view(this.#known!);
    await publishEntry(this.env, tenant, { kind: "stream", id, createdMs, revision: record.revision, info });
  }

  async #watchExpiry({ ttlSeconds, changedMs }: StreamRecord): Promise<void> {
    if (ttlSeconds === null) return;
    const atMs = changedMs + 1000 * ttlSeconds;
    this.#alarmMs ??= await this.ctx.storage.getAlarm();
    // One that rings too early looks again: cheaper than a row with every batch.
    if (this.#alarmMs !== null && this.#alarmMs <= atMs) return;
    this.#alarmMs = atMs;
    await this.ctx.storage.setAlarm(atMs);
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

async function outcomeOf<T>(work: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await work() };
  } catch (thrown) {
    const { code, message, param } = logFailure(thrown);
    return { failure: { code, message, param } };
  }
}

const isExpired = ({ ttlSeconds, changedMs }: StreamRecord): boolean =>
  ttlSeconds !== null && changedMs + 1000 * ttlSeconds <= Date.now();

const shownValue = ({ timeMs, value, tail, expected }: Entry, position: number, record: StreamRecord): StreamValue => ({
  ...{ position, time: isoTime(timeMs), value, tail_probability: tail },
  anomaly: tail !== null && tail <= record.anomalyThreshold,
  expected: expected && { ...expected },
});
