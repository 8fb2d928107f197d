/** What architectures other than Bamba and Llama need. */
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { between, normal } from "../random.ts";
import type { Case } from "./case.ts";

export const relu2: Case<"relu2">[] = [
  { n: 64, values: normal(64) },
  { n: 7, values: normal(7, 1e10) },
  { n: 6, values: Float32Array.of(0, -0, -1e30, 1e18, 1e-30, -1e-40) },
].map(({ n, values }) => ({
  title: `n ${n}, values ${values[0]!.toFixed(1)}…`,
  build: (arena) => [[arena.output("x", n, { abs: 1e-38, rel: 1e-7 }, values), n]],
}));

interface Gates {
  T: number;
  I: number;
  gates: Float32Array;
}

const gateRows: Gates[] = [
  { T: 1, I: 64, gates: normal(64) },
  { T: 3, I: 10, gates: normal(30, 5) },
  { T: 2, I: 7, gates: normal(14) },
  // Where Φ is 0, 1/2 or 1, and denormal inputs.
  { T: 1, I: 11, gates: Float32Array.of(-200, -20, -6, -3, -0.01, 0, 0.01, 3, 20, 200, 1e-40) },
];

const gatedBy = <Name extends "geglu" | "gegluTanh">({ T, I, gates }: Gates): Case<Name> => ({
  title: `T ${T}, I ${I}, gates ${gates[0]!.toFixed(1)}…`,
  build(arena) {
    const [upAt, stride] = [I + 2, 2 * I + 5];
    const x = between(T * stride, -3, 3, 5);
    for (let t = 0; t < T; t++) x.set(gates.subarray(t * I, (t + 1) * I), t * stride);
    // Φ is within 1e-7; the factors are at most 20 · 3 where it is neither 0 nor 1.
    const y = arena.output("y", T * I, { abs: 3e-6, rel: 1e-6 });
    return [[y, arena.floats(x), stride, upAt, T, I]] as unknown as Parameters<Kernels[Name]>[];
  },
});

export const geglu: Case<"geglu">[] = gateRows.map(gatedBy<"geglu">);
export const gegluTanh: Case<"gegluTanh">[] = gateRows.map(gatedBy<"gegluTanh">);

/** With and without factors, and where the sigmoid is 0 or 1. */
export const sigmoidTimes: Case<"sigmoidTimes">[] = [
  { T: 1, n: 64, gate: normal(64), factor: 1, alone: false },
  { T: 3, n: 10, gate: normal(30, 5), factor: 2, alone: true },
  { T: 2, n: 7, gate: normal(14), factor: 1, alone: false },
  { T: 1, n: 6, gate: Float32Array.of(-200, -87.5, -1e-40, 0, 88.5, 1e30), factor: 2, alone: true },
].map(({ T, n, gate, factor, alone }) => ({
  title: `T ${T}, n ${n}, factor ${factor}${alone ? ", alone" : ""}`,
  build(arena) {
    const stride = n + 3;
    const rows = normal(T * stride, 1, 7);
    for (let t = 0; t < T; t++) rows.set(gate.subarray(t * n, (t + 1) * n), t * stride);
    const y = arena.output("y", T * n, { abs: 1e-37, rel: 2e-6 }, normal(T * n, 1, 8));
    return [[y, arena.floats(rows), stride, alone ? 0 : y, T, n, factor]];
  },
}));

export const l2Norm: Case<"l2Norm">[] = [
  { T: 1, H: 4, N: 16, size: 1 },
  { T: 3, H: 3, N: 7, size: 1e-4 },
  { T: 2, H: 1, N: 33, size: 1e6 },
  { T: 1, H: 2, N: 8, size: 0 },
].map(({ T, H, N, size }) => ({
  title: `T ${T}, H ${H}, N ${N}, size ${size}`,
  build(arena) {
    const stride = H * N + 5;
    const x = arena.output("x", T * stride, { abs: 1e-30, rel: 2e-6 }, normal(T * stride, size));
    return [[x, stride, T, H, N, 1e-6, N ** -0.5]];
  },
}));

const gated = (T: number, C: number, K: number, bias: boolean): Case<"gatedConv1d"> => ({
  title: `T ${T}, C ${C}, K ${K}${bias ? "" : ", no bias"}, then again`,
  build(arena) {
    const stride = 3 * C + 2;
    const tail = arena.output("tail", (K - 1) * C, { abs: 0, rel: 1e-7 }, normal((K - 1) * C, 1, 4));
    const w = arena.floats(normal(K * C, 0.5, 2));
    const b = bias ? arena.floats(normal(C, 0.5, 3)) : 0;
    const y = arena.output("y", T * C, { abs: 2e-6, rel: 1e-6 });
    return [1, 5].map((seed) => [y, arena.floats(normal(T * stride, 1, seed)), stride, tail, w, b, T, C, K]);
  },
});

export const gatedConv1d: Case<"gatedConv1d">[] = [
  gated(1, 64, 3, true),
  gated(2, 10, 4, true),
  gated(3, 7, 3, false),
  gated(33, 12, 2, true),
  gated(1, 3, 2, false),
];
