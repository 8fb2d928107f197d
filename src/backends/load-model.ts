/** loadModel: a pack's weights, checked against its architecture and streamed into the engine; enough to score ids. */
import type { Model } from "../models/architecture.ts";
import { modelFrom } from "../models/index.ts";
import { checkAgainstModel } from "../weights/check-against-model.ts";
import { checkWindows, WINDOWS_FIELD } from "../weights/check-windows.ts";
import { loadPack, type Pack, type Progress, type ShardArea } from "../weights/load-pack.ts";
import type { Manifest } from "../weights/manifest.ts";
import type { PackSource } from "../weights/pack-source.ts";
import type { Backend } from "./backend.ts";
import { openProvided, payloadBuffer } from "./onnx/provider.ts";
import { localPipeline } from "./pipeline/local.ts";
import { stageEngine, stageModels } from "./stage-engine.ts";
import { EngineMemory, type EngineOptions, WEIGHTS_AT } from "./wasm/index.ts";

export interface Loaded {
  manifest: Manifest;
  /** SHA-256 of the manifest: the identity of model, quantisation, tokenizer and template. */
  fingerprint: string;
  backend: Backend;
}

export interface LoadOptions extends EngineOptions {
  progress?: Progress;
  /** Takes a divided model to stages elsewhere; without it, all stages are loaded here. */
  elsewhere?: (divided: Divided) => Backend;
}

/** A pack whose model is divided, and what is known of it without its weights. */
export interface Divided {
  manifest: Manifest;
  fingerprint: string;
  stages: Model[];
}

export async function loadModel(
  source: PackSource,
  kernels: WebAssembly.Module,
  options: LoadOptions = {},
): Promise<Loaded & Pack> {
  let start: ((fingerprint: string) => Backend | Promise<Backend>) | undefined;
  const areasFor = (manifest: Manifest, bytes: number): ShardArea | ShardArea[] => {
    if (manifest.onnx) {
      const payload = payloadBuffer(bytes, options);
      start = () => openProvided(manifest, payload, options);
      return { memory: { buffer: payload }, base: 0 };
    }
    if (manifest.stages) {
      const stages = stageModels(manifest);
      const { elsewhere } = options;
      if (elsewhere) {
        start = (fingerprint) => elsewhere({ manifest, fingerprint, stages });
        return [];
      }
      const parts = stages.map((_, k) => stageEngine(manifest, k, kernels, options));
      start = () => localPipeline(parts.map((part) => part.start()));
      return parts.map((part) => part.area);
    }
    const model = modelFrom(manifest.model.config);
    checkAgainstModel(manifest, model.weights);
    checkWindows(manifest.cache, model.state, WINDOWS_FIELD);
    const memory = new EngineMemory(manifest, options);
    start = () => memory.start(model, kernels);
    return { memory: memory.memory, base: WEIGHTS_AT };
  };
  const pack = await loadPack(source, areasFor, options.progress);
  return { ...pack, backend: await start!(pack.fingerprint) };
}
