import { expect, it } from "vitest";
import { watch } from "../../src/forecast/alert-rules.ts";
import { ForecastCodec, NO_SCALE } from "../../src/forecast/codec.ts";
import { Distribution, mixedQuantile } from "../../src/forecast/distribution.ts";

const codec = new ForecastCodec({
  ...{ version: 1, begin: 0, gap: 1, end: 2, first: 3, bins: 509, limit: 6, window: 192, reach: 10, floor: 1e-9 },
});

const EXPECTED = {
  ids: [257, 257, 294, 1, 234, 260, 471, 237, 227, 511, 194],
  mean: 9.507450396825398,
  scale: 7.3015024250440925,
};

function encoded(values: (number | null)[]) {
  let scale = NO_SCALE;
  return values.map((value) => {
    const { id, after } = codec.encode(scale, value);
    scale = after;
    return { id, ...after };
  });
}

it("encodes as the training does", () => {
  // training/forecast/codec.py on the same values: ids, and location and scale behind the last.
  const values = [5, 5, 7, null, 4.5, 5.5, 120, 6, 5, 1e9, -3];
  const all = encoded(values);
  expect(all.map(({ id }) => id)).toEqual(EXPECTED.ids);
  expect(all.at(-1)!.mean).toBeCloseTo(EXPECTED.mean, 9);
  expect(all.at(-1)!.scale).toBeCloseTo(EXPECTED.scale, 9);
});

it("has no scale while all values are equal, and takes the first difference as one", () => {
  const all = encoded([3, 3, 3, null, 4]);
  expect(all.slice(0, 4).map(({ scale }) => scale)).toEqual([0, 0, 0, 0]);
  expect(all[4]!.scale).toBe(1);
});

it("stays finite at the largest values, and unmoved in scale by rounding noise", () => {
  for (const { mean, scale } of encoded([1e100, -1e100, 1e100, 1, 0])) expect(Number.isFinite(mean * scale)).toBe(true);
  expect(encoded([1, 1 + 1e-12]).at(-1)!.scale).toBe(0);
});

const flat = new Float32Array(512);

it("inverts its distribution", () => {
  const distribution = new Distribution(codec, { mean: 10, scale: 2, count: 5 }, flat);
  for (const q of [0.01, 0.3, 0.5, 0.9, 0.99]) expect(distribution.cdf(distribution.quantile(q))).toBeCloseTo(q, 9);
  expect(distribution.quantile(0.5)).toBeCloseTo(10, 9);
  expect(distribution.cdf(1e99)).toBeGreaterThan(0.99);
  expect(distribution.cdf(1e99)).toBeLessThan(1);
});

it("leaves special ids out", () => {
  const logits = new Float32Array(512).fill(-50);
  logits.fill(50, 0, 3);
  logits[3 + 254] = 5;
  const distribution = new Distribution(codec, { mean: 10, scale: 2, count: 5 }, logits);
  expect(distribution.quantile(0.05)).toBeGreaterThan(9.9);
  expect(distribution.quantile(0.95)).toBeLessThan(10.1);
});

it("puts everything on the one value where there is no scale", () => {
  const distribution = new Distribution(codec, { mean: 4, scale: 0, count: 9 }, flat);
  expect([0.1, 0.9].map((q) => distribution.quantile(q))).toEqual([4, 4]);
  expect([3, 4, 5].map((x) => distribution.cdf(x))).toEqual([0, 0.5, 1]);
});

it("mixes distributions", () => {
  const [low, high] = [0, 100].map((mean) => new Distribution(codec, { mean, scale: 0.001, count: 9 }, peaked()));
  expect(mixedQuantile([low!, high!], 0.25)).toBeCloseTo(0, 2);
  expect(mixedQuantile([low!, high!], 0.75)).toBeCloseTo(100, 2);
});

function peaked(): Float32Array {
  const logits = new Float32Array(512).fill(-50);
  logits[3 + 254] = 5;
  return logits;
}

it("tells a rule once, when it has held for long enough", () => {
  const rules = [{ name: "hot", when: "above" as const, threshold: 10, for: 2 }];
  let held: number[] = [];
  const told = [11, 12, 13, 9, 11, 12].map((value) => {
    const after = watch(rules, held, { value, tail: undefined, expected: undefined });
    held = after.held;
    return after.due.length;
  });
  expect(told).toEqual([0, 1, 0, 0, 0, 1]);
});
