/**
 * Mixture of experts: a router picks a few MLPs for each token and weights their outputs.
 *
 * Tokens of one expert are gathered and computed together. A token's outputs are added in the order of the
 * experts' numbers, so it has the same bits alone and in a slice. The choice is made on the host, which compares
 * and divides but calls no transcendental.
 */
import { pad8 } from "../core/sizes.ts";
import type { Bind, Layer, Step, WeightSpec } from "./layer.ts";

/** A token's experts and their weights, from the router's outputs. */
export type Route = (
  logits: Float32Array,
  bias: Float32Array,
  softmax: (values: ArrayLike<number>) => Float32Array,
) => { expert: number; weight: number }[];

export interface ExpertsConfig {
  D: number;
  /** Inner width of one expert. D and I are multiples of 8. */
  I: number;
  /** Experts. */
  E: number;
  activation: "swiglu" | "relu2";
  route: Route;
  tensors: {
    /** (E, D) */
    router: WeightSpec;
    /** (E) for `route`; zero where there is none. */
    bias?: WeightSpec;
    /** (E·2I, D), each expert's gate first; (E·I, D) without gates. */
    up: WeightSpec;
    /** (E·D, I) */
    down: WeightSpec;
  };
}

export function experts(config: ExpertsConfig): Layer {
  const { router, bias, up, down } = config.tensors;
  return { weights: [router, ...(bias ? [bias] : []), up, down], state: [], bind: (bind) => forward(bind, config) };
}

function forward(bind: Bind, { D, I, E, activation, route, tensors }: ExpertsConfig) {
  const { kernels, L } = bind;
  const router = bind.matrix(tensors.router.name);
  const bias = tensors.bias ? bind.vector(tensors.bias.name) : undefined;
  const up = bind.matrix(tensors.up.name);
  const down = bind.matrix(tensors.down.name);
  const width = up.R / E;
  const mlps = Array.from({ length: E }, (_, e) => ({ up: up.rows(e * width, width), down: down.rows(e * D, D) }));
  const floats = (n: number) => bind.scratch(4 * L * n);
  const logits = floats(pad8(E));
  const chosen = bind.scratch(4 * pad8(E));
  const gathered = floats(D);
  const inner = floats(width);
  const gated = floats(I);
  const out = floats(D);

  const softmax = (values: ArrayLike<number>): Float32Array => {
    bind.floats(chosen, values.length).set(values);
    kernels.softmax(chosen, values.length);
    return bind.floats(chosen, values.length).slice();
  };
  const tokensOf = (T: number) => {
    const byExpert = Array.from({ length: E }, (): { t: number; weight: number }[] => []);
    const choice = bias === undefined ? new Float32Array(E) : bind.floats(bias, E);
    for (let t = 0; t < T; t++) {
      const row = bind.floats(logits + 4 * t * pad8(E), E);
      for (const { expert, weight } of route(row, choice, softmax)) byExpert[expert]!.push({ t, weight });
    }
    return byExpert;
  };

  return ({ T }: Step, x: number, y: number) => {
    router.apply(logits, x, D, T);
    bind.floats(y, T * D).fill(0);
    for (const [e, tokens] of tokensOf(T).entries()) {
      if (tokens.length === 0) continue;
      for (const [i, { t }] of tokens.entries())
        bind.floats(gathered + 4 * i * D, D).set(bind.floats(x + 4 * t * D, D));
      mlps[e]!.up.apply(inner, gathered, D, tokens.length);
      if (activation === "relu2") kernels.relu2(inner, tokens.length * I);
      else kernels.swiglu(gated, inner, width, I, tokens.length, I);
      mlps[e]!.down.apply(out, activation === "relu2" ? inner : gated, I, tokens.length);
      for (const [i, { t, weight }] of tokens.entries()) {
        kernels.scale(out + 4 * i * D, D, weight);
        kernels.add(y + 4 * t * D, out + 4 * i * D, D);
      }
    }
  };
}

/** Indices of the `k` largest values; of equal ones the first. */
export function largest(values: ArrayLike<number>, k: number): number[] {
  const order = Array.from(values, (_, i) => i);
  return order.sort((a, b) => values[b]! - values[a]! || a - b).slice(0, k);
}
