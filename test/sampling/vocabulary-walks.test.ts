import { expect, it } from "vitest";
import { Random } from "../../src/sampling/random.ts";
import { areFinite, atLeast, largest } from "../../src/sampling/vocabulary-walks.ts";

const LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 64, 101];

it("finds the largest, the lowest id among equals, wherever they stand", () => {
  for (const length of LENGTHS)
    for (let at = 0; at < length; at++)
      for (let again = at; again < length; again++) {
        const x = new Float64Array(length).fill(-1);
        x[at] = x[again] = -0.5;
        expect(largest(x), `${length}: ${at}, ${again}`).toBe(at);
        x[again] = at === again ? -0.5 : -0.25;
        expect(largest(x), `${length}: ${at}, then ${again}`).toBe(again);
      }
  expect(largest(Float64Array.of(-Infinity, -Infinity, -Infinity, -Infinity, -Infinity, 1))).toBe(5);
});

it("finds any number that is not finite, and nothing else", () => {
  for (const length of LENGTHS) {
    const x = new Float32Array(length).map((_, id) => (id % 2 === 0 ? -3.4e38 : 3.4e38));
    expect(areFinite(x)).toBe(true);
    expect(areFinite(x.map(Math.abs))).toBe(true);
    for (let at = 0; at < length; at++)
      for (const odd of [NaN, Infinity, -Infinity]) {
        const broken = x.slice();
        broken[at] = odd;
        expect(areFinite(broken), `${length}: ${odd} at ${at}`).toBe(false);
      }
  }
});

it("gives the ids of those that are at least so large, upwards", () => {
  const random = Random.fromSeed(1);
  for (const length of LENGTHS) {
    const x = new Float64Array(length).map(() => Math.round(4 * random.nextFloat()));
    for (const least of [-Infinity, 0, 1, 2.5, 4, 5]) {
      const ids = new Int32Array(length);
      const count = atLeast(x, least, ids);
      const expected = [...x.keys()].filter((id) => x[id]! >= least);
      expect([...ids.subarray(0, count)], `${length} numbers, at least ${least}`).toEqual(expected);
    }
  }
});
