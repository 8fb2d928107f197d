/** Norms, activations and sums over rows. */

import { between, normal } from "../random.ts";
import type { Case } from "./case.ts";

/** A few roundings of f32 and exp within 2 ulp. */
const close = { abs: 1e-30, rel: 2e-6 };
const exact = { abs: 0 };

const norm = (T: number, D: number, size: number): Case<"rmsNorm"> => ({
  title: `T ${T}, D ${D}, inputs ${size}`,
  build(arena) {
    const x = arena.floats(normal(T * D, size));
    const w = arena.floats(normal(D, 1, 2));
    return [[arena.output("y", T * D, close), x, w, T, D, 1e-5]];
  },
});

export const rmsNorm: Case<"rmsNorm">[] = [
  ...[1, 3, 4, 10, 64, 70, 577].map((D) => norm(3, D, 1)),
  norm(2, 20, 0),
  norm(2, 20, 1e15),
  norm(2, 20, 1e-25),
  {
    title: "in place",
    build(arena) {
      const x = arena.output("x", 2 * 22, close, normal(44));
      return [[x, x, arena.floats(normal(22, 1, 2)), 2, 22, 1e-6]];
    },
  },
];

const gated = (T: number, D: number, width: number, size = 1): Case<"gatedRmsNorm"> => ({
  title: `T ${T}, D ${D}, runs of ${width}${size === 1 ? "" : `, gates ${size}`}`,
  build(arena) {
    const x = arena.floats(normal(T * (D + 3)));
    const z = arena.floats(normal(T * (D + 5), size, 3));
    const w = arena.floats(normal(D, 1, 2));
    return [[arena.output("y", T * D, { abs: 1e-12, rel: 4e-6 }), x, D + 3, z, D + 5, w, T, D, width, 1e-5]];
  },
});

export const gatedRmsNorm: Case<"gatedRmsNorm">[] = [
  gated(1, 64, 64),
  gated(3, 64, 16),
  gated(2, 60, 20),
  gated(2, 30, 10),
  gated(2, 7, 7),
  gated(5, 40, 40, 60),
];

const sizes = [1, 2, 3, 4, 7, 64, 129];

export const add: Case<"add">[] = sizes.map((n) => ({
  title: `n ${n}, twice`,
  build(arena) {
    const x = arena.output("x", n, exact, normal(n));
    const y = arena.floats(normal(n, 1e-3, 2));
    return [
      [x, y, n],
      [x, y, n],
    ];
  },
}));

export const scale: Case<"scale">[] = sizes.map((n) => ({
  title: `n ${n}`,
  build: (arena) => [[arena.output("x", n, exact, normal(n)), n, Math.fround(0.22)]],
}));

export const addBias: Case<"addBias">[] = [
  [1, 8, 5],
  [3, 16, 10],
  [2, 8, 8],
].map(([T, stride, n]) => ({
  title: `T ${T}, n ${n}, stride ${stride}`,
  build(arena) {
    const y = arena.output("y", T! * stride!, exact, normal(T! * stride!));
    return [[y, stride!, arena.floats(normal(n!, 1, 2)), T!, n!]];
  },
}));

export const swiglu: Case<"swiglu">[] = [
  { T: 1, I: 64, gates: normal(64) },
  { T: 3, I: 10, gates: normal(30, 5) },
  { T: 2, I: 7, gates: normal(14) },
  // Both ends of exp, where silu is 0 or x, and denormal inputs.
  { T: 1, I: 12, gates: Float32Array.of(-200, -88.5, -87.5, -87, -86, 86, 87.5, 88.5, 200, 1e-40, -1e-40, 0) },
].map(({ T, I, gates }) => ({
  title: `T ${T}, I ${I}, gates ${gates[0]!.toFixed(1)}…`,
  build(arena) {
    const [upAt, stride] = [I + 2, 2 * I + 5];
    const x = between(T * stride, -3, 3, 5);
    for (let t = 0; t < T; t++) x.set(gates.subarray(t * I, (t + 1) * I), t * stride);
    // Below −87 the result is 0 where the definition has 1e-36.
    return [[arena.output("y", T * I, { abs: 1e-35, rel: 1e-6 }), arena.floats(x), stride, upAt, T, I]];
  },
}));
