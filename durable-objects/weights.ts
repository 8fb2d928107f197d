/** weights: the pack that this isolate serves, loaded once and shared by every conversation in it. */
import { loadServed, type Served } from "../src/dialogue/load.ts";
import { fetchSource } from "../src/weights/fetch-source.ts";
import kernels from "../wasm/build/kernels.wasm";
import { SingleFlight } from "./single-flight.ts";
import { remotePipeline } from "./stages.ts";

/** Of the platform's 128 MB per isolate; the rest is for JavaScript and for one state on its way to or from storage. */
export const ENGINE_MAX_BYTES = 112 * 1024 * 1024;

export const weights = new SingleFlight<Served>();
export { admission } from "./admission.ts";

export const served = (env: Env): Promise<Served> =>
  weights.get((progress) =>
    loadServed(packSource(env), kernels, {
      maxBytes: ENGINE_MAX_BYTES,
      progress,
      elsewhere: (divided) => remotePipeline(env, divided),
    }),
  );

/** The host is of no meaning to an assets binding. */
export const packSource = (env: Pick<Env, "ASSETS"> & { PACK_PATH: string }) =>
  fetchSource(env.ASSETS, new URL(`${env.PACK_PATH}/`, "http://assets/").href);
