/**
 * Walks over a whole vocabulary: each once per token, they are most of what the sampler does.
 *
 * They go four ids at a time, each over arrays of one type. A shorter loop is drawn into its caller by
 * V8's middle compiler, and there it never comes to the last one: it ran at a third of the speed for
 * as long as a server was watched.
 */

/** The id of the largest; the lowest among equals. */
export function largest(x: Float64Array): number {
  const length = x.length;
  const fours = length & ~3;
  let best = 0;
  let top = x[0]!;
  for (let id = 0; id < fours; id += 4) {
    const a = x[id]!;
    const b = x[id + 1]!;
    const c = x[id + 2]!;
    const d = x[id + 3]!;
    if (!(a > top || b > top || c > top || d > top)) continue;
    if (a > top) [top, best] = [a, id];
    if (b > top) [top, best] = [b, id + 1];
    if (c > top) [top, best] = [c, id + 2];
    if (d > top) [top, best] = [d, id + 3];
  }
  for (let id = fours; id < length; id++) if (x[id]! > top) [top, best] = [x[id]!, id];
  return best;
}

export function areFinite(x: Float32Array): boolean {
  const length = x.length;
  const fours = length & ~3;
  let sum = 0; // NaN once any of them is NaN or infinite
  for (let id = 0; id < fours; id += 4) {
    const a = x[id]!;
    const b = x[id + 1]!;
    const c = x[id + 2]!;
    const d = x[id + 3]!;
    sum += (a + b + (c + d)) * 0;
  }
  for (let id = fours; id < length; id++) sum += x[id]! * 0;
  return sum === 0;
}

/** Writes the ids of those that are at least `least` into `ids`, upwards, and gives their number. */
export function atLeast(x: Float64Array, least: number, ids: Int32Array): number {
  const length = x.length;
  const fours = length & ~3;
  let count = 0;
  for (let id = 0; id < fours; id += 4) {
    const a = x[id]! >= least;
    const b = x[id + 1]! >= least;
    const c = x[id + 2]! >= least;
    const d = x[id + 3]! >= least;
    if (!(a || b || c || d)) continue;
    if (a) ids[count++] = id;
    if (b) ids[count++] = id + 1;
    if (c) ids[count++] = id + 2;
    if (d) ids[count++] = id + 3;
  }
  for (let id = fours; id < length; id++) if (x[id]! >= least) ids[count++] = id;
  return count;
}
