/** Inputs of a decoder beside its state, as Transformers.js and Optimum name them. */
import { Tensor } from "onnxruntime-web/wasm";
import type { OnnxDecoder } from "../../weights/manifest.ts";

type OnnxInput = OnnxDecoder["inputs"][number];

const int64 = (dims: number[], values: ArrayLike<number>) =>
  new Tensor("int64", BigInt64Array.from(Array.from(values, BigInt)), dims);

/** For T new ids after S. `every`: logits of all of them, not only of the last. */
export function feedsOf(inputs: readonly OnnxInput[], ids: Uint32Array, S: number, every: boolean) {
  const T = ids.length;
  const make: Record<OnnxInput, () => Tensor> = {
    input_ids: () => int64([1, T], ids),
    attention_mask: () => int64([1, S + T], new Uint8Array(S + T).fill(1)),
    position_ids: () =>
      int64(
        [1, T],
        Array.from(ids, (_, t) => S + t),
      ),
    num_logits_to_keep: () => int64([], [every ? 0 : 1]),
  };
  return Object.fromEntries(inputs.map((name) => [name, make[name]()]));
}
