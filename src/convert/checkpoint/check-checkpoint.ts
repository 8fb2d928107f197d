/**
 * checkCheckpoint: a checkpoint has every tensor that the model is made of, in its shape, and nothing else of weight.
 */
import { Failure } from "../../core/failure.ts";
import type { Model } from "../../models/architecture.ts";
import type { CheckpointSource } from "./checkpoint-source.ts";

/** Buffers that some exporters store and that follow from the config. */
const derived = [/(^|\.)rotary_emb\.inv_freq$/, /(^|\.)masked_bias$/];

export function checkCheckpoint(model: Model, tensors: CheckpointSource["tensors"]): void {
  const left = new Set(tensors.keys());
  for (const { name, shape } of model.weights.flatMap((weight) => weight.from)) {
    const got = tensors.get(name);
    if (!got) refuse(name, `expected [${shape}], the checkpoint has no such tensor`);
    if (String(got) !== String(shape)) refuse(name, `expected [${shape}], got [${got}]`);
    left.delete(name);
  }
  if (!model.head) left.delete(model.names.head);
  for (const name of left) {
    if (!derived.some((pattern) => pattern.test(name)))
      refuse(name, `a ${model.type} model with this config has no such tensor`);
  }
}

function refuse(tensor: string, message: string): never {
  throw new Failure("weights_invalid", `tensor ${tensor}: ${message}`, { param: tensor });
}
