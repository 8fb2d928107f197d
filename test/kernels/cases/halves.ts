/** Floats as halves, and back: all bits count. */
import { fromHalf } from "../../../src/kernels/half.ts";
import { normal } from "../random.ts";
import type { Case } from "./case.ts";

const bytesOf = (numbers: Float32Array | Uint16Array) =>
  new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);

/**
 * Every exponent up to that of the largest half, with fractions around the middle between two halves, of both signs.
 */
const around = Float32Array.from(
  new Float32Array(
    Uint32Array.from({ length: 143 * 64 }, (_, i) => {
      const fraction = ((i >>> 3) * 0x1000 + (i % 3) - 1) & 0x7fffff;
      return (((i % 143) << 23) | fraction | ((i % 2) << 31)) >>> 0;
    }).buffer,
  ),
).filter((float) => Math.abs(float) < 65520);

const every = Uint16Array.from({ length: 1 << 16 }, (_, half) => half).filter((half) => ((half >>> 10) & 31) !== 31);

const rounded = (title: string, floats: Float32Array): Case<"toHalves"> => ({
  title,
  build(arena) {
    const x = arena.bytes(bytesOf(floats));
    return [[arena.exactBytes("y", 2 * floats.length), x, floats.length]];
  },
});

export const toHalves: Case<"toHalves">[] = [
  ...[1, 2, 3, 4, 7, 8, 9, 64, 129].map((n) => rounded(`n ${n}`, normal(n))),
  rounded("around the middle between two halves", around),
  rounded("all halves", Float32Array.from(every, fromHalf)),
  ...[65520, -65520, 1e30, Number.POSITIVE_INFINITY, Number.NaN].flatMap((large) =>
    [0, 5, 10].map((at) => {
      const floats = normal(11);
      floats[at] = large;
      return rounded(`left alone for ${large} at ${at}`, floats);
    }),
  ),
  {
    title: "in the place of the floats",
    build(arena) {
      const floats = normal(133);
      const x = arena.exactBytes("x", 4 * floats.length);
      new Float32Array(arena.memory.buffer, x, floats.length).set(floats);
      return [[x, x, floats.length]];
    },
  },
];

const widened = (title: string, halves: Uint16Array): Case<"fromHalves"> => ({
  title,
  build(arena) {
    const x = arena.bytes(bytesOf(halves));
    return [[arena.exactBytes("y", 4 * halves.length), x, halves.length]];
  },
});

export const fromHalves: Case<"fromHalves">[] = [
  ...[1, 2, 3, 4, 7, 8, 9, 64, 129].map((n) => widened(`n ${n}`, every.slice(1000, 1000 + n))),
  widened("all halves", every),
  {
    title: "from the second half of the floats",
    build(arena) {
      const halves = every.slice(900, 900 + 134);
      const y = arena.exactBytes("y", 4 * halves.length);
      new Uint8Array(arena.memory.buffer).set(bytesOf(halves), y + 2 * halves.length);
      return [[y, y + 2 * halves.length, halves.length]];
    },
  },
];
