/**
 * ForecastCodec: values ↔ ids, with a running location and scale. training/forecast/codec.py is the same
 * arithmetic, and the tests compare them.
 *
 * A value's deviation from the running mean, in units of the running mean absolute deviation, is compressed by
 * asinh and cut into equal bins. Location and scale are those before the value, so whoever knows the past knows
 * what an id means. Until a second, different value has come there is no scale: ids are then the middle bin, and
 * the first difference becomes the scale.
 */
import * as z from "zod";
import { Failure } from "../core/failure.ts";

const count = z.number().int().min(0).max(1_000_000);

const forecastConfig = z.object({
  version: z.literal(1),
  begin: count,
  gap: count,
  end: count,
  /** Id of the lowest bin. */
  first: count,
  bins: count.min(3),
  /** asinh of the furthest bin's centre. */
  limit: z.number().positive().max(50),
  /** Values that location and scale follow. */
  window: count.min(1),
  /** Scales by which one value may move them. */
  reach: z.number().positive(),
  /** Share of the mean below which a difference is rounding. */
  floor: z.number().min(0).max(1),
});

type ForecastConfig = z.infer<typeof forecastConfig>;

/** Location and scale before the next value; scale 0: there is none yet. */
export interface Scale {
  mean: number;
  scale: number;
  count: number;
}

export const NO_SCALE: Scale = { mean: 0, scale: 0, count: 0 };

/** Largest magnitude of a value: squares and sums of such numbers stay finite. */
export const VALUE_MAX = 1e100;

export class ForecastCodec {
  readonly config: ForecastConfig;
  readonly step: number;
  readonly middle: number;

  constructor(config: ForecastConfig) {
    this.config = config;
    this.middle = (config.bins - 1) / 2;
    this.step = config.limit / this.middle;
  }

  /** From a checkpoint's config. Fails with `weights_invalid` where the model is no forecaster, naming the field. */
  static of(config: Record<string, unknown>, vocab: number): ForecastCodec {
    const parsed = forecastConfig.safeParse(config.rivulet_forecast);
    const wrong = (message: string) =>
      new Failure("weights_invalid", `config.rivulet_forecast${message}`, { param: "rivulet_forecast" });
    if (!parsed.success) {
      const { path, message } = parsed.error.issues[0]!;
      throw wrong(`${path.map((key) => `.${String(key)}`).join("")}: ${message}; the pack is no forecaster`);
    }
    const { first, bins, begin, gap, end } = parsed.data;
    if (bins % 2 === 0 || first + bins !== vocab)
      throw wrong(`.bins: expected an odd number that ends the vocabulary of ${vocab}, got ${bins} from id ${first}`);
    if ([begin, gap, end].some((id) => id >= first)) throw wrong(".first: expected the special ids below it");
    return new ForecastCodec(parsed.data);
  }

  /** The scale by which this value would be read: its own deviation where it is the first difference. */
  unit({ mean, scale }: Scale, value: number): number {
    const least = this.config.floor * Math.abs(mean);
    const deviation = Math.abs(value - mean);
    const unit = scale === 0 && deviation > least ? deviation : scale;
    return unit > 0 ? Math.max(unit, least) : 0;
  }

  /** A value's id, and location and scale after it; null is a gap, which changes neither. */
  encode(before: Scale, value: number | null): { id: number; after: Scale } {
    const { gap, first, limit, window, reach } = this.config;
    if (value === null) return { id: gap, after: before };
    const known = before.count === 0 ? { ...before, mean: value } : before;
    const unit = this.unit(known, value);
    const deviation = value - known.mean;
    const compressed = unit > 0 ? clip(Math.asinh(deviation / unit), limit) : 0;
    const count = Math.min(known.count + 1, window);
    const share = 1 / count;
    const most = reach * unit;
    return {
      id: first + this.middle + roundHalfEven(compressed / this.step),
      after: {
        mean: known.mean + share * clip(deviation, most),
        scale: unit > 0 ? unit + share * (Math.min(Math.abs(deviation), most) - unit) : 0,
        count,
      },
    };
  }
}

const clip = (x: number, most: number): number => Math.min(most, Math.max(-most, x));

/** As numpy's `rint` does. */
function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  if (part !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}
