/** What architectures other than Bamba and Llama need. */
import type { Case } from "../cases.ts";
import { between, normal } from "../random.ts";

export const relu2: Case<"relu2">[] = [
  { n: 64, values: normal(64) },
  { n: 7, values: normal(7, 1e10) },
  { n: 6, values: Float32Array.of(0, -0, -1e30, 1e18, 1e-30, -1e-40) },
].map(({ n, values }) => ({
  title: `n ${n}, values ${values[0]!.toFixed(1)}…`,
  build: (arena) => [[arena.output("x", n, { abs: 1e-38, rel: 1e-7 }, values), n]],
}));

export const geglu: Case<"geglu">[] = [
  { T: 1, I: 64, gates: normal(64) },
  { T: 3, I: 10, gates: normal(30, 5) },
  { T: 2, I: 7, gates: normal(14) },
  // Where Φ is 0, 1/2 or 1, and denormal inputs.
  { T: 1, I: 11, gates: Float32Array.of(-200, -20, -6, -3, -0.01, 0, 0.01, 3, 20, 200, 1e-40) },
].map(({ T, I, gates }) => ({
  title: `T ${T}, I ${I}, gates ${gates[0]!.toFixed(1)}…`,
  build(arena) {
    const [upAt, stride] = [I + 2, 2 * I + 5];
    const x = between(T * stride, -3, 3, 5);
    for (let t = 0; t < T; t++) x.set(gates.subarray(t * I, (t + 1) * I), t * stride);
    // Φ is within 1e-7; the factors are at most 20 · 3 where it is neither 0 nor 1.
    return [[arena.output("y", T * I, { abs: 3e-6, rel: 1e-6 }), arena.floats(x), stride, upAt, T, I]];
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
