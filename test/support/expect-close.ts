/** expectClose: the one comparison of numbers in the tests. NaN is infinitely far from everything, itself included. */

export interface Tolerance {
  /** Allowed distance whatever the size, in the unit of the values. */
  abs: number;
  /** Allowed distance as a share of the expected value. */
  rel?: number;
}

/** Throws unless every value is within abs + rel · |expected|. */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { abs, rel = 0 }: Tolerance,
  what = "values",
): void {
  if (actual.length !== expected.length)
    throw new Error(`${what}: expected ${expected.length} values, got ${actual.length}`);
  let worst = -1;
  let excess = 0;
  for (let i = 0; i < expected.length; i++) {
    const over = excessAt(actual[i]!, expected[i]!, abs, rel);
    if (over > excess) {
      excess = over;
      worst = i;
    }
  }
  if (worst < 0) return;
  const allowed = abs + rel * Math.abs(expected[worst]!);
  throw new Error(`${what}[${worst}]: expected ${expected[worst]} ± ${allowed}, got ${actual[worst]}`);
}

/** How many times the allowed distance is exceeded; 0 when it is kept. */
function excessAt(actual: number, expected: number, abs: number, rel: number): number {
  if (Object.is(actual, expected) || actual === expected) return Number.isNaN(actual) ? Number.POSITIVE_INFINITY : 0;
  const distance = Math.abs(actual - expected);
  const allowed = abs + rel * Math.abs(expected);
  if (distance <= allowed) return 0;
  return distance > allowed && allowed > 0 ? distance / allowed : Number.POSITIVE_INFINITY;
}
