/**
 * Grouped-query attention with rotary positions over a bounded or full cache.
 *
 * q, k and v come from one stacked matrix. Tokens beyond the window see the first `sinks` positions as if they stood at
 * the window's edge, so that no distance exceeds what the model was trained on. Source: GQA, arXiv 2305.13245;
 * attention sinks, arXiv 2309.17453.
 */
import { check } from "../core/failure.ts";
import { pad8 } from "../core/sizes.ts";
import { type AdapterConfig, adapterWeights, bindAdapter } from "./adapter.ts";
import { bindHeadNorm, type HeadNormConfig, headNormWeights } from "./head-norm.ts";
import { type Bind, type Form, type Layer, type Run, type Step, scaleRows, stacked, vector } from "./layer.ts";
import { inverseFrequencies, type RotaryConfig } from "./rotary.ts";

export interface AttentionConfig {
  /** The layer's index in the checkpoint, by which a cache policy names it. */
  layer: number;
  /** Positions that a token of this layer sees where the architecture itself bounds them; undefined: all of them. */
  window?: number;
  D: number;
  Hq: number;
  Hkv: number;
  P: number;
  /** Undefined: no positions. */
  rotary?: RotaryConfig;
  /** Bias on q, k and v; bias on the output. */
  bias: boolean;
  outputBias: boolean;
  /** Width of the input where it is not D. */
  input?: number;
  /** Name of the output projection in the checkpoint. */
  output?: string;
  /** Name of the cache where several uses share these weights. */
  cache?: string;
  /** RMSNorm of each head of q and of k before they turn. */
  headNorm?: HeadNormConfig;
  /** Each head's output ⊙ sigmoid of a gate, which the checkpoint's q_proj holds behind each head's query. */
  gated?: boolean;
  adapter?: AdapterConfig;
  /** Factor on q·k; 1/√P unless the checkpoint says otherwise. */
  scale?: number;
  /** Constant factors on the input, the keys and the output; multiplied into the weights. */
  factors?: { input?: number; key?: number; output?: number };
}

export function attention(at: string, config: AttentionConfig): Layer {
  const { D, Hq, Hkv, P, layer, window, input: C = D } = config;
  check(
    Hq % Hkv === 0,
    "weights_invalid",
    () => `config.json: num_key_value_heads: expected a divisor of num_attention_heads ${Hq}, got ${Hkv}`,
    "num_key_value_heads",
  );
  const { input = 1, key = 1, output = 1 } = config.factors ?? {};
  const parts = (kind: string) => [
    { name: `${at}.q_proj.${kind}`, rows: (config.gated ? 2 : 1) * Hq * P },
    { name: `${at}.k_proj.${kind}`, rows: Hkv * P },
    { name: `${at}.v_proj.${kind}`, rows: Hkv * P },
  ];
  const scaled = (width: number, factor: number) =>
    config.gated
      ? gatesLast(width, config)
      : scaleRows(width, { rows: Hq * P, factor }, { rows: Hkv * P, factor: factor * key }, { rows: Hkv * P, factor });
  const qkv = stacked("matrix", `${at}.qkv_proj.weight`, parts("weight"), C, scaled(C, input));
  const qkvBias = stacked("vector", `${at}.qkv_proj.bias`, parts("bias"), undefined, scaled(1, 1));
  const from = `${at}.${config.output ?? "o_proj"}`;
  const out = stacked(
    "matrix",
    `${at}.o_proj.weight`,
    [{ name: `${from}.weight`, rows: D }],
    Hq * P,
    scaleRows(Hq * P, { rows: D, factor: output }),
  );
  const outBias = vector(`${from}.bias`, [D], scaleRows(1, { rows: D, factor: output }));
  return {
    weights: [
      qkv,
      ...(config.bias ? [qkvBias] : []),
      ...(config.headNorm ? headNormWeights(Hq, Hkv, P, config.headNorm) : []),
      ...(config.adapter ? adapterWeights(C, config.adapter) : []),
      out,
      ...(config.outputBias ? [outBias] : []),
    ],
    state: [
      {
        kind: "cache",
        name: config.cache ?? at,
        layer,
        heads: Hkv,
        width: P,
        ...(window === undefined ? {} : { window }),
      },
    ],
    bind: (bind) => forward(bind, at, config),
  };
}

/** Rows of q and gate by turns, head by head, then k and v → q, k, v, gate. */
function gatesLast(width: number, { Hq, Hkv, P, factors }: AttentionConfig): Form {
  check(!factors, "bug", () => "gated attention has no constant factors");
  const [head, both, kv] = [P * width, 2 * Hq * P * width, 2 * Hkv * P * width];
  /** Runs of values: where each begins in the checkpoint, where in the pack, its length. */
  const runs: [number, number, number][] = [[both, Hq * head, kv]];
  for (let h = 0; h < Hq; h++)
    runs.push([2 * h * head, h * head, head], [(2 * h + 1) * head, Hq * head + kv + h * head, head]);
  const moved = (values: Float32Array, ends: (run: [number, number, number]) => [number, number]) => {
    const out = new Float32Array(values.length);
    for (const run of runs) {
      const [from, to] = ends(run);
      out.set(values.subarray(from, from + run[2]), to);
    }
    return out;
  };
  return {
    prepare: (values) => moved(values, ([from, to]) => [from, to]),
    restore: (values) => moved(values, ([from, to]) => [to, from]),
  };
}

function forward(bind: Bind, at: string, config: AttentionConfig) {
  const { D, Hq, Hkv, P, rotary, input: C = D } = config;
  const { kernels, L } = bind;
  const cache = bind.cache(config.cache ?? at);
  const { dtype, sinks, window } = cache.layout;
  const scale = config.scale ?? 1 / Math.sqrt(P);
  const project = bind.matrix(`${at}.qkv_proj.weight`);
  const projectBias = config.bias ? bind.vector(`${at}.qkv_proj.bias`) : 0;
  const output = bind.matrix(`${at}.o_proj.weight`);
  const outputBias = config.outputBias ? bind.vector(`${at}.${config.output ?? "o_proj"}.bias`) : 0;
  const normHeads = config.headNorm ? bindHeadNorm(bind, config.headNorm, Hq, Hkv, P) : undefined;
  const adapt = config.adapter ? bindAdapter(bind, C, config.adapter) : undefined;
  const stride = pad8(project.R);
  const floats = (n: number) => bind.scratch(4 * L * n);
  const qkv = floats(stride);
  const q = floats(Hq * P);
  const qSink = floats(Hq * P);
  const k = floats(Hkv * P);
  const mixed = floats(Hq * P);
  const frequencies = rotary ? inverseFrequencies(rotary) : new Float32Array(0);
  const turn = bind.rotary(frequencies);
  const turnTowardsSinks = sinks > 0 ? bind.rotary(frequencies, sinks + window - 1) : turn;
  const kFrom = qkv + 4 * Hq * P;
  const vFrom = kFrom + 4 * Hkv * P;
  const gateFrom = vFrom + 4 * Hkv * P;

  const remember = ({ at, T, S, cache: addressOf }: Run, towardsSinks: number) => {
    const c = addressOf(cache.index);
    const [qAt, sinkAt, kAt, out] = [q, towardsSinks, k, mixed].map(
      (from, i) => from + 4 * at * (i === 2 ? Hkv : Hq) * P,
    );
    const vAt = vFrom + 4 * at * stride;
    const seen = [T, S, Hq, Hkv, P, scale, sinks, window, c.ring] as const;
    if (dtype === "f32") {
      kernels.cacheF32(c.keys, c.values, kAt!, vAt, stride, T, S, Hkv, P, sinks, c.ring);
      kernels.attendF32(out!, qAt!, sinkAt!, c.keys, c.values, ...seen);
    } else {
      kernels.cacheI8(c.keys, c.keyScales, c.values, c.valueScales, kAt!, vAt, stride, T, S, Hkv, P, sinks, c.ring);
      kernels.attendI8(out!, qAt!, sinkAt!, c.keys, c.keyScales, c.values, c.valueScales, ...seen);
    }
  };

  return (step: Step, x: number, y: number) => {
    const { T, runs } = step;
    project.apply(qkv, x, C, T);
    if (projectBias) kernels.addBias(qkv, stride, projectBias, T, project.R);
    adapt?.(qkv, stride, x, T);
    normHeads?.(qkv, kFrom, stride, T);
    const half = frequencies.length;
    const table = turn(step);
    kernels.rotary(q, qkv, stride, table, half, T, Hq, P);
    kernels.rotary(k, kFrom, stride, table, half, T, Hkv, P);
    const clamped = sinks > 0 && runs.some((run) => run.S + run.T > sinks + window);
    if (clamped) kernels.rotary(qSink, qkv, stride, turnTowardsSinks(step), half, T, Hq, P);
    for (const run of runs) remember(run, sinks > 0 && run.S + run.T > sinks + window ? qSink : q);
    if (config.gated) kernels.sigmoidTimes(mixed, gateFrom, stride, mixed, T, Hq * P, 1);
    output.apply(y, mixed, Hq * P, T);
    if (outputBias) kernels.addBias(y, pad8(D), outputBias, T, D);
  };
}
