/** weights: the pack that this isolate serves, loaded once and shared by every conversation in it. */
import { loadServed, type Served } from "../../src/dialogue/load.ts";
import { type Bucket, bucketFetches } from "../../src/weights/bucket-fetches.ts";
import { fetchSource } from "../../src/weights/fetch-source.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { SingleFlight } from "../platform/single-flight.ts";
import { admission, placesFor } from "./admission.ts";
import { remotePipeline } from "./stage-client.ts";

/** Of the platform's 128 MB per isolate; the rest is for JavaScript and for one state on its way to or from storage. */
export const ENGINE_MAX_BYTES = 112 * 1024 * 1024;

export const weights = new SingleFlight<Served>();
export { admission };

export const served = (env: Env): Promise<Served> =>
  weights.get(async (progress) => {
    const loaded = await loadServed(packSource(env), kernels, {
      maxBytes: ENGINE_MAX_BYTES,
      progress,
      elsewhere: (divided) => remotePipeline(env, divided),
    });
    admission.limit(placesFor(loaded.backend));
    return loaded;
  });

type PackBindings = Pick<Env, "ASSETS"> & { PACK_PATH: string; PACKS?: Bucket };

/** From the bucket `PACKS` where one is bound, else from the static assets. The host is of no meaning to either. */
export const packSource = ({ ASSETS, PACKS, PACK_PATH }: PackBindings) =>
  fetchSource(PACKS ? bucketFetches(PACKS) : ASSETS, new URL(`${PACK_PATH}/`, "http://assets/").href);
