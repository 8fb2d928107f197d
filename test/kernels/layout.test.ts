import { describe, expect, it } from "vitest";
import { dtypes, matrixBytes } from "../../src/core/dtype.ts";
import { fromHalf, toHalf } from "../../src/kernels/half.ts";
import { packMatrix, unpackMatrix } from "../../src/kernels/layout.ts";
import { expectClose } from "../support/expect-close.ts";
import { normal, uniform } from "./random.ts";

/** Mean |error| as a share of mean |value|. */
function meanError(dtype: (typeof dtypes)[number], rows: Float32Array, R: number, C: number): number {
  const back = unpackMatrix(dtype, packMatrix(dtype, rows, R, C), R, C);
  const [error, size] = rows.reduce(([e, s], v, i) => [e! + Math.abs(back[i]! - v), s! + Math.abs(v)], [0, 0]);
  return error! / size!;
}

describe.each(dtypes)("%s", (dtype) => {
  it.each([
    [1, 1],
    [8, 32],
    [13, 45],
    [64, 100],
  ])("packs (%i, %i) into matrixBytes and back", (R, C) => {
    const rows = normal(R * C, 0.1);
    const packed = packMatrix(dtype, rows, R, C);
    expect(packed.length).toBe(matrixBytes(dtype, R, C));
    // Half a step of the largest weight in a block: 4 bits 1/15 of the range and a little for
    // its 8-bit scale; a half 2^-11.
    const step = { f32: 0, f16: 2 ** -11, q8: 0.5 / 127, q4: 1.3 / 15 }[dtype];
    expectClose(unpackMatrix(dtype, packed, R, C), rows, { abs: step * 0.4 });
  });

  it("packs slices of eight rows as the whole matrix", () => {
    const [R, C] = [21, 40];
    const rows = normal(R * C);
    const slices = [0, 8, 16].map((r) => {
      const end = Math.min(r + 8, R);
      return packMatrix(dtype, rows.subarray(r * C, end * C), end - r, C);
    });
    expect(Buffer.concat(slices).equals(packMatrix(dtype, rows, R, C))).toBe(true);
  });

  it("writes into bytes that held something else", () => {
    const rows = normal(3 * 40);
    const used = new Uint8Array(matrixBytes(dtype, 3, 40)).fill(0xff);
    expect(packMatrix(dtype, rows, 3, 40, used)).toEqual(packMatrix(dtype, rows, 3, 40));
  });

  it.each([0, 1e-30, 1e4])("keeps a matrix of equal values (%d) and its zeros", (value) => {
    const rows = new Float32Array(2 * 70).fill(value, 0, 70);
    expect(
      meanError(
        dtype,
        rows.map((v) => v + 1e-38),
        2,
        70,
      ),
    ).toBeLessThan(dtype === "f16" && value < 1 ? 1.1 : 0.005);
  });
});

it("refuses sizes that do not fit", () => {
  expect(() => packMatrix("q4", new Float32Array(31), 1, 32)).toThrow("expected (1, 32), got 31");
  expect(() => packMatrix("q4", new Float32Array(32), 1, 32, new Uint8Array(3))).toThrow("3 bytes");
  expect(() => unpackMatrix("q8", new Uint8Array(3), 1, 32)).toThrow("3 bytes");
});

describe("4 bits", () => {
  const [R, C] = [32, 1024];

  /** Blocks of d·q + m as they come out of a quantised checkpoint. */
  function blocks(of: (next: () => number, values: Float32Array) => number[]): Float32Array {
    const next = uniform(7);
    const values = normal(R * C);
    const rows = new Float32Array(R * C);
    for (let i = 0; i < rows.length; i += 32) rows.set(of(next, values.subarray(i, i + 32)), i);
    return rows;
  }

  it("are nearly lossless for random d·q + m", () => {
    const rows = blocks((next) => {
      const d = 0.5 + next();
      const m = -d * (4 + 8 * next());
      return Array.from({ length: 32 }, () => d * Math.floor(16 * next()) + m);
    });
    expect(meanError("q4", rows, R, C)).toBeLessThan(0.01);
  });

  it("are nearly lossless for Q4_1 (d·q + m) and Q4_0 (d·(q − 8)) of normal weights", () => {
    const q41 = blocks((_, w) => {
      const [low, high] = [Math.min(...w), Math.max(...w)];
      const d = (high - low) / 15;
      return Array.from(w, (v) => d * Math.round((v - low) / d) + low);
    });
    const q40 = blocks((_, w) => {
      const d = w.reduce((a, v) => (Math.abs(v) > Math.abs(a) ? v : a), 0) / -8;
      return Array.from(w, (v) => d * (Math.min(15, Math.floor(v / d + 8.5)) - 8));
    });
    expect(meanError("q4", q41, R, C)).toBeLessThan(0.01);
    expect(meanError("q4", q40, R, C)).toBeLessThan(0.01);
  });

  it("round normal weights better than the plain range of a block does", () => {
    // Range / 15 per block leaves 0.082 of a normal weight on the average; the search must gain a tenth.
    expect(meanError("q4", normal(R * C), R, C)).toBeLessThan(0.074);
  });
});

it("rounds halves to the nearest, ties to even, and knows denormals and infinity", () => {
  const pairs: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519, 0x7bff],
    [65520, 0x7c00],
    [1e9, 0x7c00],
    [-Infinity, 0xfc00],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [1.5 * 2 ** -24, 2],
    [2 ** -14 - 2 ** -26, 0x400],
    [2 ** -14, 0x400],
  ];
  for (const [value, bits] of pairs) expect(toHalf(value), `${value}`).toBe(bits);
  for (let h = 0; h < 0x7c00; h++) expect(toHalf(fromHalf(h))).toBe(h);
  expect(fromHalf(toHalf(Number.NaN))).toBeNaN();
  expect(fromHalf(0xfc00)).toBe(-Infinity);
});
