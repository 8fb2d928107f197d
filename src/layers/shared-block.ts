/**
 * A transformer block whose weights several depths share, in front of a mixer of their own:
 * y = mixer(norm(x + linear(mlp(norm(attention(norm([x; embedding]))))))).
 *
 * It reads the stream itself, and its inner layers have no residual. Source: Zamba2, arXiv 2411.15242;
 * transformers `Zamba2HybridLayer`.
 */
import { pad8 } from "../core/sizes.ts";
import { type Bind, type Layer, matrix, type Step, vector } from "./layer.ts";

export interface SharedBlockConfig {
  D: number;
  epsilon: number;
  /** Reads (T, 2D). */
  attention: Layer;
  mlp: Layer;
  mixer: Layer;
  /** Norms of what attention, MLP and mixer read, and the projection in between. */
  names: { attention: string; mlp: string; mixer: string; linear: string };
}

export function sharedBlock(config: SharedBlockConfig): Layer {
  const { D, names, attention, mlp, mixer } = config;
  return {
    weights: [
      vector(names.attention, [2 * D]),
      ...attention.weights,
      vector(names.mlp, [D]),
      ...mlp.weights,
      matrix(names.linear, D, D),
      vector(names.mixer, [D]),
      ...mixer.weights,
    ],
    state: [...attention.state, ...mixer.state],
    readsEmbedding: true,
    bind: (bind) => forward(bind, config),
  };
}

function forward(bind: Bind, { D, epsilon, names, ...layers }: SharedBlockConfig) {
  const { kernels, L } = bind;
  const attend = layers.attention.bind(bind);
  const feed = layers.mlp.bind(bind);
  const mix = layers.mixer.bind(bind);
  const linear = bind.matrix(names.linear);
  const attentionNorm = bind.vector(names.attention);
  const mlpNorm = bind.vector(names.mlp);
  const mixerNorm = bind.vector(names.mixer);
  const embedded = bind.embedded();
  const stride = pad8(D);
  const both = bind.scratch(8 * L * D);
  const normed = bind.scratch(4 * L * D);
  const first = bind.scratch(4 * L * stride);
  const second = bind.scratch(4 * L * stride);

  return (step: Step, x: number, y: number) => {
    const { T } = step;
    for (let t = 0; t < T; t++) {
      const row = bind.floats(both + 8 * t * D, 2 * D);
      row.set(bind.floats(x + 4 * t * D, D));
      row.set(bind.floats(embedded + 4 * t * D, D), D);
    }
    kernels.rmsNorm(both, both, attentionNorm, T, 2 * D, epsilon);
    attend(step, both, first);
    for (let t = 0; t < T; t++) kernels.rmsNorm(normed + 4 * t * D, first + 4 * t * stride, mlpNorm, 1, D, epsilon);
    feed(step, normed, first);
    linear.apply(second, first, stride, T);
    for (let t = 0; t < T; t++) {
      kernels.add(second + 4 * t * stride, x + 4 * t * D, D);
      kernels.rmsNorm(normed + 4 * t * D, second + 4 * t * stride, mixerNorm, 1, D, epsilon);
    }
    mix(step, normed, y);
  };
}
