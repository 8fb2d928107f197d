/** exp, silu and softplus of the fast kernels against f64, densely, in units in the last place. */
import { expect, it } from "vitest";
import { silu, softplus } from "../../src/kernels/reference/functions.ts";
import { Arena } from "./arena.ts";
import { wasmKernels } from "./run-case.ts";

const COUNT = 1 << 18;

/** Values from low to high, evenly. */
const sweep = (low: number, high: number) =>
  Float32Array.from({ length: COUNT }, (_, i) => low + ((high - low) * i) / (COUNT - 1));

/** Largest |actual − expected| in units of the last place of an f32 at `expected`. */
function worstUlp(x: Float32Array, actual: Float32Array, exact: (x: number) => number): number {
  let worst = 0;
  for (let i = 0; i < x.length; i++) {
    const expected = exact(x[i]!);
    const ulp = 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 23);
    const error = expected === 0 ? (actual[i] === 0 ? 0 : Infinity) : Math.abs(actual[i]! - expected) / ulp;
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

/** silu of x by `swiglu` with factor one. */
function siluOf(x: Float32Array): Float32Array {
  const arena = new Arena();
  const from = arena.floats([...x, ...new Float32Array(COUNT).fill(1)]);
  const y = arena.output("y", COUNT, { abs: 0 });
  wasmKernels(arena.memory).swiglu(y, from, 2 * COUNT, COUNT, 1, COUNT);
  return arena.values(arena.outputs[0]!) as Float32Array;
}

function softplusOf(x: Float32Array): Float32Array {
  const arena = new Arena();
  const [raw, zero] = [arena.floats(x), arena.floats(new Float32Array(COUNT))];
  const y = arena.output("dt", COUNT, { abs: 0 });
  const decay = arena.output("logDecay", COUNT, { abs: 0 });
  wasmKernels(arena.memory).mambaDt(y, decay, raw, COUNT, zero, zero, 1, COUNT, 0, Infinity);
  return arena.values(arena.outputs[0]!) as Float32Array;
}

it.each([
  [-87, -20],
  [-20, 20],
  [-1e-3, 1e-3],
  [20, 1e4],
])("silu from %d to %d is within 3 units in the last place", (low, high) => {
  const x = sweep(low, high);
  expect(worstUlp(x, siluOf(x), silu)).toBeLessThan(3);
});

it.each([
  [-87, -20],
  [-20, 0],
  [-1, 20],
  [20, 1e4],
])("softplus from %d to %d is within 4 units in the last place", (low, high) => {
  const x = sweep(low, high);
  expect(worstUlp(x, softplusOf(x), softplus)).toBeLessThan(4);
});

it("silu and softplus have no NaN and no wrong sign at the ends", () => {
  const ends = new Float32Array(COUNT);
  ends.set([-Infinity, -1e30, -1000, -88.5, 88.5, 1000, 1e30, Infinity]);
  expect([...softplusOf(ends).subarray(0, 8)]).toEqual([0, 0, 0, 0, 88.5, 1000, Math.fround(1e30), Infinity]);
  expect([...siluOf(ends).subarray(1, 8)].map(Math.abs)).toEqual([0, 0, 0, 88.5, 1000, Math.fround(1e30), Infinity]);
});
