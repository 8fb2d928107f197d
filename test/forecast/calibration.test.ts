/** What a stream's own past makes of the model's word about how unlikely a value is. */
import { describe, expect, it } from "vitest";
import { calibrated, counted, type Tail } from "../../src/forecast/calibration.ts";
import { Random } from "../../src/sampling/random.ts";

const below = (p: number): Tail => ({ p, isAbove: false });
const above = (p: number): Tail => ({ p, isAbove: true });
const countsOf = (tails: Iterable<Tail>): number[] => {
  let counts: number[] = [];
  for (const tail of tails) counts = counted(counts, tail);
  return counts;
};
/** Tails of a model whose word is right but for a power: 1 is right. */
function* tails(count: number, power = 1): Generator<Tail> {
  const random = Random.fromSeed(5n);
  for (let i = 0; i < count; i++)
    yield { p: Math.max(1e-10, random.nextFloat() ** power), isAbove: random.nextFloat() < 0.5 };
}

describe("a tail probability", () => {
  it("is the model's word at first", () => {
    for (const p of [1, 0.5, 0.01, 1e-10]) expect(calibrated([], above(p))).toBe(p);
  });

  it.each([1, 3])("becomes how often values that far out come, where the model is off by the power %d", (power) => {
    const counts = countsOf(tails(3000, power));
    for (const often of [0.5, 0.1, 0.02])
      for (const tail of [below(often ** power), above(often ** power)]) {
        const found = calibrated(counts, tail);
        expect(found).toBeGreaterThan(0.7 * often);
        expect(found).toBeLessThan(1.4 * often);
      }
  });

  it("becomes that also where half of all values look like one in a thousand", () => {
    const counts = countsOf(Array.from({ length: 1000 }, (_, i) => ({ p: i % 2 ? 0.5 : 0.001, isAbove: i % 4 < 2 })));
    for (const side of [below, above]) {
      expect(calibrated(counts, side(0.002))).toBeGreaterThan(0.4);
      expect(calibrated(counts, side(1e-9))).toBeLessThan(0.001);
    }
  });

  it("is told for each side by itself: drops that come every hour do not hide the first leap", () => {
    const steady = Array.from({ length: 400 }, (_, i) =>
      i % 16 === 0 ? below(1e-5) : i % 2 === 0 ? above(0.4) : below(0.4),
    );
    const counts = countsOf(steady);
    expect(calibrated(counts, below(1e-5))).toBeGreaterThan(0.05);
    expect(calibrated(counts, above(1e-4))).toBeLessThan(1e-4);
  });

  it("is never more than 1, and never grows as a value lies further out", () => {
    const counts = countsOf([...tails(500), ...Array.from({ length: 300 }, () => below(1e-10))]);
    for (const side of [below, above]) {
      let before = Number.POSITIVE_INFINITY;
      for (let p = 1; p > 1e-10; p /= 1.3) {
        const found = calibrated(counts, side(p));
        expect(found).toBeLessThanOrEqual(Math.min(1, before));
        before = found;
      }
    }
  });

  it("follows a stream that changes, and the counts stay as many", () => {
    const counts = countsOf([...tails(6000), ...tails(12_000, 3)]);
    expect(counts).toHaveLength(128);
    expect(calibrated(counts, above(0.1 ** 3))).toBeGreaterThan(0.06);
  });

  it("goes on with the counts of an earlier release, which did not tell the sides apart", () => {
    const old = Array.from({ length: 64 }, (_, i) => (i === 0 ? 300 : i === 20 ? 30 : 0));
    for (const side of [below, above]) expect(calibrated(old, side(2 ** -9))).toBeCloseTo((30 + 64 * 2 ** -9) / 394, 6);
    const next = counted(old, above(1));
    expect(next.reduce((a, b) => a + b, 0)).toBe(331);
    expect(next).toHaveLength(128);
  });
});
