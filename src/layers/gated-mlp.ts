/** Gated MLP (SwiGLU): down(silu(gate·x) ⊙ up·x); gate and up are one stacked matrix. Source: arXiv 2002.05202. */
import { pad8 } from "../core/sizes.ts";
import { type Bind, type Layer, matrix, type Step, stacked, vector } from "./layer.ts";

export interface GatedMlpConfig {
  D: number;
  I: number;
  bias: boolean;
}

export function gatedMlp(at: string, config: GatedMlpConfig): Layer {
  const { D, I, bias } = config;
  const parts = (kind: string) => [
    { name: `${at}.gate_proj.${kind}`, rows: I },
    { name: `${at}.up_proj.${kind}`, rows: I },
  ];
  return {
    weights: [
      stacked("matrix", `${at}.gate_up_proj.weight`, parts("weight"), D),
      ...(bias ? [stacked("vector", `${at}.gate_up_proj.bias`, parts("bias"))] : []),
      matrix(`${at}.down_proj.weight`, D, I),
      ...(bias ? [vector(`${at}.down_proj.bias`, [D])] : []),
    ],
    state: [],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, { D, I, bias }: GatedMlpConfig) {
  const { kernels, L } = bind;
  const gateUp = bind.matrix(`${at}.gate_up_proj.weight`);
  const gateUpBias = bias ? bind.vector(`${at}.gate_up_proj.bias`) : 0;
  const down = bind.matrix(`${at}.down_proj.weight`);
  const downBias = bias ? bind.vector(`${at}.down_proj.bias`) : 0;
  const stride = pad8(2 * I);
  const both = bind.scratch(4 * L * stride);
  const inner = bind.scratch(4 * L * I);

  return ({ T }: Step, x: number, y: number) => {
    gateUp.apply(both, x, D, T);
    if (gateUpBias) kernels.addBias(both, stride, gateUpBias, T, 2 * I);
    kernels.swiglu(inner, both, stride, I, T, I);
    down.apply(y, inner, I, T);
    if (downBias) kernels.addBias(y, pad8(D), downBias, T, D);
  };
}
