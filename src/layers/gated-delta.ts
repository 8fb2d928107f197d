/**
 * Gated DeltaNet mixer: project, causal convolution over q, k and v, the gated delta rule, gated norm, project.
 *
 * Its state is constant: (H, P, N) of the rule and (K − 1, channels) of the convolution. One token takes the
 * recurrent step, several take chunks. Source: Gated DeltaNet, arXiv 2412.06464; transformers
 * `Qwen3_5GatedDeltaNet`, `OlmoHybridGatedDeltaNet`.
 */
import { check } from "../core/failure.ts";
import { pad8 } from "../core/sizes.ts";
import { gatedDeltaScratchBytes } from "../kernels/scratch.ts";
import { type Bind, type Layer, negativeExp, type Run, type Step, stacked, tapMajor, vector } from "./layer.ts";

export interface GatedDeltaConfig {
  D: number;
  /** Value heads, of P each. */
  H: number;
  P: number;
  /** Key heads, of N each; each serves H / G neighbouring value heads. */
  G: number;
  N: number;
  K: number;
  /** Of the gated norm after the rule. */
  epsilon: number;
  /** β reaches up to this: 2 allows negative eigenvalues. */
  reach: 1 | 2;
  /**
   * The checkpoint's names: gate, then what makes q, k and v (one tensor or three), β and
   * the decay; the norm; the output.
   */
  names: { gate: string; qkv: string[]; beta: string; decay: string; norm: string; output: string };
}

/** Added to the sum of squares under the root of q's and k's length. Source: transformers `l2norm`. */
const LENGTH_EPSILON = 1e-6;

export function gatedDelta(at: string, config: GatedDeltaConfig): Layer {
  const { D, H, P, G, N, K, names } = config;
  check(
    H % G === 0,
    "weights_invalid",
    () => `config.json: linear_num_value_heads: expected a multiple of linear_num_key_heads ${G}, got ${H}`,
    "linear_num_value_heads",
  );
  const inner = H * P;
  const channels = 2 * G * N + inner;
  const qkvRows = names.qkv.length === 1 ? [channels] : [G * N, G * N, inner];
  const parts = [
    { name: names.gate, rows: inner },
    ...names.qkv.map((name, i) => ({ name, rows: qkvRows[i]! })),
    { name: names.beta, rows: H },
    { name: names.decay, rows: H },
  ].map(({ name, rows }) => ({ name: `${at}.${name}.weight`, rows }));
  return {
    weights: [
      stacked("matrix", `${at}.in_proj.weight`, parts, D),
      vector(`${at}.conv1d.weight`, [channels, 1, K], tapMajor(channels, K)),
      vector(`${at}.A_log`, [H], negativeExp),
      vector(`${at}.dt_bias`, [H]),
      vector(`${at}.${names.norm}.weight`, [P]),
      stacked("matrix", `${at}.out_proj.weight`, [{ name: `${at}.${names.output}.weight`, rows: D }], inner),
    ],
    state: [
      { kind: "fixed", name: `${at}.delta`, shape: [H, P, N] },
      { kind: "fixed", name: `${at}.conv`, shape: [K - 1, channels] },
    ],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, config: GatedDeltaConfig) {
  const { D, H, P, G, N, K, epsilon, reach, names } = config;
  const { kernels, L } = bind;
  const inner = H * P;
  const channels = 2 * G * N + inner;
  const project = bind.matrix(`${at}.in_proj.weight`);
  const output = bind.matrix(`${at}.out_proj.weight`);
  const taps = bind.vector(`${at}.conv1d.weight`);
  const A = bind.vector(`${at}.A_log`);
  const decayBias = bind.vector(`${at}.dt_bias`);
  const norm = bind.vector(`${at}.${names.norm}.weight`);
  const held = bind.fixed(`${at}.delta`);
  const tail = bind.fixed(`${at}.conv`);
  const stride = pad8(project.R);
  const floats = (n: number) => bind.scratch(4 * L * n);
  const projected = floats(stride); // gate, then conv input (q, k, v), then β and decay
  const conv = floats(channels);
  const beta = floats(H);
  const step = floats(H);
  const logDecay = floats(H);
  const mixed = floats(inner);
  const scratch = bind.scratch(gatedDeltaScratchBytes(L, P, N));
  const convFrom = projected + 4 * inner;
  const betaFrom = convFrom + 4 * channels;
  const decayFrom = betaFrom + 4 * H;

  /** Convolution and rule of one conversation's rows. */
  const recur = ({ at, T, fixed }: Run) => {
    const q = conv + 4 * at * channels;
    const k = q + 4 * G * N;
    const v = k + 4 * G * N;
    kernels.causalConv1d(q, convFrom + 4 * at * stride, stride, fixed(tail), taps, 0, T, channels, K);
    kernels.l2Norm(q, channels, T, G, N, LENGTH_EPSILON, 1 / Math.sqrt(N));
    kernels.l2Norm(k, channels, T, G, N, LENGTH_EPSILON, 1);
    const [y, b, decay] = [mixed + 4 * at * inner, beta + 4 * at * H, logDecay + 4 * at * H];
    if (T === 1) kernels.gatedDeltaStep(y, fixed(held), q, k, v, b, decay, H, P, N, G);
    else kernels.gatedDeltaChunk(y, fixed(held), q, k, v, channels, b, decay, scratch, T, H, P, N, G);
  };

  return ({ T, runs }: Step, x: number, y: number) => {
    project.apply(projected, x, D, T);
    kernels.sigmoidTimes(beta, betaFrom, stride, 0, T, H, reach);
    kernels.mambaDt(step, logDecay, decayFrom, stride, decayBias, A, T, H, 0, Infinity);
    for (const run of runs) recur(run);
    kernels.rmsNorm(mixed, mixed, norm, T * H, P, epsilon);
    for (let t = 0; t < T; t++) {
      const [row, gate] = [mixed + 4 * t * inner, projected + 4 * t * stride];
      kernels.swiglu(row, gate, inner, (row - gate) / 4, 1, inner);
    }
    output.apply(y, mixed, inner, T);
  };
}
