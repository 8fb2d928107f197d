/**
 * How far the next token's distribution of one model, or one state, is from another's: over
 * one position's logits (V) each.
 */

interface Compared {
  /** KL(expected ‖ got), nats. */
  divergence: number;
  isSameBest: boolean;
  /** ln of the probabilities (V). */
  expected: Float64Array;
  got: Float64Array;
}

export function compareLogits(expectedLogits: Float32Array, gotLogits: Float32Array): Compared {
  const [expected, got] = [logSoftmax(expectedLogits), logSoftmax(gotLogits)];
  let divergence = 0;
  for (const [i, p] of expected.entries()) divergence += Math.exp(p) * (p - got[i]!);
  return { divergence, isSameBest: best(expected) === best(got), expected, got };
}

function logSoftmax(logits: Float32Array): Float64Array {
  let max = -Infinity;
  for (const x of logits) max = Math.max(max, x);
  let sum = 0;
  for (const x of logits) sum += Math.exp(x - max);
  const shift = max + Math.log(sum);
  return Float64Array.from(logits, (x) => x - shift);
}

function best(x: Float64Array): number {
  let at = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[at]!) at = i;
  return at;
}
