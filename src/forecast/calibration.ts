/**
 * Calibration: how often values as far out as this one, on its side, have come in this very stream.
 *
 * The model's tail probability is right on average over many kinds of series, and may be off for one. So the stream
 * counts its own, and a tail probability p becomes (2 · values at least as far out on this side + PRIOR · p) / (values
 * + PRIOR): the model's word at first, the stream's own later. The sides are counted apart: a machine that stands still
 * for a break every hour has said nothing about running too hard.
 */

/** Weight of the model's word, in values. */
const PRIOR = 64;
/** Counts are halved from here on, so that they follow a stream that changes. */
const MOST = 4096;
/** Buckets of a side are half powers of two: the last is below 2⁻³¹·⁵. */
const BUCKETS = 64;

/** How far out a value is: the probability of both tails, in [0, 1], and on which side of the median. */
export interface Tail {
  p: number;
  isAbove: boolean;
}

const bucketOf = (p: number): number => Math.min(BUCKETS - 1, Math.max(0, Math.floor(-2 * Math.log2(p))));

/**
 * (2 · BUCKETS), those below the median first. A stream of an earlier release has not told
 * the sides apart: each gets half.
 */
function sidesOf(counts: readonly number[]): number[] {
  if (counts.length === 2 * BUCKETS) return counts.slice();
  if (counts.length === BUCKETS) return [...counts, ...counts].map((n) => n / 2);
  return new Array<number>(2 * BUCKETS).fill(0);
}

function sum(counts: readonly number[]): number {
  let all = 0;
  for (const count of counts) all += count;
  return all;
}

/** `counts`: of the values before, as `counted` gives them; empty at first. */
export function calibrated(counts: readonly number[], { p, isAbove }: Tail): number {
  const sides = sidesOf(counts);
  const [bucket, from] = [bucketOf(p), isAbove ? BUCKETS : 0];
  const all = sum(sides);
  let rarer = 0;
  for (let i = bucket + 1; i < BUCKETS; i++) rarer += sides[from + i]!;
  // Of its own bucket those that lie below it, as if spread evenly.
  if (bucket < BUCKETS - 1) rarer += sides[from + bucket]! * shareBelow(p, bucket);
  return Math.min(1, (2 * rarer + PRIOR * p) / (all + PRIOR));
}

const shareBelow = (p: number, bucket: number): number => {
  const [low, high] = [2 ** (-(bucket + 1) / 2), 2 ** (-bucket / 2)];
  return Math.min(1, Math.max(0, (p - low) / (high - low)));
};

/** The counts with one more value. */
export function counted(counts: readonly number[], { p, isAbove }: Tail): number[] {
  const next = sidesOf(counts);
  next[(isAbove ? BUCKETS : 0) + bucketOf(p)]!++;
  return sum(next) < MOST ? next : next.map((n) => n / 2);
}
