/**
 * Forecaster: a model over bins, and what is read from it: the next value's distribution at once,
 * further ones along sampled paths.
 *
 * Every value is one step of one id, whatever batch it came in: so the state has the same bits one by one,
 * in batches, and after a replay.
 */
import type { Backend, Saved, Sequence } from "../backends/backend.ts";
import { check } from "../core/failure.ts";
import { Random } from "../sampling/random.ts";
import type { Manifest } from "../weights/manifest.ts";
import { ForecastCodec, type Scale } from "./codec.ts";
import { Distribution, mixedQuantile } from "./distribution.ts";

export interface Forecaster {
  manifest: Manifest;
  fingerprint: string;
  backend: Backend;
  codec: ForecastCodec;
}

/** Fails with `weights_invalid` where the pack is no forecaster. */
export function forecasterOf(loaded: Omit<Forecaster, "codec">): Forecaster {
  const { backend, manifest } = loaded;
  return { ...loaded, codec: ForecastCodec.of(manifest.model.config, backend.vocab) };
}

/** Feeds one id, and gives a copy of the logits that follow it. */
export async function feed(sequence: Sequence, id: number): Promise<Float32Array> {
  return (await sequence.forward(Uint32Array.of(id), "last")).slice();
}

/** What a forecast goes out from. */
interface ForecastOrigin {
  /** The state after the last value. */
  saved: Saved;
  logits: Float32Array;
  scale: Scale;
}

interface ForecastRequest {
  horizon: number;
  quantiles: readonly number[];
  /** Futures that are drawn. */
  paths: number;
}

/** Steps of paths that one forecast may take: its budget. */
const PATH_STEPS_MAX = 16_384;
/** Paths that are in memory at once. */
const ABREAST = 16;

/**
 * Quantiles of the next values: (horizon, quantiles). The first row is exact; later ones are quantiles of the
 * paths' own distributions together, which are smoother than those of the values that were drawn. The same origin
 * and request give the same bits.
 */
export async function forecast(
  { backend, codec }: Forecaster,
  { saved, logits, scale }: ForecastOrigin,
  { horizon, quantiles, paths }: ForecastRequest,
): Promise<number[][]> {
  check(horizon * paths <= PATH_STEPS_MAX, "request_invalid", () => tooMuch(horizon, paths), "h");
  const now = new Distribution(codec, scale, logits);
  const rows = [quantiles.map((q) => now.quantile(q))];
  if (scale.scale === 0) return Array.from({ length: horizon }, () => rows[0]!);
  const later: Distribution[][] = Array.from({ length: horizon - 1 }, () => []);
  for (let from = 0; from < paths && horizon > 1; from += ABREAST) {
    const numbers = Array.from({ length: Math.min(ABREAST, paths - from) }, (_, i) => from + i);
    await walk({ backend, codec }, saved, now, scale, numbers, paths, later);
  }
  for (const parts of later) rows.push(quantiles.map((q) => mixedQuantile(parts, q)));
  return rows;
}

const tooMuch = (horizon: number, paths: number) =>
  `h: ${horizon} steps of ${paths} paths are more than ${PATH_STEPS_MAX} steps; ask for fewer of either`;

/** Draws some futures side by side and adds each one's distributions to those of its steps. */
async function walk(
  { backend, codec }: Pick<Forecaster, "backend" | "codec">,
  saved: Saved,
  now: Distribution,
  scale: Scale,
  numbers: readonly number[],
  of: number,
  later: Distribution[][],
): Promise<void> {
  const drawn = numbers.map((number) => {
    const random = Random.fromSeed((BigInt(saved.position) << 20n) + BigInt(number));
    return { number, random, scale, sequence: undefined as Sequence | undefined, next: now };
  });
  try {
    for (const path of drawn) path.sequence = await backend.open(saved);
    for (const [step, parts] of later.entries()) {
      const turns = drawn.map((path) => {
        const u = path.random.nextFloat();
        // The first step's draws are spread evenly over the distribution.
        const value = path.next.quantile(inside(step === 0 ? (path.number + u) / of : u));
        const { id, after } = codec.encode(path.scale, value);
        path.scale = after;
        return { sequence: path.sequence!, ids: Uint32Array.of(id), want: "last" as const };
      });
      const logits = await together(backend, turns);
      drawn.forEach((path, i) => {
        path.next = new Distribution(codec, path.scale, logits[i]!);
        parts.push(path.next);
      });
      await new Promise((resolve) => setTimeout(resolve)); // others come between two steps
    }
  } finally {
    for (const { sequence } of drawn) sequence?.release();
  }
}

const inside = (u: number): number => Math.min(1 - 1e-9, Math.max(1e-9, u));

/** One step of each, sharing the reading of the weights where the backend can. */
async function together(
  backend: Backend,
  turns: readonly { sequence: Sequence; ids: Uint32Array; want: "last" }[],
): Promise<Float32Array[]> {
  if (backend.forwardMany && turns.length <= backend.sliceTokens) return backend.forwardMany(turns);
  const logits: Float32Array[] = [];
  for (const { sequence, ids, want } of turns) logits.push((await sequence.forward(ids, want)).slice());
  return logits;
}
