/** stream-values: values of a stream are taken, taken back and shown. Whoever calls these holds the object's lock. */
import type { AppendReply, StreamForecast, StreamValue } from "../../src/api/streams/replies.ts";
import type { ValuesAppend } from "../../src/api/streams/requests.ts";
import { observed, periodMs } from "../../src/api/streams/values.ts";
import { check } from "../../src/core/failure.ts";
import { fault } from "../platform/fault-points.ts";
import { arrange } from "./arrange.ts";
import { feedSteps } from "./feed-steps.ts";
import { sameForecaster } from "./served-forecaster.ts";
import { watchExpiry } from "./stream-life.ts";
import type { StreamParts } from "./stream-parts.ts";
import { afterBatch, rewoundTo } from "./stream-record.ts";
import { appended, repeated, shownValues } from "./stream-replies.ts";
import type { StreamRecord } from "./stream-store.ts";
import type { OpenStream } from "./timeline.ts";

interface Taking {
  /** The request's key, and the digest of its body. */
  once: { key: string; digest: string } | undefined;
  /** Many streams take values at this moment, so that they had better be written in one commit. */
  together: boolean;
  /** For listeners who want one of the next `h` values with each batch. */
  forecast: (h: number) => Promise<StreamForecast>;
}

/** Takes a batch, whole or not at all. Fails as `arrange` does. */
export async function takeValues(
  parts: StreamParts,
  tenant: string,
  open: OpenStream,
  body: ValuesAppend,
  { once, together, forecast }: Taking,
): Promise<AppendReply> {
  const { ctx, env, stored, timeline, reports, listeners } = parts;
  const { record, tail } = open;
  const { position } = record.moment;
  const forecaster = await sameForecaster(record, env, ctx);
  const arranged = arrange(body.values.map(observed), {
    position,
    lastMs: record.lastMs,
    periodMs: record.frequency === null ? undefined : periodMs(record.frequency),
    late: body.late ?? "refuse",
    past: () => timeline.past(open),
  });
  if (arranged.steps.length === 0) return appended(record, arranged, position, { values: [], alerts: [] });
  await fault("stream.before-values", ctx);
  const back = arranged.from < position ? await timeline.courseAt(open, forecaster, arranged.from) : undefined;
  const course = back?.course ?? (await timeline.course(open, forecaster));
  try {
    const before = back ?? { entries: tail, start: position - tail.length };
    const fed = await feedSteps(course, record, arranged, before.entries, before.start);
    const next = afterBatch(record, arranged, course.live.moment, once);
    await fault("stream.before-commit", ctx);
    const owed = open.owed + arranged.steps.length;
    const changes = { record: next, tail: fed.tail, owed };
    const mayOwe = together && record.ledger === "now" && !fed.kept && !back;
    // On disk before anything is sent: what listeners get does not wait for that by itself.
    if (!mayOwe || !(await stored.owe(tenant, changes))) {
      stored.commit(tenant, { ...changes, kept: fed.kept, cut: back?.start }, together);
      await ctx.storage.sync();
    }
    await fault("stream.after-commit", ctx);
    await watchExpiry(parts, next);
    timeline.stay(course);
    if (fed.kept) reports.publishSizeLater(tenant);
    const reply = appended(next, arranged, position, fed);
    const forecasting = listeners.send(reply, forecast);
    if (forecasting) ctx.waitUntil(forecasting);
    return reply;
  } catch (thrown) {
    course.sequence.release();
    throw thrown;
  }
}

/** What a request that comes again is answered. */
export function takenBefore(
  { timeline }: StreamParts,
  open: OpenStream,
  request: StreamRecord["keys"][0],
): AppendReply {
  const { from, to } = request;
  const { start, entries } = timeline.entriesFrom(open, from);
  return repeated(open.record, request, shownValues(entries.slice(0, Math.max(0, to - start)), start, open.record));
}

export function lastValues(
  { timeline }: StreamParts,
  open: OpenStream,
  limit: number,
): { data: StreamValue[]; hasMore: boolean } {
  const { record } = open;
  const { start, entries } = timeline.entriesFrom(open, Math.max(0, record.moment.position - limit));
  return { data: shownValues(entries, start, record), hasMore: start > 0 };
}

/** Takes everything behind a position back. Fails with `stream_conflict` when that is too far. */
export async function rewindTo(
  { ctx, env, stored, timeline }: StreamParts,
  tenant: string,
  open: OpenStream,
  position: number,
): Promise<OpenStream> {
  const { record } = open;
  const now = record.moment.position;
  check(position <= now, "request_invalid", () => `position: expected at most ${now}, got ${position}`, "position");
  const { start: oldest, entries: known, rewindable } = timeline.past(open);
  const tooFar = () => `position: expected ${rewindable} or later, got ${position}`;
  check(position >= rewindable, "stream_conflict", tooFar, "position");
  const forecaster = await sameForecaster(record, env, ctx);
  const { course, start, entries } = await timeline.courseAt(open, forecaster, position);
  const last = known.slice(0, position - oldest).findLast(({ timeMs }) => timeMs !== null);
  const next = rewoundTo(record, course.live.moment, last?.timeMs ?? null);
  const rewound = stored.commit(tenant, { record: next, tail: entries, cut: start });
  timeline.stay(course);
  return rewound;
}
