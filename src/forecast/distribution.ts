/**
 * Distribution: what the model expects of the next value, from its logits: piecewise
 * uniform over bins, on the asinh axis.
 *
 * Special ids are left out. Where the stream has no scale yet, everything lies on its one value.
 */
import type { ForecastCodec, Scale } from "./codec.ts";

export class Distribution {
  readonly #codec: ForecastCodec;
  readonly #scale: Scale;
  /** Probability below each bin, and 1 at the end: (bins + 1). */
  readonly #below: Float64Array;

  /** `logits`: (V), of the position after the last value. */
  constructor(codec: ForecastCodec, scale: Scale, logits: Float32Array) {
    this.#codec = codec;
    this.#scale = scale;
    const { first, bins } = codec.config;
    let most = -Infinity;
    for (let i = 0; i < bins; i++) most = Math.max(most, logits[first + i]!);
    this.#below = new Float64Array(bins + 1);
    for (let i = 0; i < bins; i++) this.#below[i + 1] = this.#below[i]! + Math.exp(logits[first + i]! - most);
    const sum = this.#below[bins]!;
    for (let i = 1; i <= bins; i++) this.#below[i]! /= sum;
  }

  /** P(next ≤ value). Half of what lies in the outermost bins is beyond them. */
  cdf(value: number): number {
    const { middle, step, config } = this.#codec;
    const { mean, scale } = this.#scale;
    if (scale === 0) return value < mean ? 0 : value > mean ? 1 : 0.5;
    const at = Math.asinh((value - mean) / scale) / step + middle + 0.5;
    const inside = Math.min(config.bins - 0.5, Math.max(0.5, at));
    const bin = Math.min(config.bins - 1, Math.floor(inside));
    return this.#below[bin]! + (inside - bin) * (this.#below[bin + 1]! - this.#below[bin]!);
  }

  /** The value below which a share `q` of the probability lies; 0 < q < 1. */
  quantile(q: number): number {
    const { middle, step, config } = this.#codec;
    const { mean, scale } = this.#scale;
    if (scale === 0) return mean;
    let [low, high] = [0, config.bins - 1]; // the bin in which the probability below passes q
    while (low < high) {
      const half = (low + high) >> 1;
      if (this.#below[half + 1]! < q) low = half + 1;
      else high = half;
    }
    const mass = this.#below[low + 1]! - this.#below[low]!;
    const within = mass > 0 ? (q - this.#below[low]!) / mass : 0.5;
    return mean + scale * Math.sinh((low + within - 0.5 - middle) * step);
  }
}

const HALVINGS = 50;

/** The quantile of equally weighted distributions together. */
export function mixedQuantile(parts: readonly Distribution[], q: number): number {
  const own = parts.map((part) => part.quantile(q));
  let [low, high] = [Math.min(...own), Math.max(...own)];
  for (let i = 0; i < HALVINGS && low < high; i++) {
    const half = low + (high - low) / 2;
    const below = parts.reduce((sum, part) => sum + part.cdf(half), 0) / parts.length;
    if (below < q) low = half;
    else high = half;
  }
  return low + (high - low) / 2;
}
