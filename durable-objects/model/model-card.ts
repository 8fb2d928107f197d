/** modelCard: what the Worker needs to know of the served model, read from its manifest. */

import { Failure } from "../../src/core/failure.ts";
import { RELEASE } from "../../src/core/release.ts";
import { modelFrom } from "../../src/models/index.ts";
import { transformerCacheBytes } from "../../src/models/transformer-cache.ts";
import { readManifest } from "../../src/weights/load-pack.ts";
import { packSource } from "./pack.ts";

export interface ModelCard {
  id: string;
  fingerprint: string;
  parameters: number;
  dtype: string;
  contextLength: number;
  licence?: string;
  /** Seconds since 1970. */
  created: number;
  /** See `transformerCacheBytes`; absent for an architecture that only its ONNX graph knows. */
  transformerCacheBytesPerToken?: number;
}

let card: ModelCard | undefined;

/** The value is kept, not its promise: another request's promise may never settle. */
export async function modelCard(env: Env): Promise<ModelCard> {
  card ??= await read(env);
  return card;
}

async function read(env: Env): Promise<ModelCard> {
  const { manifest, fingerprint } = await readManifest(packSource(env));
  const { name: id, parameters, dtype, contextLength, licence } = manifest;
  const perToken = cacheBytes(manifest.model.config);
  return {
    id,
    fingerprint,
    parameters,
    dtype,
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

/** Fails with `model_unknown` unless this is the served model. */
export async function requireModel(env: Env, model: string): Promise<ModelCard> {
  const served = await modelCard(env);
  if (served.id === model) return served;
  throw new Failure("model_unknown", `model: expected ${JSON.stringify(served.id)}, got ${JSON.stringify(model)}`, {
    param: "model",
  });
}
