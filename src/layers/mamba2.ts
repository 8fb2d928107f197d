/**
 * Mamba-2 mixer: project, causal convolution, selective state-space scan, gated norm, project.
 *
 * Its state is constant: (H, P, N) of the scan and (K − 1, channels) of the convolution. One token takes the recurrent
 * step, several take the chunked scan. A turn's end rounds both to halves, which changes answers no more than another
 * order of sums does (bench/rounding.ts). Source: Mamba-2, arXiv 2405.21060; transformers `BambaMixer`.
 */
import { pad8 } from "../core/sizes.ts";
import { ssdScratchBytes } from "../kernels/scratch.ts";
import {
  type Bind,
  type Layer,
  matrix,
  negativeExp,
  type Run,
  type Step,
  scaleRows,
  tapMajor,
  vector,
} from "./layer.ts";

export interface Mamba2Config {
  D: number;
  H: number;
  P: number;
  G: number;
  N: number;
  K: number;
  convBias: boolean;
  projectionBias: boolean;
  /** Bias on the output; as on the input unless the checkpoint says otherwise. */
  outputBias?: boolean;
  epsilon: number;
  /** Bounds of dt after softplus. */
  dtLow: number;
  dtHigh: number;
  /** Values per group of the gated norm. */
  normWidth: number;
  /** norm(y · silu(z)), unless the checkpoint gates after the norm or has none. */
  gate?: "inside-norm" | "after-norm" | "no-norm";
  /** Constant factors on the input, on each part of the projection and on the output; multiplied into the weights. */
  factors?: { input?: number; parts?: Record<"z" | "x" | "B" | "C" | "dt", number>; output?: number };
}

export function mamba2(at: string, config: Mamba2Config): Layer {
  const { D, H, P, G, N, K, convBias, projectionBias } = config;
  const inner = H * P;
  const channels = inner + 2 * G * N;
  const rows = inner + channels + H;
  const { input = 1, parts = { z: 1, x: 1, B: 1, C: 1, dt: 1 }, output = 1 } = config.factors ?? {};
  const scaledIn = (width: number, factor: number) =>
    scaleRows(
      width,
      { rows: inner, factor: factor * parts.z },
      { rows: inner, factor: factor * parts.x },
      { rows: G * N, factor: factor * parts.B },
      { rows: G * N, factor: factor * parts.C },
      { rows: H, factor: factor * parts.dt },
    );
  const scaledOut = (width: number) => scaleRows(width, { rows: D, factor: output });
  return {
    weights: [
      matrix(`${at}.in_proj.weight`, rows, D, scaledIn(D, input)),
      ...(projectionBias ? [vector(`${at}.in_proj.bias`, [rows], scaledIn(1, 1))] : []),
      vector(`${at}.conv1d.weight`, [channels, 1, K], tapMajor(channels, K)),
      ...(convBias ? [vector(`${at}.conv1d.bias`, [channels])] : []),
      vector(`${at}.A_log`, [H], negativeExp),
      vector(`${at}.D`, [H]),
      vector(`${at}.dt_bias`, [H]),
      ...(config.gate === "no-norm" ? [] : [vector(`${at}.norm.weight`, [inner])]),
      matrix(`${at}.out_proj.weight`, D, inner, scaledOut(inner)),
      ...((config.outputBias ?? projectionBias) ? [vector(`${at}.out_proj.bias`, [D], scaledOut(1))] : []),
    ],
    state: [
      { kind: "fixed", name: `${at}.ssm`, shape: [H, P, N], rounds: true },
      { kind: "fixed", name: `${at}.conv`, shape: [K - 1, channels], rounds: true },
    ],
    bind: (bind) => forward(bind, at, config),
  };
}

function forward(bind: Bind, at: string, config: Mamba2Config) {
  const { D, H, P, G, N, K, epsilon, dtLow, dtHigh, normWidth, gate = "inside-norm" } = config;
  const { kernels, L } = bind;
  const inner = H * P;
  const channels = inner + 2 * G * N;
  const project = bind.matrix(`${at}.in_proj.weight`);
  const output = bind.matrix(`${at}.out_proj.weight`);
  const projectBias = config.projectionBias ? bind.vector(`${at}.in_proj.bias`) : 0;
  const outputBias = (config.outputBias ?? config.projectionBias) ? bind.vector(`${at}.out_proj.bias`) : 0;
  const convWeight = bind.vector(`${at}.conv1d.weight`);
  const convBias = config.convBias ? bind.vector(`${at}.conv1d.bias`) : 0;
  const A = bind.vector(`${at}.A_log`);
  const skip = bind.vector(`${at}.D`);
  const dtBias = bind.vector(`${at}.dt_bias`);
  const norm = gate === "no-norm" ? 0 : bind.vector(`${at}.norm.weight`);
  const ssm = bind.fixed(`${at}.ssm`);
  const tail = bind.fixed(`${at}.conv`);
  const stride = pad8(project.R);
  const floats = (n: number) => bind.scratch(4 * L * n);
  const projected = floats(stride); // z, then conv input (x, B, C), then dt
  const conv = floats(channels);
  const dt = floats(H);
  const logDecay = floats(H);
  const scanned = floats(inner);
  const scan = bind.scratch(ssdScratchBytes(L, H, P, N, G));
  const convFrom = projected + 4 * inner;
  const dtFrom = convFrom + 4 * channels;
  const B = conv + 4 * inner;
  const C = B + 4 * G * N;

  /** Convolution and scan of one conversation's rows. */
  const recur = ({ at, T, fixed }: Run) => {
    const [out, row, step, decay] = [
      scanned + 4 * at * inner,
      4 * at * channels,
      dt + 4 * at * H,
      logDecay + 4 * at * H,
    ];
    const input = convFrom + 4 * at * stride;
    kernels.causalConv1d(conv + row, input, stride, fixed(tail), convWeight, convBias, T, channels, K);
    const [x, b, c] = [conv + row, B + row, C + row];
    if (T === 1) kernels.ssmStep(out, fixed(ssm), x, b, c, step, decay, skip, H, P, N, G);
    else kernels.ssdChunk(out, fixed(ssm), x, b, c, channels, step, decay, skip, scan, T, H, P, N, G);
  };

  /** One token: row ← norm(row) · silu(z), or row · silu(z). */
  const gateLast = (row: number, z: number) => {
    const groups = gate === "after-norm" ? G : 0;
    for (let at = 0; at < 4 * groups * normWidth; at += 4 * normWidth)
      kernels.rmsNorm(row + at, row + at, norm + at, 1, normWidth, epsilon);
    kernels.swiglu(row, z, inner, (row - z) / 4, 1, inner);
  };

  return (step: Step, x: number, y: number) => {
    const { T } = step;
    project.apply(projected, x, D, T);
    if (projectBias) kernels.addBias(projected, stride, projectBias, T, project.R);
    kernels.mambaDt(dt, logDecay, dtFrom, stride, dtBias, A, T, H, dtLow, dtHigh);
    for (const run of step.runs) recur(run);
    if (gate === "inside-norm")
      kernels.gatedRmsNorm(scanned, scanned, inner, projected, stride, norm, T, inner, normWidth, epsilon);
    else for (let t = 0; t < T; t++) gateLast(scanned + 4 * t * inner, projected + 4 * t * stride);
    output.apply(y, scanned, inner, T);
    if (outputBias) kernels.addBias(y, pad8(D), outputBias, T, D);
  };
}
