/** expectClose: the one comparison of numbers in the tests. NaN is infinitely far from everything, itself included. */
import { expect } from "vitest";

export interface Tolerance {
  /** Allowed distance whatever the size, in the unit of the values. */
  abs: number;
  /** Allowed distance as a share of the expected value. */
  rel?: number;
}

/** Fails unless every value is within abs + rel · |expected|. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: Tolerance,
  what = "values",
): void {
  // One of the runner's own expectations, since a test that has none fails.
  expect(difference(actual, expected, tolerance, what)).toBe("");
}

/** What is wrong with the worst value; "" where none is. */
function difference(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { abs, rel = 0 }: Tolerance,
  what: string,
): string {
  if (actual.length !== expected.length) return `${what}: expected ${expected.length} values, got ${actual.length}`;
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    const over = excessAt(actual[i]!, expected[i]!, abs, rel);
    if (over > excess) {
      excess = over;
      worst = i;
    }
  }
  if (worst < 0) return "";
  const allowed = abs + rel * Math.abs(expected[worst]!);
  return `${what}[${worst}]: expected ${expected[worst]} ± ${allowed}, got ${actual[worst]}`;
}

/** How many times the allowed distance is exceeded; 0 when it is kept. */
function excessAt(actual: number, expected: number, abs: number, rel: number): number {
  if (Object.is(actual, expected) || actual === expected) return Number.isNaN(actual) ? Number.POSITIVE_INFINITY : 0;
  const distance = Math.abs(actual - expected);
  const allowed = abs + rel * Math.abs(expected);
  if (distance <= allowed) return 0;
  return distance > allowed && allowed > 0 ? distance / allowed : Number.POSITIVE_INFINITY;
}
