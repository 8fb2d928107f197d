/**
 * A layer whose output is normed before it joins the stream. Source: transformers
 * `Olmo2DecoderLayer`, `Gemma2DecoderLayer`.
 */
import { pad8 } from "../core/sizes.ts";
import type { Layer, WeightSpec } from "./layer.ts";

/** RMSNorm, with `norm` (D) and `epsilon`, of what `layer` writes. */
export function postNorm(norm: WeightSpec, D: number, epsilon: number, layer: Layer): Layer {
  return {
    ...layer,
    weights: [...layer.weights, norm],
    bind(bind) {
      const forward = layer.bind(bind);
      const weight = bind.vector(norm.name);
      const row = 4 * pad8(D);
      return (step, x, y) => {
        forward(step, x, y);
        for (let t = 0; t < step.T; t++) bind.kernels.rmsNorm(y + t * row, y + t * row, weight, 1, D, epsilon);
      };
    },
  };
}
