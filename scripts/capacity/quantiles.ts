/** quantiles: of values in any order; 0 of none. */
export function quantiles(values: readonly number[], of: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  return of.map((q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
}
