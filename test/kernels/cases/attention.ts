/** Rotary positions, caches, attention. */

import { eightBits } from "../../../src/kernels/reference/quantize.ts";
import type { Arena } from "../arena.ts";
import { between, normal } from "../random.ts";
import type { Case } from "./case.ts";

const table = (half: number, T: number, S: number, limit: number): Case<"rotaryTable"> => ({
  title: `half ${half}, T ${T}, S ${S}, limit ${limit}`,
  build(arena) {
    const frequencies = arena.floats(Float32Array.from({ length: half }, (_, i) => 10000 ** (-i / half)));
    // Both sides are f64 until the last rounding.
    return [[arena.output("table", T * half * 2, { abs: 2 ** -24 }), frequencies, half, T, S, limit]];
  },
});

export const rotaryTable: Case<"rotaryTable">[] = [
  table(32, 3, 0, 1e9),
  table(5, 4, 1_000_000, 1e9),
  table(8, 6, 4094, 4096),
  table(16, 2, 100, 10),
];

const turn = (half: number, T: number, H: number, P: number): Case<"rotary"> => ({
  title: `half ${half}, T ${T}, H ${H}, P ${P}`,
  build(arena) {
    const stride = H * P + 5;
    const angles = between(T * half, -3, 3);
    const turns = arena.floats(
      Float32Array.from({ length: 2 * T * half }, (_, i) => (i % 2 ? Math.sin : Math.cos)(angles[i >> 1]!)),
    );
    const y = arena.output("y", T * H * P, { abs: 1e-6 });
    return [[y, arena.floats(normal(T * stride)), stride, turns, half, T, H, P]];
  },
});

export const rotary: Case<"rotary">[] = [
  turn(32, 3, 2, 64),
  turn(16, 2, 3, 64),
  turn(5, 2, 2, 12),
  turn(2, 1, 1, 10),
  turn(0, 2, 2, 8),
  {
    title: "in place",
    build(arena) {
      const x = arena.output("x", 2 * 24, { abs: 1e-6 }, normal(48));
      return [[x, x, 24, arena.floats(normal(2 * 2 * 4, 1, 2)), 4, 2, 2, 12]];
    },
  },
];

const cacheShapes = [
  { T: 1, S: 0, H: 1, P: 8, sinks: 0, ring: 8 },
  { T: 5, S: 6, H: 3, P: 12, sinks: 0, ring: 8 }, // wraps
  { T: 4, S: 2, H: 2, P: 10, sinks: 4, ring: 5 }, // crosses from sinks to ring
  { T: 3, S: 100, H: 2, P: 7, sinks: 2, ring: 9 },
];

export const cacheF32: Case<"cacheF32">[] = cacheShapes.map(({ T, S, H, P, sinks, ring }) => ({
  title: JSON.stringify({ T, S, H, P, sinks, ring }),
  build(arena) {
    const slots = (sinks + ring) * H * P;
    const keys = arena.output("keys", slots, { abs: 0 }, new Float32Array(slots));
    const values = arena.output("values", slots, { abs: 0 }, new Float32Array(slots));
    const stride = H * P + 3;
    return [
      [
        keys,
        values,
        arena.floats(normal(T * H * P)),
        arena.floats(normal(T * stride, 1, 2)),
        stride,
        T,
        S,
        H,
        P,
        sinks,
        ring,
      ],
    ];
  },
}));

export const cacheI8: Case<"cacheI8">[] = cacheShapes.map(({ T, S, H, P, sinks, ring }) => ({
  title: JSON.stringify({ T, S, H, P, sinks, ring }),
  build(arena) {
    const slots = sinks + ring;
    const [keys, values] = ["keys", "values"].map((name) => arena.exactBytes(name, slots * H * P));
    const [keyScales, valueScales] = ["keyScales", "valueScales"].map((name) =>
      arena.output(name, slots * H, { abs: 0 }, new Float32Array(slots * H)),
    );
    const stride = H * P + 3;
    const k = normal(T * H * P).fill(0, 0, P); // a head of zeros
    const v = arena.floats(normal(T * stride, 1, 2));
    return [[keys!, keyScales!, values!, valueScales!, arena.floats(k), v, stride, T, S, H, P, sinks, ring]];
  },
}));

export interface AttendShape {
  T: number;
  S: number;
  Hq: number;
  Hkv: number;
  P: number;
  sinks?: number;
  window?: number;
  ring?: number;
  size?: number;
}

/** Position, window and ring: empty, growing, wrapped, edges; head shares of 1 to 8; odd head widths. */
const attendShapes: AttendShape[] = [
  { T: 1, S: 0, Hq: 1, Hkv: 1, P: 8 },
  { T: 1, S: 63, Hq: 3, Hkv: 1, P: 64 },
  { T: 1, S: 64, Hq: 4, Hkv: 2, P: 12 },
  { T: 7, S: 3, Hq: 8, Hkv: 2, P: 20 },
  { T: 5, S: 130, Hq: 5, Hkv: 1, P: 10 },
  { T: 2, S: 9, Hq: 8, Hkv: 1, P: 7 },
  { T: 3, S: 20, Hq: 3, Hkv: 1, P: 40, window: 8, ring: 10 },
  { T: 3, S: 29, Hq: 2, Hkv: 1, P: 16, window: 8, ring: 10 },
  { T: 4, S: 0, Hq: 2, Hkv: 1, P: 16, sinks: 4, window: 6, ring: 9 },
  { T: 4, S: 2, Hq: 2, Hkv: 1, P: 16, sinks: 4, window: 6, ring: 9 },
  { T: 4, S: 7, Hq: 3, Hkv: 1, P: 16, sinks: 4, window: 6, ring: 9 },
  { T: 6, S: 300, Hq: 6, Hkv: 2, P: 32, sinks: 4, window: 100, ring: 105 },
  { T: 1, S: 211, Hq: 3, Hkv: 1, P: 32, sinks: 3, window: 70, ring: 70 },
  { T: 1, S: 330, Hq: 6, Hkv: 2, P: 64, sinks: 4, window: 200, ring: 230 },
  { T: 2, S: 40, Hq: 3, Hkv: 1, P: 16, size: 30 }, // scores in the hundreds: exp underflows for most
  { T: 1, S: 5, Hq: 2, Hkv: 1, P: 16, size: 0 },
  { T: 32, S: 0, Hq: 9, Hkv: 3, P: 64, sinks: 4, window: 512, ring: 576 },
  { T: 32, S: 560, Hq: 3, Hkv: 1, P: 64, sinks: 4, window: 512, ring: 576 },
  { T: 9, S: 1000, Hq: 7, Hkv: 1, P: 128, sinks: 70, window: 90, ring: 170 },
  // Some blocks are seen by the first and the last rows only.
  { T: 11, S: 333, Hq: 4, Hkv: 2, P: 32, sinks: 4, window: 20, ring: 100 },
];

const titleOf = (shape: AttendShape) => JSON.stringify(shape).replace(/"/g, "");

function attendTensors(
  arena: Arena,
  { T, S, Hq, Hkv, P, sinks = 0, window = 2 ** 30, ring = S + T, size = 1 }: AttendShape,
) {
  const slots = sinks + ring;
  return {
    q: arena.floats(normal(T * Hq * P, size, 1)),
    qSink: arena.floats(normal(T * Hq * P, size, 2)),
    keys: normal(slots * Hkv * P, size, 3),
    values: normal(slots * Hkv * P, size, 4),
    tail: [T, S, Hq, Hkv, P, 1 / Math.sqrt(P), sinks, window, ring] as const,
  };
}

/**
 * A score is a sum of P products, so its error is about 2^-24 · √P · size² · √P; an exponential
 * carries it to the output as a share.
 */
const scoreTolerance = ({ P, size = 1 }: AttendShape, unit: number) => ({
  abs: size * (1e-6 + unit * Math.sqrt(P) * size * size * 4) + 1e-30,
});

export const attendF32Case = (shape: AttendShape): Case<"attendF32"> => ({
  title: titleOf(shape),
  build(arena) {
    const { q, qSink, keys, values, tail } = attendTensors(arena, shape);
    const out = arena.output("out", shape.T * shape.Hq * shape.P, scoreTolerance(shape, 2 ** -23));
    return [[out, q, qSink, arena.floats(keys), arena.floats(values), ...tail]];
  },
});

export const attendI8Case = (shape: AttendShape): Case<"attendI8"> => ({
  title: titleOf(shape),
  build(arena) {
    const { q, qSink, keys, values, tail } = attendTensors(arena, shape);
    const [k, v] = [keys, values].map((from) => {
      const q8 = new Int8Array(from.length);
      const scales = Float32Array.from({ length: from.length / shape.P }, (_, i) =>
        eightBits(q8.subarray(i * shape.P, (i + 1) * shape.P), from.subarray(i * shape.P, (i + 1) * shape.P)),
      );
      return { at: arena.bytes(new Uint8Array(q8.buffer)), scales: arena.floats(scales) };
    });
    // Queries and weights are rounded to 14 bits of their largest: 2^-14 for about 4 deviations.
    const out = arena.output("out", shape.T * shape.Hq * shape.P, scoreTolerance(shape, 2 ** -13));
    return [[out, q, qSink, k!.at, k!.scales, v!.at, v!.scales, ...tail]];
  },
});

export const attendF32: Case<"attendF32">[] = attendShapes.map(attendF32Case);
export const attendI8: Case<"attendI8">[] = attendShapes.map(attendI8Case);

export const softmax: Case<"softmax">[] = [
  normal(1),
  normal(3),
  normal(64, 3),
  normal(130, 1e3),
  Float32Array.of(0, -1e30, -Infinity, 0, -87.5, -88.5),
  new Float32Array(5).fill(1e30),
].map((values) => ({
  title: `n ${values.length}, ${values[0]!.toFixed(1)}…`,
  build: (arena) => [[arena.output("x", values.length, { abs: 1e-36, rel: 4e-6 }, values), values.length]],
}));
