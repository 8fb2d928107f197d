/**
 * The gated delta rule. Keys have length one, as in a model: otherwise the rule itself, not
 * its arithmetic, would diverge.
 */
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { gatedDeltaScratchBytes } from "../../../src/kernels/scratch.ts";
import type { Arena } from "../arena.ts";
import { between, normal } from "../random.ts";
import type { Case } from "./case.ts";

export interface DeltaShape {
  T: number;
  H: number;
  P: number;
  N: number;
  G: number;
  /** Size of the values. */
  size?: number;
  zeroState?: boolean;
  /** Log decays lie between −decay and 0. */
  decay?: number;
  /** β lies between 0 and this: 2 allows negative eigenvalues. */
  reach?: number;
}

const titleOf = ({ T, H, P, N, G, size, zeroState, decay, reach }: DeltaShape) =>
  `T ${T}, H ${H}, P ${P}, N ${N}, G ${G}${size ? `, values ${size}` : ""}${zeroState ? ", zero state" : ""}${decay ? `, decay ${decay}` : ""}${reach ? `, β to ${reach}` : ""}`;

/** Rows of G unit vectors of N. */
function units(n: number, N: number, seed: number): Float32Array {
  const x = normal(n, 1, seed);
  for (let at = 0; at < n; at += N) {
    const head = x.subarray(at, at + N);
    const length = Math.sqrt(head.reduce((sum, v) => sum + v * v, 0)) || 1;
    for (let i = 0; i < head.length; i++) head[i]! /= length;
  }
  return x;
}

function tensors(arena: Arena, { T, H, P, N, size = 1, zeroState, decay = 2, reach = 1 }: DeltaShape) {
  const tolerance = { abs: 2 ** -22 * Math.sqrt(N + T) * size * 8, rel: 2 ** -19 };
  return {
    y: arena.output("y", T * H * P, tolerance),
    s: arena.output("s", H * P * N, tolerance, zeroState ? new Float32Array(H * P * N) : normal(H * P * N, size, 9)),
    beta: arena.floats(between(T * H, 0, reach, 4)),
    logDecay: arena.floats(between(T * H, -decay, 0, 5)),
  };
}

export const deltaStep = (shape: DeltaShape): Case<"gatedDeltaStep"> => ({
  title: titleOf(shape),
  build(arena) {
    const { H, P, N, G, size = 1 } = shape;
    const { y, s, beta, logDecay } = tensors(arena, shape);
    return [1, 2, 3].map((seed) => {
      const [q, k] = [0, 1].map((i) => arena.floats(units(G * N, N, seed * 3 + i)));
      return [y, s, q!, k!, arena.floats(normal(H * P, size, seed)), beta, logDecay, H, P, N, G];
    });
  },
});

export const deltaChunk = (shape: DeltaShape): Case<"gatedDeltaChunk"> => ({
  title: titleOf(shape),
  build(arena) {
    const { T, H, P, N, G, size = 1 } = shape;
    const { y, s, beta, logDecay } = tensors(arena, shape);
    const scratch = arena.scratch(gatedDeltaScratchBytes(T, P, N));
    const stride = 2 * G * N + H * P + 3;
    return [1, 2].map((seed): Parameters<Kernels["gatedDeltaChunk"]> => {
      const rows = normal(T * stride, size, seed);
      const directions = units(T * 2 * G * N, N, seed + 20);
      for (let t = 0; t < T; t++) rows.set(directions.subarray(t * 2 * G * N, (t + 1) * 2 * G * N), t * stride);
      const q = arena.floats(rows);
      const k = q + 4 * G * N;
      return [y, s, q, k, k + 4 * G * N, stride, beta, logDecay, scratch, T, H, P, N, G];
    });
  },
});

const odd = [
  { H: 2, P: 12, N: 20, G: 1 },
  { H: 4, P: 10, N: 10, G: 2 },
  { H: 4, P: 8, N: 16, G: 4 },
  { H: 3, P: 5, N: 7, G: 1 },
  { H: 2, P: 128, N: 128, G: 1 },
];

export const gatedDeltaStep: Case<"gatedDeltaStep">[] = [
  ...odd.map((shape) => deltaStep({ T: 1, ...shape })),
  deltaStep({ T: 1, H: 2, P: 8, N: 8, G: 1, zeroState: true }),
  deltaStep({ T: 1, H: 2, P: 8, N: 8, G: 1, size: 1e6 }),
  deltaStep({ T: 1, H: 2, P: 8, N: 8, G: 1, decay: 500 }), // exp underflows: the state is forgotten
  deltaStep({ T: 1, H: 2, P: 8, N: 12, G: 2, reach: 2 }),
];

export const gatedDeltaChunk: Case<"gatedDeltaChunk">[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 33, 64].map((T) => deltaChunk({ T, H: 4, P: 16, N: 8, G: 2 })),
  ...odd.flatMap((shape) => [3, 13, 64].map((T) => deltaChunk({ T, ...shape }))),
  deltaChunk({ T: 17, H: 2, P: 8, N: 8, G: 1, zeroState: true }),
  deltaChunk({ T: 17, H: 2, P: 8, N: 8, G: 1, size: 1e6 }),
  deltaChunk({ T: 64, H: 2, P: 8, N: 8, G: 1, decay: 500 }),
  deltaChunk({ T: 64, H: 2, P: 8, N: 8, G: 1, decay: 1e-4 }),
  deltaChunk({ T: 40, H: 2, P: 8, N: 12, G: 2, reach: 2, decay: 0.1 }),
];
