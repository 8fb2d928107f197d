/** forgetStages: what the stages of a divided model keep of a conversation is removed with it. */
import { readManifest } from "../../src/weights/load-pack.ts";
import { packSource, weights } from "./served-model.ts";
import { stageObject } from "./stage-client.ts";

/** Needs the manifest, not the weights. Does nothing for a model that is not divided. */
export async function forgetStages(env: Env, owner: string): Promise<void> {
  const { manifest } = weights.value ?? (await readManifest(packSource(env)));
  await Promise.all((manifest.stages ?? []).map((_, stage) => stageObject(env, owner, stage).forget()));
}
