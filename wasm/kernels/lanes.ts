/** Small helpers over the four f32 lanes of a v128. All sums are in one fixed order. */

/** (0 + 2) + (1 + 3). */
// @ts-ignore: decorator
@inline export function sum(v: v128): f32 {
  const pairs = f32x4.add(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

// @ts-ignore: decorator
@inline export function largest(v: v128): f32 {
  const pairs = f32x4.max(v, i32x4.shuffle(v, v, 2, 3, 0, 1));
  return max(f32x4.extract_lane(pairs, 0), f32x4.extract_lane(pairs, 1));
}

/** Loads 1 to 3 floats; the other lanes are zero. */
export function loadPart(p: usize, n: usize): v128 {
  let v = v128.load32_zero(p);
  if (n > 1) v = v128.load32_lane(p, v, 1, 4);
  if (n > 2) v = v128.load32_lane(p, v, 2, 8);
  return v;
}

/** Stores the first 1 to 3 lanes. */
export function storePart(p: usize, v: v128, n: usize): void {
  v128.store32_lane(p, v, 0);
  if (n > 1) v128.store32_lane(p, v, 1, 4);
  if (n > 2) v128.store32_lane(p, v, 2, 8);
}

/** Padded blocks of 32 columns. */
// @ts-ignore: decorator
@inline export function blocksOf(C: i32): usize {
  return <usize>(C + 31) >>> 5;
}
