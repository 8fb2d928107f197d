/** modelCards: what the Worker needs to know of the served models, read from their manifests. */

import { check, Failure } from "../../src/core/failure.ts";
import { RELEASE } from "../../src/core/release.ts";
import { modelFrom } from "../../src/models/index.ts";
import { transformerCacheBytes } from "../../src/models/transformer-cache.ts";
import { readManifest } from "../../src/weights/load-pack.ts";
import { type PackEntry, packEntries, packSource } from "./pack.ts";

export interface ModelCard {
  id: string;
  /** Its path (pack.ts). */
  path: string;
  fingerprint: string;
  parameters: number;
  dtype: string;
  /** Of all shards. */
  weightBytes: number;
  contextLength: number;
  licence?: string;
  /** Seconds since 1970. */
  created: number;
  /** See `transformerCacheBytes`; absent for an architecture that only its ONNX graph knows. */
  transformerCacheBytesPerToken?: number;
}

/** By what `PACK_PATH` says. */
const known = new Map<string, ModelCard[]>();

/** In the order of `PACK_PATH`. The values are kept, not their promises: another request's promise may never settle. */
export async function modelCards(env: Env): Promise<readonly ModelCard[]> {
  const key: string = env.PACK_PATH;
  const found = known.get(key);
  if (found) return found;
  const cards = await Promise.all(packEntries(env).map((entry) => read(env, entry)));
  const twice = cards.find(({ id }, i) => cards.findIndex((other) => other.id === id) !== i);
  const message = () => `PACK_PATH: expected names that differ, two packs are called ${twice?.id}; write name=folder`;
  check(!twice, "weights_invalid", message, "PACK_PATH");
  known.set(key, cards);
  return cards;
}

async function read(env: Env, { path, name }: PackEntry): Promise<ModelCard> {
  const { manifest, fingerprint } = await readManifest(packSource({ ...env, PACK_PATH: path }));
  const { parameters, dtype, contextLength, licence } = manifest;
  const perToken = cacheBytes(manifest.model.config);
  return {
    id: name ?? manifest.name,
    path,
    fingerprint,
    parameters,
    dtype,
    weightBytes: manifest.shards.reduce((n, shard) => n + shard.bytes, 0),
    contextLength,
    created: createdOf(manifest.provenance.created),
    ...(licence ? { licence } : {}),
    ...(perToken === undefined ? {} : { transformerCacheBytesPerToken: perToken }),
  };
}

/** When the pack was made, where it says so; else when this release was. */
const createdOf = (stated: unknown): number =>
  Number.isSafeInteger(stated) ? (stated as number) : Math.floor(Date.parse(RELEASE.date) / 1000);

function cacheBytes(config: unknown): number | undefined {
  try {
    return transformerCacheBytes(modelFrom(config));
  } catch (thrown) {
    if (thrown instanceof Failure) return undefined;
    throw thrown;
  }
}

/** Fails with `model_unknown` unless this is a served model. */
export async function requireModel(env: Env, model: string): Promise<ModelCard> {
  const cards = await modelCards(env);
  const found = cards.find(({ id }) => id === model);
  if (found) return found;
  const names = cards.map(({ id }) => JSON.stringify(id)).join(" or ");
  throw new Failure("model_unknown", `model: expected ${names}, got ${JSON.stringify(model)}`, { param: "model" });
}
