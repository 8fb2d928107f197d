import { expect, it } from "vitest";
import { fromHalf, toHalf, toHalves } from "../../src/kernels/half.ts";

const isNumber = (half: number) => ((half >>> 10) & 31) !== 31;

it("a half that was read has itself as the nearest half", () => {
  const halves = Uint16Array.from({ length: 1 << 16 }, (_, half) => half).filter(isNumber);
  const floats = Float32Array.from(halves, fromHalf);
  expect(toHalves(new Int32Array(floats.buffer))).toEqual(halves);
});

it("many floats at once have the halves that they have one by one", () => {
  // Every exponent below 2^16, and fractions around the middle between two halves.
  const words = Uint32Array.from({ length: 143 * 2 * 64 }, (_, i) => {
    const exponent = i % 143;
    const fraction = ((i >>> 3) * 0x1000 + (i % 3) - 1) & 0x7fffff;
    return ((exponent << 23) | fraction | ((i % 2) << 31)) >>> 0;
  }).filter((word) => (word & 0x7fffffff) < 0x477ff000);
  const floats = new Float32Array(words.buffer);
  expect(toHalves(new Int32Array(words.buffer))).toEqual(Uint16Array.from(floats, toHalf));
});

it("there are none of a float from 65520 on, of an infinity and of no number", () => {
  const halvesOf = (float: number) => toHalves(new Int32Array(Float32Array.of(1, float).buffer));
  for (const float of [65520, -65520, Infinity, -Infinity, NaN]) expect(halvesOf(float), String(float)).toBeUndefined();
  expect(halvesOf(65519)).toEqual(Uint16Array.of(0x3c00, 0x7bff));
});
