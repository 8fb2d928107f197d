/** MLP without a gate: down(relu(up·x)²). Source: Primer, arXiv 2109.08668. */
import { pad8 } from "../core/sizes.ts";
import { type Bind, type Layer, matrix, type Step, vector } from "./layer.ts";

export interface Relu2MlpConfig {
  D: number;
  I: number;
  bias: boolean;
}

export function relu2Mlp(at: string, config: Relu2MlpConfig): Layer {
  const { D, I, bias } = config;
  return {
    weights: [
      matrix(`${at}.up_proj.weight`, I, D),
      ...(bias ? [vector(`${at}.up_proj.bias`, [I])] : []),
      matrix(`${at}.down_proj.weight`, D, I),
      ...(bias ? [vector(`${at}.down_proj.bias`, [D])] : []),
    ],
    state: [],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, { D, I, bias }: Relu2MlpConfig) {
  const { kernels, L } = bind;
  const up = bind.matrix(`${at}.up_proj.weight`);
  const upBias = bias ? bind.vector(`${at}.up_proj.bias`) : 0;
  const down = bind.matrix(`${at}.down_proj.weight`);
  const downBias = bias ? bind.vector(`${at}.down_proj.bias`) : 0;
  const stride = pad8(I);
  const inner = bind.scratch(4 * L * stride);

  return ({ T }: Step, x: number, y: number) => {
    up.apply(inner, x, D, T);
    if (upBias) kernels.addBias(inner, stride, upBias, T, I);
    kernels.relu2(inner, T * stride);
    down.apply(y, inner, stride, T);
    if (downBias) kernels.addBias(y, pad8(D), downBias, T, D);
  };
}
