/** One stage of a divided pack: its model, checked against its tensors, and the engine that runs it. */
import type { Model } from "../models/architecture.ts";
import { modelFrom } from "../models/index.ts";
import { stageOf } from "../models/stages.ts";
import { checkAgainstModel } from "../weights/check-against-model.ts";
import { checkWindows, WINDOWS_FIELD } from "../weights/check-windows.ts";
import type { ShardArea } from "../weights/load-pack.ts";
import type { Manifest } from "../weights/manifest.ts";
import { refuseManifest } from "../weights/parse-manifest.ts";
import { stageManifest } from "../weights/stage-manifest.ts";
import type { Engine } from "./wasm/engine.ts";
import { EngineMemory, type EngineOptions, WEIGHTS_AT } from "./wasm/index.ts";

/**
 * The models of all stages. Fails with `weights_invalid` when they are not the whole
 * model, or not what the tensors are.
 */
export function stageModels(manifest: Manifest): Model[] {
  const model = modelFrom(manifest.model.config);
  checkWindows(manifest.cache, model.state, WINDOWS_FIELD);
  const ranges = manifest.stages!.map(({ blocks }) => blocks);
  const [, end] = ranges.at(-1)!;
  if (end !== model.blocks.length)
    refuseManifest("stages", `expected ${model.blocks.length} blocks in all, got ${end}`);
  return ranges.map((_, k) => {
    const stage = stageOf(model, ranges, k);
    checkAgainstModel(stageManifest(manifest, k), stage.weights);
    return stage;
  });
}

/** `start` is to be called when the shards lie in `area`. */
export function stageEngine(
  manifest: Manifest,
  k: number,
  kernels: WebAssembly.Module,
  options: EngineOptions = {},
): { area: ShardArea; start(): Engine } {
  const own = stageManifest(manifest, k);
  const memory = new EngineMemory(own, options);
  const stages = manifest.stages!;
  const model = modelFrom(manifest.model.config);
  const stage = stageOf(
    model,
    stages.map(({ blocks }) => blocks),
    k,
  );
  return {
    area: { memory: memory.memory, base: WEIGHTS_AT, shards: stages[k]!.shards },
    start: () => memory.start(stage, kernels),
  };
}
