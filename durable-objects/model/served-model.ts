/** weights: the pack that this isolate serves, loaded once and shared by every conversation in it. */
import { loadServed, type Served } from "../../src/dialogue/load.ts";
import { readManifest } from "../../src/weights/load-pack.ts";
import kernels from "../../wasm/build/kernels.wasm";
import { SingleFlight } from "../platform/single-flight.ts";
import { admission, slotsFor } from "./admission.ts";
import { engineMaxBytes, memoryBytes, packSource } from "./pack.ts";
import { remotePipeline, stageObject } from "./stage-client.ts";

export const weights = new SingleFlight<Served>();

export const served = (env: Env): Promise<Served> =>
  weights.get(async (progress) => {
    const loaded = await loadServed(packSource(env), kernels, {
      maxBytes: engineMaxBytes(env),
      progress,
      elsewhere: (divided) => remotePipeline(env, divided),
    });
    admission.limit(slotsFor(loaded.backend, memoryBytes(env)));
    return loaded;
  });

/** Removes what the stages of a divided model keep of a conversation. Needs the manifest, not the weights; does nothing for a model that is not divided. */
export async function forgetStages(env: Env, owner: string): Promise<void> {
  const { manifest } = weights.value ?? (await readManifest(packSource(env)));
  await Promise.all((manifest.stages ?? []).map((_, stage) => stageObject(env, owner, stage).forget()));
}
