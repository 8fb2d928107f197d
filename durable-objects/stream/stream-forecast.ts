/**
 * stream-forecast: what a stream expects next. Its paths are drawn from a copy of the state, so that values can be
 * taken meanwhile: only making the copy needs the object's lock.
 */
import type { StreamForecast } from "../../src/api/streams/replies.ts";
import { check } from "../../src/core/failure.ts";
import { type Forecaster, forecast } from "../../src/forecast/forecaster.ts";
import { sameForecaster } from "./served-forecaster.ts";
import { openStream } from "./stream-life.ts";
import type { StreamParts } from "./stream-parts.ts";
import { forecastReply } from "./stream-replies.ts";
import type { StreamRecord } from "./stream-store.ts";

/** Paths that a forecast draws unless its request says otherwise. */
const PATHS = 24;

export interface ForecastAsked {
  h?: number | undefined;
  quantiles?: readonly number[] | undefined;
  paths?: number | undefined;
}

/** A stream's record and state at this moment, as a copy. */
interface StreamSnapshot {
  record: StreamRecord;
  forecaster: Forecaster;
  at: Parameters<typeof forecast>[1];
}

/** Fails with `request_invalid` before the first value. Whoever calls it holds the object's lock. */
export async function snapshot(parts: StreamParts, tenant: string): Promise<StreamSnapshot> {
  const { ctx, env, timeline } = parts;
  const open = await openStream(parts, tenant);
  const { record } = open;
  check(
    record.moment.scale.count > 0,
    "request_invalid",
    () => "id: expected a stream that was given values, got one without",
    "id",
  );
  const forecaster = await sameForecaster(record, env, ctx);
  const course = await timeline.course(open, forecaster);
  const { sequence, logits, moment } = course.live;
  const saved = { position: sequence.position, tensors: await sequence.save() };
  timeline.stay(course);
  return { record, forecaster, at: { saved, logits, scale: moment.scale } };
}

/** Quantiles of the next values. */
export async function forecastFrom(
  { record, forecaster, at }: StreamSnapshot,
  asked: ForecastAsked,
): Promise<StreamForecast> {
  const horizon = asked.h ?? record.horizon;
  const quantiles = [...(asked.quantiles ?? record.quantiles)];
  const rows = await forecast(forecaster, at, { horizon, quantiles, paths: asked.paths ?? PATHS });
  return forecastReply(record, quantiles, rows);
}

/** Steps of the model that a forecast took: its first values come without one. */
export const forecastSteps = ({ steps }: StreamForecast, { paths = PATHS }: ForecastAsked): number =>
  (steps.length - 1) * paths;
