/** checkAgainstModel: a pack's tensors are exactly those that the model asks for, in name, kind and shape. */
import { Failure } from "../core/failure.ts";
import type { WeightSpec } from "../layers/layer.ts";
import type { Manifest } from "./manifest.ts";
import { MANIFEST_FILE } from "./parse-manifest.ts";

export function checkAgainstModel(manifest: Pick<Manifest, "tensors">, weights: readonly WeightSpec[]): void {
  const tensors = new Map(manifest.tensors.map((tensor) => [tensor.name, tensor]));
  for (const { name, kind, shape } of weights) {
    const tensor = tensors.get(name);
    if (!tensor) refuse(name, `expected ${kind} [${shape}], the pack has no such tensor`);
    if (tensor.kind !== kind) refuse(name, `expected a ${kind}, got a ${tensor.kind}`);
    if (String(tensor.shape) !== String(shape)) refuse(name, `expected [${shape}], got [${tensor.shape}]`);
    tensors.delete(name);
  }
  for (const name of tensors.keys()) refuse(name, "the model has no such tensor");
}

function refuse(tensor: string, message: string): never {
  throw new Failure("weights_invalid", `${MANIFEST_FILE}: tensor ${tensor}: ${message}`, { param: tensor });
}
