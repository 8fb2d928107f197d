/**
 * Calibration: how often values as unlikely as this one have come in this very stream.
 *
 * The model's tail probability is right on average over many kinds of series, and may be off for one. So the stream counts its own, and a tail
 * probability p becomes (values at least as unlikely + PRIOR · p) / (values + PRIOR): the model's word at first, the stream's own later.
 */

/** Weight of the model's word, in values. */
const PRIOR = 64;
/** Counts are halved from here on, so that they follow a stream that changes. */
const MOST = 4096;
/** Buckets are half powers of two: the last is below 2⁻³¹·⁵. */
const BUCKETS = 64;

const bucketOf = (p: number): number => Math.min(BUCKETS - 1, Math.max(0, Math.floor(-2 * Math.log2(p))));

/** `counts`: (BUCKETS), of the values before. `p` in [0, 1]. */
export function calibrated(counts: readonly number[], p: number): number {
  const bucket = bucketOf(p);
  let [rarer, all] = [0, 0];
  for (let i = 0; i < BUCKETS; i++) {
    const n = counts[i] ?? 0;
    all += n;
    // Of its own bucket those that lie below it, as if spread evenly.
    if (i > bucket) rarer += n;
    else if (i === bucket && i < BUCKETS - 1) rarer += n * shareBelow(p, bucket);
  }
  return Math.min(1, (rarer + PRIOR * p) / (all + PRIOR));
}

const shareBelow = (p: number, bucket: number): number => {
  const [low, high] = [2 ** (-(bucket + 1) / 2), 2 ** (-bucket / 2)];
  return Math.min(1, Math.max(0, (p - low) / (high - low)));
};

/** The counts with one more value. */
export function counted(counts: readonly number[], p: number): number[] {
  const next = Array.from({ length: BUCKETS }, (_, i) => counts[i] ?? 0);
  next[bucketOf(p)]!++;
  return next.reduce((a, b) => a + b, 0) < MOST ? next : next.map((n) => n / 2);
}
