/** Rounding of sizes to the multiples that kernels and stores work in. Sizes are non-negative safe integers. */
export const padTo = (n: number, multiple: number): number => Math.ceil(n / multiple) * multiple;
export const pad8 = (n: number): number => padTo(n, 8);
export const pad32 = (n: number): number => padTo(n, 32);

/** Product of a shape; throws RangeError when it leaves the safe integers. */
export function product(shape: readonly number[]): number {
  let n = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) throw new RangeError(`size ${size} is not a non-negative integer`);
    n *= size;
    if (!Number.isSafeInteger(n)) throw new RangeError(`shape [${shape}] has too many elements`);
  }
  return n;
}
