/**
 * Gated short convolution: project to B, C and x; C ⊙ conv(B ⊙ x); project.
 *
 * Its state is the last K − 1 products B ⊙ x. Source: LFM2, arXiv 2511.23404; transformers `Lfm2ShortConv`.
 */
import { pad8 } from "../core/sizes.ts";
import { type Bind, type Layer, matrix, type Step, tapMajor, vector } from "./layer.ts";

export interface ShortConvConfig {
  D: number;
  K: number;
  /** On both projections and on the convolution. */
  bias: boolean;
}

export function shortConv(at: string, config: ShortConvConfig): Layer {
  const { D, K, bias } = config;
  return {
    weights: [
      matrix(`${at}.in_proj.weight`, 3 * D, D),
      ...(bias ? [vector(`${at}.in_proj.bias`, [3 * D])] : []),
      vector(`${at}.conv.weight`, [D, 1, K], tapMajor(D, K)),
      ...(bias ? [vector(`${at}.conv.bias`, [D])] : []),
      matrix(`${at}.out_proj.weight`, D, D),
      ...(bias ? [vector(`${at}.out_proj.bias`, [D])] : []),
    ],
    state: [{ kind: "fixed", name: `${at}.conv`, shape: [K - 1, D] }],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, { D, K, bias }: ShortConvConfig) {
  const { kernels, L } = bind;
  const project = bind.matrix(`${at}.in_proj.weight`);
  const output = bind.matrix(`${at}.out_proj.weight`);
  const biasOf = (name: string) => (bias ? bind.vector(`${at}.${name}.bias`) : 0);
  const projectBias = biasOf("in_proj");
  const convBias = biasOf("conv");
  const outputBias = biasOf("out_proj");
  const taps = bind.vector(`${at}.conv.weight`);
  const tail = bind.fixed(`${at}.conv`);
  const stride = pad8(3 * D);
  const projected = bind.scratch(4 * L * stride);
  const mixed = bind.scratch(4 * L * D);

  return (step: Step, x: number, y: number) => {
    const { T, runs } = step;
    project.apply(projected, x, D, T);
    if (projectBias) kernels.addBias(projected, stride, projectBias, T, 3 * D);
    for (const { at, T, fixed } of runs) {
      const [out, input] = [mixed + 4 * at * D, projected + 4 * at * stride];
      kernels.gatedConv1d(out, input, stride, fixed(tail), taps, convBias, T, D, K);
    }
    output.apply(y, mixed, D, T);
    if (outputBias) kernels.addBias(y, pad8(D), outputBias, T, D);
  };
}
