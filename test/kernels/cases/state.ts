/** What a Mamba-2 layer does beside its matrices. */
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { ssdScratchBytes } from "../../../src/kernels/scratch.ts";
import type { Arena } from "../arena.ts";
import { between, normal } from "../random.ts";
import type { Case } from "./case.ts";

const conv = (T: number, C: number, K: number, bias: boolean): Case<"causalConv1d"> => ({
  title: `T ${T}, C ${C}, K ${K}${bias ? "" : ", no bias"}, then again`,
  build(arena) {
    const stride = C + 2;
    const tail = arena.output("tail", (K - 1) * C, { abs: 0 }, normal((K - 1) * C, 1, 4));
    const w = arena.floats(normal(K * C, 0.5, 2));
    const b = bias ? arena.floats(normal(C, 0.5, 3)) : 0;
    const y = arena.output("y", T * C, { abs: 1e-6, rel: 1e-6 });
    return [1, 5].map((seed) => [y, arena.floats(normal(T * stride, 1, seed)), stride, tail, w, b, T, C, K]);
  },
});

export const causalConv1d: Case<"causalConv1d">[] = [
  conv(1, 64, 4, true),
  conv(2, 10, 4, true),
  conv(3, 7, 4, false),
  conv(5, 33, 3, true),
  conv(33, 12, 2, true),
  conv(1, 3, 2, false),
];

/** Softplus far below, around and far above zero; clamps on and off. */
export const mambaDt: Case<"mambaDt">[] = [
  { T: 1, H: 4, raw: Float32Array.of(-100, -20, 0, 30), lo: 0, hi: Infinity },
  { T: 1, H: 6, raw: Float32Array.of(-1e4, -87.5, 1e-40, 88.5, 1e4, 1e30), lo: 0, hi: Infinity },
  { T: 5, H: 9, raw: normal(45, 4), lo: 0.001, hi: 0.1 },
  { T: 3, H: 3, raw: normal(9, 10), lo: 0, hi: Infinity },
].map(({ T, H, raw, lo, hi }) => ({
  title: `T ${T}, H ${H}, raw ${raw[0]!.toFixed(1)}…, clamp ${lo} ${hi}`,
  build(arena) {
    const stride = H + 4;
    const rows = normal(T * stride);
    for (let t = 0; t < T; t++) rows.set(raw.subarray(t * H, (t + 1) * H), t * stride);
    const bias = arena.floats(H === 9 ? normal(H, 1, 2) : new Float32Array(H));
    const A = arena.floats(between(H, -16, -1, 3));
    // Below e^-87 the result is 0.
    const tolerance = { abs: 1e-36, rel: 2e-6 };
    const dt = arena.output("dt", T * H, tolerance);
    return [[dt, arena.output("logDecay", T * H, tolerance), arena.floats(rows), stride, bias, A, T, H, lo, hi]];
  },
}));

export interface ScanShape {
  T: number;
  H: number;
  P: number;
  N: number;
  G: number;
  /** Size of the inputs. */
  size?: number;
  zeroState?: boolean;
  /** Log decays lie between −decay and 0. */
  decay?: number;
}

const titleOf = ({ T, H, P, N, G, size, zeroState, decay }: ScanShape) =>
  `T ${T}, H ${H}, P ${P}, N ${N}, G ${G}${size ? `, inputs ${size}` : ""}${zeroState ? ", zero state" : ""}${decay ? `, decay ${decay}` : ""}`;

/** State, outputs and per-head numbers. Outputs are sums of N products of about `size`², and of T more in a chunk. */
function scanTensors(arena: Arena, { T, H, P, N, size = 1, zeroState, decay = 2 }: ScanShape) {
  const tolerance = { abs: 2 ** -22 * Math.sqrt(N + T) * size * size * size * 4, rel: 2 ** -20 };
  return {
    y: arena.output("y", T * H * P, tolerance),
    s: arena.output("s", H * P * N, tolerance, zeroState ? new Float32Array(H * P * N) : normal(H * P * N, size, 9)),
    dt: arena.floats(between(T * H, 0.001, 0.5, 4)),
    logDecay: arena.floats(between(T * H, -decay, 0, 5)),
    skip: arena.floats(normal(H, 1, 6)),
  };
}

export const step = (shape: ScanShape): Case<"ssmStep"> => ({
  title: titleOf(shape),
  build(arena) {
    const { H, P, N, G, size = 1 } = shape;
    const { y, s, dt, logDecay, skip } = scanTensors(arena, shape);
    return [1, 2, 3].map((seed) => {
      const [x, B, C] = [H * P, G * N, G * N].map((n, i) => arena.floats(normal(n, size, seed * 3 + i)));
      return [y, s, x!, B!, C!, dt, logDecay, skip, H, P, N, G];
    });
  },
});

export const chunk = (shape: ScanShape): Case<"ssdChunk"> => ({
  title: titleOf(shape),
  build(arena) {
    const { T, H, P, N, G, size = 1 } = shape;
    const { y, s, dt, logDecay, skip } = scanTensors(arena, shape);
    const scratch = arena.scratch(ssdScratchBytes(T, H, P, N, G));
    const stride = H * P + 2 * G * N + 3;
    return [1, 2].map((seed): Parameters<Kernels["ssdChunk"]> => {
      const x = arena.floats(normal(T * stride, size, seed));
      const B = x + 4 * H * P;
      return [y, s, x, B, B + 4 * G * N, stride, dt, logDecay, skip, scratch, T, H, P, N, G];
    });
  },
});

const odd = [
  { H: 2, P: 12, N: 20, G: 1 },
  { H: 4, P: 10, N: 10, G: 2 },
  { H: 4, P: 8, N: 16, G: 4 },
  { H: 3, P: 5, N: 7, G: 1 },
  { H: 2, P: 64, N: 64, G: 1 },
];

export const ssmStep: Case<"ssmStep">[] = [
  ...odd.map((shape) => step({ T: 1, ...shape })),
  step({ T: 1, H: 2, P: 8, N: 8, G: 1, zeroState: true }),
  step({ T: 1, H: 2, P: 8, N: 8, G: 1, size: 1e6 }),
  step({ T: 1, H: 2, P: 8, N: 8, G: 1, decay: 500 }), // exp underflows: the state is forgotten
  step({ T: 1, H: 2, P: 8, N: 8, G: 1, size: 1e-13 }), // states become denormal
];

export const ssdChunk: Case<"ssdChunk">[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 33, 64].map((T) => chunk({ T, H: 4, P: 16, N: 8, G: 2 })),
  ...odd.flatMap((shape) => [3, 13, 64].map((T) => chunk({ T, ...shape }))),
  chunk({ T: 17, H: 2, P: 8, N: 8, G: 1, zeroState: true }),
  chunk({ T: 17, H: 2, P: 8, N: 8, G: 1, size: 1e6 }),
  chunk({ T: 64, H: 2, P: 8, N: 8, G: 1, decay: 500 }),
  chunk({ T: 64, H: 2, P: 8, N: 8, G: 1, decay: 1e-4 }),
  {
    // One step of −10 000 among small ones: f32 sums of log decays would lose the small ones.
    title: "a huge decay between small ones",
    build(arena) {
      const [args] = chunk({ T: 24, H: 1, P: 8, N: 8, G: 1, decay: 0.1 }).build(arena);
      new Float32Array(arena.memory.buffer, args![7], 24)[5] = -10000;
      return [args!];
    },
  },
];
