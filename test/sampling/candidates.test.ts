import { expect, it } from "vitest";
import { Candidates } from "../../src/sampling/candidates.ts";
import { Random } from "../../src/sampling/random.ts";

const REACH = 20;

/**
 * Numbers around the bound, some as near to it as floats stand: those that the plain
 * division has within reach are kept.
 */
function agrees(top: number, temperature: number, reach: number, random: Random): void {
  const bound = top - REACH * temperature;
  const near = Array.from({ length: 9 }, (_, n) => bound + (n - 4) * 2 ** -53 * Math.max(Math.abs(bound), 1e-300));
  const others = Array.from({ length: 10 }, () => top - 3 * REACH * temperature * random.nextFloat());
  const x = Float64Array.of(top, -Infinity, ...near, ...others);
  const below = x.map((logit) => (top - logit) / temperature);
  const expected = [...x.keys()].filter((id) => below[id]! < reach);
  const candidates = new Candidates(x);
  candidates.within(top, temperature, reach);
  const kept = [...candidates.ids.subarray(0, candidates.length)];
  expect(kept, `${temperature}, ${top}, ${reach}`).toEqual(expected);
  expect(kept.map((id) => x[id])).toEqual(expected.map((id) => below[id]));
}

it("keeps just those within reach by the plain division, down to the last bit at the bound", () => {
  const random = Random.fromSeed(2);
  for (const temperature of [1e-30, 1e-3, 0.2, 1, 100])
    for (const top of [0, -17.3, 1e-20, 3e38])
      for (const reach of [REACH, Infinity]) agrees(top, temperature, reach, random);
  for (let n = 0; n < 500; n++) agrees(40 * random.nextFloat() - 20, 2 * random.nextFloat(), REACH, random);
});
