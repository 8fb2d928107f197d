/** The forecaster that this isolate serves: a second, small model beside the one that talks, in a memory of its own. */
import { loadModel } from "../../src/backends/load-model.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { type Forecaster, forecasterOf } from "../../src/forecast/forecaster.ts";
import { type Bucket, bucketFetches } from "../../src/weights/bucket-fetches.ts";
import { fetchSource } from "../../src/weights/fetch-source.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { ISOLATE_BYTES, memoryBytes } from "../model/pack.ts";
import { SingleFlight } from "../platform/single-flight.ts";
import type { StreamRecord } from "./stream-store.ts";

const forecaster = new SingleFlight<Forecaster>();
/** Bytes that states may take at once; asked for after every value, and known once it is loaded. */
let statesBytes = 0;

type ForecastBindings = Pick<Env, "ASSETS"> & { FORECAST_PACK_PATH?: string; FORECAST?: Fetcher; PACKS?: Bucket };

/** Its share of an isolate, beside a model that takes most of it; and of more memory an eighth. */
const SHARE_BYTES = 12 * 1024 * 1024;
const maxBytes = (env: object): number => Math.max(SHARE_BYTES, Math.floor((memoryBytes(env) - ISOLATE_BYTES) / 8));

/** Path of its pack. Fails with `weights_unavailable` where no forecaster is served. */
export function forecasterPath(env: Env): string {
  const { FORECAST_PACK_PATH: path } = env as ForecastBindings;
  if (!path)
    throw new Failure(
      "weights_unavailable",
      "this server has no forecaster: install the package rivulet-forecast, or name a pack with --forecaster or FORECAST_PACK_PATH",
    );
  return path;
}

/** Fails as `forecasterPath` and the loading of a pack do. */
export async function servedForecaster(env: Env): Promise<Forecaster> {
  const path = forecasterPath(env);
  const { FORECAST, PACKS, ASSETS } = env as ForecastBindings;
  return forecaster.get(async (progress) => {
    const fetches = FORECAST ?? (PACKS ? bucketFetches(PACKS) : ASSETS);
    const source = fetchSource(fetches, new URL(`${path}/`, "http://assets/").href);
    const loaded = forecasterOf(await loadModel(source, kernels, { maxBytes: maxBytes(env), progress }));
    statesBytes = bytesForStates(env, loaded);
    return loaded;
  });
}

/**
 * The forecaster that a stream was begun with; a load goes on when the client that asked for it
 * leaves. Fails with `model_changed`.
 */
export async function sameForecaster(
  { fingerprint }: Pick<StreamRecord, "fingerprint">,
  env: Env,
  ctx: Pick<DurableObjectState, "waitUntil">,
): Promise<Forecaster> {
  const served = loadedForecaster() ?? (await load(env, ctx));
  const message = () => "the stream was begun with another forecaster than the one that is served now";
  check(served.fingerprint === fingerprint, "model_changed", message);
  return served;
}

function load(env: Env, ctx: Pick<DurableObjectState, "waitUntil">): Promise<Forecaster> {
  const loading = servedForecaster(env);
  ctx.waitUntil(loading.catch(() => {}));
  return loading;
}

/** Undefined while it is not loaded. */
const loadedForecaster = (): Forecaster | undefined => forecaster.value;

/** Bytes of the memory of the forecaster's engine; undefined while it is not loaded. */
export const forecasterBytes = (): number | undefined => loadedForecaster()?.backend.memoryBytes;

/** Bytes that live sequences may take. */
export const liveBytes = (): number => statesBytes;

/** What weights and scratch leave, when so much stays free for a forecast's paths. */
function bytesForStates(env: object, { backend }: Forecaster): number {
  const state = backend.stateBytes(2 ** 31 - 1);
  return Math.max(state, maxBytes(env) - backend.memoryBytes - 18 * state);
}
