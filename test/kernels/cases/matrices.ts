/** Matrices, embeddings and quantised activations. */
import { type Dtype, quantizedRowBytes } from "../../../src/core/dtype.ts";
import { pad8, pad32 } from "../../../src/core/sizes.ts";
import type { Kernels } from "../../../src/kernels/kernels.ts";
import { packMatrix } from "../../../src/kernels/layout.ts";
import { quantize as quantizeReference } from "../../../src/kernels/reference/quantize.ts";
import type { Arena } from "../arena.ts";
import { normal, uniform } from "../random.ts";
import type { Case } from "./case.ts";

/** [T, R, C]: rows not a multiple of 8, columns of neither 32 nor 4, tokens around the tiles of four. */
const shapes: [T: number, R: number, C: number][] = [
  [1, 8, 32],
  [1, 19, 70],
  [2, 5, 33],
  [3, 24, 31],
  [4, 16, 64],
  [5, 9, 129],
  [7, 40, 100],
  [8, 17, 96],
  [33, 12, 45],
  [64, 10, 34],
];

/**
 * Each of C additions rounds by at most 2^-24 of the running sum, itself about √k products after k; as a
 * random walk that is 2^-24 · C / √2 products, and no output of these cases lies beyond five deviations.
 * One wrong product is far larger.
 */
const sumTolerance = (C: number, product: number) => ({ abs: 5 * 2 ** -24 * C * product + 1e-37, rel: 2 ** -22 });

/**
 * The offset of q4 brings products four times as large that cancel, and the fast kernel rounds the sums of a token's
 * blocks to 2^-14 of the largest: about 17 inputs, times an offset of 3.5 weights, per block; twice that is nearly four
 * deviations. One wrong nibble makes 60 times as much.
 */
const offsetTolerance = (C: number, product: number) => {
  const { abs, rel } = sumTolerance(C, 4 * product);
  return { abs: abs + 2 ** -13 * 17 * 3.5 * Math.sqrt(C / 32) * product, rel };
};

interface Drawn {
  x?: number;
  w?: number;
  seed?: number;
}

export function matFloat(
  dtype: "f32" | "f16",
  T: number,
  R: number,
  C: number,
  { x = 1, w = 0.1, seed = 1 }: Drawn = {},
) {
  return {
    title: `T ${T}, R ${R}, C ${C}${x === 1 ? "" : `, inputs ${x}`}${w === 0.1 ? "" : `, weights ${w}`}`,
    build(arena: Arena): Parameters<Kernels["matF32"]>[] {
      const stride = C + 3;
      const input = arena.floats(normal(T * stride, x, seed));
      const weights = arena.bytes(packMatrix(dtype, normal(R * C, w, seed + 1), R, C));
      const y = arena.output("y", T * pad8(R), sumTolerance(C, x * w));
      return [[y, input, stride, weights, T, R, C]];
    },
  };
}

export function matQuantized(
  dtype: "q8" | "q4",
  T: number,
  R: number,
  C: number,
  { x = 1, w = 0.1, seed = 1 }: Drawn = {},
) {
  return {
    title: `T ${T}, R ${R}, C ${C}${x === 1 ? "" : `, inputs ${x}`}${w === 0.1 ? "" : `, weights ${w}`}`,
    build(arena: Arena): Parameters<Kernels["matQ4"]>[] {
      const input = quantized(arena, normal(T * C, x, seed), T, C);
      const weights = arena.bytes(packMatrix(dtype, normal(R * C, w, seed + 1), R, C));
      const y = arena.output("y", T * pad8(R), (dtype === "q4" ? offsetTolerance : sumTolerance)(C, x * w));
      return [[y, input, weights, T, R, C]];
    },
  };
}

/** Quantised rows in the arena. */
function quantized(arena: Arena, values: Float32Array, T: number, C: number): number {
  const from = arena.floats(values);
  const at = arena.bytes(new Uint8Array(T * quantizedRowBytes(C)));
  quantizeReference(arena.memory)(at, from, C, T, C);
  return at;
}

/** Every activation ±127 and every nibble 15 or 0: the largest sums that 16 bits have to hold. */
const extremeQ4: Case<"matQ4"> = {
  title: "largest sums: activations ±127, nibbles 0 and 15",
  build(arena) {
    const [T, R, C] = [5, 16, 64];
    const values = Float32Array.from({ length: T * C }, (_, i) =>
      Math.floor(i / C) === 1 ? -1 : i % 3 && Math.floor(i / C) > 1 ? -1 : 1,
    );
    const input = quantized(arena, values, T, C);
    const rows = Float32Array.from({ length: R * C }, (_, i) => (Math.floor(i / C) < 8 || i % 5 ? 15 : 0));
    const weights = arena.bytes(packMatrix("q4", rows, R, C));
    return [[arena.output("y", T * pad8(R), sumTolerance(C, 15)), input, weights, T, R, C]];
  },
};

const zeroRows: Case<"matQ4"> = {
  title: "a token of zeros and a matrix of zeros",
  build(arena) {
    const [T, R, C] = [4, 11, 40];
    const values = normal(T * C).fill(0, C, 2 * C);
    const weights = arena.bytes(packMatrix("q4", new Float32Array(R * C), R, C));
    return [[arena.output("y", T * pad8(R), { abs: 0 }), quantized(arena, values, T, C), weights, T, R, C]];
  },
};

const floatExtremes: Drawn[] = [
  { x: 1e4, w: 1e3 },
  { x: 1e-20, w: 1e-20 }, // products are denormal
];

export const matF32: Case<"matF32">[] = [
  ...shapes.map((shape) => matFloat("f32", ...shape)),
  ...floatExtremes.map((drawn) => matFloat("f32", 5, 13, 37, drawn)),
];
export const matF16: Case<"matF16">[] = [
  ...shapes.map((shape) => matFloat("f16", ...shape)),
  matFloat("f16", 5, 13, 37, { x: 1e4, w: 1e3 }),
  matFloat("f16", 5, 13, 37, { w: 2e-6 }), // weights are denormal halves
];
export const matQ8: Case<"matQ8">[] = [
  ...shapes.map((shape) => matQuantized("q8", ...shape)),
  ...floatExtremes.map((drawn) => matQuantized("q8", 5, 13, 37, drawn)),
];
export const matQ4: Case<"matQ4">[] = [
  ...shapes.map((shape) => matQuantized("q4", ...shape)),
  matQuantized("q4", 5, 13, 37, { x: 1e4, w: 1e3 }),
  // Row groups that several places of the matrix share evenly, and with one to three left over.
  ...[32, 35, 48, 57, 128].flatMap((R) => [1, 2, 3, 4, 6, 9].map((T) => matQuantized("q4", T, R, 70))),
  matQuantized("q4", 60, 8, 8192), // more tokens than the kernel rounds sums for at once
  matQuantized("q4", 2, 8, 9000),
  matQuantized("q4", 14, 16, 1600), // more blocks than a panel has room for
  // More than the offsets' panel has; and than sums of 14 bits allow at their full range.
  matQuantized("q4", 13, 8, 16_500),
  extremeQ4,
  zeroRows,
];

/** One product and one sum per value, so an ulp or two of the larger term. */
const embed = (dtype: Dtype, R: number, C: number) => ({
  title: `R ${R}, C ${C}`,
  build(arena: Arena): Parameters<Kernels["embedF32"]>[] {
    const ids = [R - 1, 0, 7, 3, R - 1];
    const next = uniform(R);
    ids.push(...Array.from({ length: 8 }, () => Math.floor(next() * R)));
    const weights = arena.bytes(packMatrix(dtype, normal(R * C, 1, C), R, C));
    const y = arena.output("y", ids.length * C, { abs: 2 ** -20, rel: 2 ** -22 });
    return [[y, weights, arena.words(ids), ids.length, C]];
  },
});
const embeds = (dtype: Dtype) => [
  embed(dtype, 16, 64),
  embed(dtype, 21, 33),
  embed(dtype, 9, 7),
  embed(dtype, 300, 100),
];

export const embedF32: Case<"embedF32">[] = embeds("f32");
export const embedF16: Case<"embedF16">[] = embeds("f16");
export const embedQ8: Case<"embedQ8">[] = embeds("q8");
export const embedQ4: Case<"embedQ4">[] = embeds("q4");

function quantizeCase(T: number, C: number, change: (values: Float32Array) => void, note: string): Case<"quantize"> {
  return {
    title: `T ${T}, C ${C}${note}`,
    build(arena) {
      const stride = C + 5;
      const values = normal(T * stride, 1, C);
      change(values);
      // Every field is compared bit for bit; padding after the scales stays as it was.
      const row = quantizedRowBytes(C);
      const at = arena.exactBytes("rows", T * row);
      new Uint8Array(arena.memory.buffer, at, T * row).fill(0);
      return [[at, arena.floats(values), stride, T, C]];
    },
  };
}

export const quantize: Case<"quantize">[] = [
  ...[32, 64, 33, 70, 7, 576, pad32(1000)].map((C) => quantizeCase(3, C, () => {}, "")),
  quantizeCase(2, 64, (x) => x.fill(0, 0, 40), ", a block of zeros"),
  quantizeCase(2, 64, (x) => x.set(x.map((v) => v * 1e-38)), ", denormals"),
  quantizeCase(2, 64, (x) => x.set(x.map((v) => v * 1e30)), ", large"),
  // Halves of a step: max 127 makes the scale 1.
  quantizeCase(1, 32, (x) => x.set(x.map((_, i) => (i === 5 ? 127 : (i % 9) - 4.5))), ", ties"),
];
