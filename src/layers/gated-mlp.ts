/**
 * Gated MLP (SwiGLU, GeGLU): down(act(gate·x) ⊙ up·x); gate and up are one stacked matrix. Source: arXiv 2002.05202.
 */
import { pad8 } from "../core/sizes.ts";
import { type AdapterConfig, adapterWeights, bindAdapter } from "./adapter.ts";
import { type Bind, type Layer, type Step, scaleRows, stacked } from "./layer.ts";

export interface GatedMlpConfig {
  D: number;
  I: number;
  bias: boolean;
  /** On the gate: silu unless the checkpoint says otherwise. */
  activation?: "silu" | "gelu" | "gelu_tanh";
  adapter?: AdapterConfig;
  /** How the checkpoint names its parts: gate and up (one tensor or two), down. */
  names?: { gateUp: string[]; down: string };
  /** Constant factors on the gate before its activation and on the output; multiplied into the weights. */
  factors?: { gate?: number; down?: number };
}

export function gatedMlp(at: string, config: GatedMlpConfig): Layer {
  const { D, I, bias } = config;
  const { gateUp, down } = config.names ?? { gateUp: ["gate_proj", "up_proj"], down: "down_proj" };
  const { gate: gateFactor = 1, down: downFactor = 1 } = config.factors ?? {};
  const parts = (kind: string) =>
    gateUp.map((part) => ({ name: `${at}.${part}.${kind}`, rows: (2 * I) / gateUp.length }));
  const scaledUp = (width: number) => scaleRows(width, { rows: I, factor: gateFactor }, { rows: I, factor: 1 });
  const scaledDown = (width: number) => scaleRows(width, { rows: D, factor: downFactor });
  const from = { weight: `${at}.${down}.weight`, bias: `${at}.${down}.bias` };
  return {
    weights: [
      stacked("matrix", `${at}.gate_up_proj.weight`, parts("weight"), D, scaledUp(D)),
      ...(bias ? [stacked("vector", `${at}.gate_up_proj.bias`, parts("bias"), undefined, scaledUp(1))] : []),
      ...(config.adapter ? adapterWeights(D, config.adapter) : []),
      stacked("matrix", `${at}.down_proj.weight`, [{ name: from.weight, rows: D }], I, scaledDown(I)),
      ...(bias
        ? [stacked("vector", `${at}.down_proj.bias`, [{ name: from.bias, rows: D }], undefined, scaledDown(1))]
        : []),
    ],
    state: [],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, { D, I, bias, activation = "silu", adapter }: GatedMlpConfig) {
  const { kernels, L } = bind;
  const gateUp = bind.matrix(`${at}.gate_up_proj.weight`);
  const gateUpBias = bias ? bind.vector(`${at}.gate_up_proj.bias`) : 0;
  const down = bind.matrix(`${at}.down_proj.weight`);
  const downBias = bias ? bind.vector(`${at}.down_proj.bias`) : 0;
  const adapt = adapter ? bindAdapter(bind, D, adapter) : undefined;
  const gate = { silu: kernels.swiglu, gelu: kernels.geglu, gelu_tanh: kernels.gegluTanh }[activation];
  const stride = pad8(2 * I);
  const both = bind.scratch(4 * L * stride);
  const inner = bind.scratch(4 * L * I);

  return ({ T }: Step, x: number, y: number) => {
    gateUp.apply(both, x, D, T);
    if (gateUpBias) kernels.addBias(both, stride, gateUpBias, T, 2 * I);
    adapt?.(both, stride, x, T);
    gate(inner, both, stride, I, T, I);
    down.apply(y, inner, I, T);
    if (downBias) kernels.addBias(y, pad8(D), downBias, T, D);
  };
}
