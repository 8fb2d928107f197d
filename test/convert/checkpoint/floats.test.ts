import { expect, it } from "vitest";
import { bf16, f16, f32, half } from "../../../src/convert/checkpoint/floats.ts";

const bytesOf = (bits: Uint16Array<ArrayBuffer>) => new Uint8Array(bits.buffer);

it("reads every half float as the runtime's own view does", () => {
  const bits = Uint16Array.from({ length: 65_536 }, (_, i) => i);
  const view = new DataView(bits.buffer) as DataView & { getFloat16(at: number, little: boolean): number };
  const wrong = bits.filter((i) => !Object.is(half[i], view.getFloat16(2 * i, true)));
  expect([...wrong]).toEqual([]);
  expect(f16(bytesOf(bits))).toEqual(half);
});

it("reads bfloat16 as the upper half of a float", () => {
  const bits = Uint16Array.of(0x3f80, 0xbf80, 0x0000, 0x8000, 0x7f80, 0x4049, 0x0001);
  expect([...bf16(bytesOf(bits))]).toEqual([1, -1, 0, -0, Infinity, 3.140625, 2 ** -133]);
  expect(bf16(bytesOf(Uint16Array.of(0x7fc0)))[0]).toBeNaN();
});

it("reads floats where they lie", () => {
  const values = Float32Array.of(1.5, -2, Math.fround(0.1));
  expect(f32(new Uint8Array(values.buffer))).toEqual(values);
});
