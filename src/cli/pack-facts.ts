/**
 * packFacts: what a pack's model is and what its conversations cost, from its architecture, or of a
 * graph from the table beside it.
 */
import { bytesAt } from "../backends/onnx/state-shape.ts";
import { stageModels } from "../backends/stage-engine.ts";
import type { Model } from "../models/architecture.ts";
import { modelFrom } from "../models/index.ts";
import { divide, stageOf, weightBytes } from "../models/stages.ts";
import { checkAgainstModel } from "../weights/check-against-model.ts";
import { checkWindows, WINDOWS_FIELD } from "../weights/check-windows.ts";
import type { CachePolicy, Manifest, OnnxDecoder } from "../weights/manifest.ts";
import { bytesByPart, stateCost } from "./sizes-of.ts";

interface PackFacts {
  architecture: string;
  parameters: number;
  vocab: number;
  parts: Record<string, number>;
  state: ReturnType<typeof stateCost>;
  /** Of a divided model, in order: blocks, bytes of weights, and of one conversation's state. */
  stages?: StageFacts[];
}

export interface StageFacts {
  blocks: readonly [from: number, to: number];
  bytes: number;
  /** Absent where nothing is stored yet. */
  shards?: readonly [from: number, to: number];
  state: ReturnType<typeof stateCost>;
}

/** Fails with `weights_invalid` when the tensors are not those of the architecture. */
export function packFacts(manifest: Manifest): PackFacts {
  if (manifest.onnx) return graphFacts(manifest, manifest.onnx);
  const model = modelFrom(manifest.model.config);
  if (!manifest.stages) {
    checkAgainstModel(manifest, model.weights);
    checkWindows(manifest.cache, model.state, WINDOWS_FIELD);
  }
  return {
    architecture: model.type,
    parameters: model.parameters,
    vocab: model.V,
    parts: bytesByPart(model, manifest.tensors),
    state: stateCost(model, manifest.cache),
    ...(manifest.stages ? { stages: stageFacts(manifest) } : {}),
  };
}

function graphFacts({ model, parameters, tensors, contextLength }: Manifest, { vocab, state }: OnnxDecoder): PackFacts {
  const fixedBytes = bytesAt(state, 0);
  return {
    architecture: `${model.type} (ONNX graph)`,
    parameters,
    vocab,
    parts: Object.fromEntries(tensors.map(({ name, bytes }) => [name, bytes])),
    state: { fixedBytes, bytesPerToken: bytesAt(state, 1) - fixedBytes, maxBytes: bytesAt(state, contextLength) },
  };
}

/** Fails with `weights_invalid` when the stages are not the model. */
function stageFacts(manifest: Manifest): StageFacts[] {
  const models = stageModels(manifest);
  return manifest.stages!.map(({ blocks, shards }, k) => ({
    blocks,
    bytes: manifest.shards.slice(...shards).reduce((n, shard) => n + shard.bytes, 0),
    shards,
    state: stateCost(models[k]!, manifest.cache),
  }));
}

/** What a model would be like in `count` stages at q4. Fails with `request_invalid`. */
export function divisionFacts(model: Model, cache: CachePolicy, count: number): StageFacts[] {
  const ranges = divide(model, count, "q4");
  return ranges.map((blocks, k) => {
    const stage = stageOf(model, ranges, k);
    return { blocks, bytes: weightBytes(stage, "q4"), state: stateCost(stage, cache) };
  });
}
