/**
 * Candidates: the tokens that may still be drawn, ids upwards, and the cuts that make them fewer,
 * without sorting the vocabulary.
 *
 * Tokens are ordered by nats below the largest logit, equals by id, lowest first. That order is total, so a cut is its
 * last token. Tokens are counted (or weighed) in bins of that distance; only the bin that holds the cut is sorted.
 */
import { atLeast } from "./vocabulary-walks.ts";

/** Bins per nat below the largest logit. */
const BINS_PER_NAT = 32;
/** 32 nats; everything further down shares the last bin. */
const BINS = 1024;
/** Relative error of a sum over a vocabulary, in any order: below 2^-53 per token. Of a few steps more than enough. */
const ROUNDS = 1e-9;

export class Candidates {
  /** The first `length` are in use. */
  readonly ids: Int32Array;
  length = 0;
  readonly #below: Float64Array;
  readonly #bins = new Float64Array(BINS);

  /** `below` (V): logits, filled by the caller before every `within`, which makes them distances. */
  constructor(below: Float64Array) {
    this.ids = new Int32Array(below.length);
    this.#below = below;
  }

  /** Those less than `reach` nats below the logit `top`, at this temperature. A logit of −∞ is below everything. */
  within(top: number, temperature: number, reach: number): void {
    const { ids } = this;
    const x = this.#below;
    // Without a division for each token: no rounding brings one below this bound within reach.
    const depth = reach * temperature;
    const found = atLeast(x, reach < Infinity ? top - depth - ROUNDS * (depth + Math.abs(top)) : -Infinity, ids);
    let kept = 0;
    for (let i = 0; i < found; i++) {
      const id = ids[i]!;
      const below = (top - x[id]!) / temperature;
      if (!(below < reach)) continue;
      x[id] = below;
      ids[kept++] = id;
    }
    this.length = kept;
  }

  /** Keeps the `count` best; 0 keeps all. */
  keepCount(count: number): void {
    if (count <= 0 || count >= this.length) return;
    const bins = this.#bins.fill(0);
    for (let i = 0; i < this.length; i++) bins[this.#bin(this.ids[i]!)]!++;
    let bin = 0;
    let left = count;
    while (left > bins[bin]!) left -= bins[bin++]!;
    this.#keepUpTo(this.#sorted(bin)[left - 1]!);
  }

  /**
   * Keeps the fewest whose share of the weight is ≥ share; at least one. `weights` (V): e^-below of the candidates.
   *
   * `beyond`: what tokens below all candidates may weigh at most. False, and nothing is cut, where the
   * cut depends on how much it is.
   */
  keepShare(weights: Float64Array, share: number, beyond = 0): boolean {
    if (share >= 1) return true;
    const bins = this.#bins.fill(0);
    let total = 0;
    let lastBin = 0;
    for (let i = 0; i < this.length; i++) {
      const id = this.ids[i]!;
      const bin = this.#bin(id);
      bins[bin]! += weights[id]!;
      total += weights[id]!;
      if (bin > lastBin) lastBin = bin;
    }
    // The sum over all tokens, in whatever order it rounds, lies between these; and a larger sum
    // never makes the cut come earlier.
    const least = beyond > 0 ? total * (1 - ROUNDS) : total;
    const cut = this.#cut(weights, share * least, lastBin);
    if (beyond > 0) {
      const last = this.#cut(weights, share * (total + beyond) * (1 + ROUNDS), lastBin);
      if (!last.reached || last.id !== cut.id) return false;
    }
    this.#keepUpTo(cut.id);
    return true;
  }

  /**
   * The first token at which those down to it weigh `left`; the last one where none does. Over
   * `#bins`, which hold the weights.
   */
  #cut(weights: Float64Array, left: number, lastBin: number): { id: number; reached: boolean } {
    const bins = this.#bins;
    let bin = 0;
    while (bin < lastBin && left > bins[bin]!) left -= bins[bin++]!;
    // An empty bin at the cut has nothing to sort; the next one starts with the token that belongs to it.
    while (bins[bin] === 0 && bin < lastBin) bin++;
    const reached = left <= bins[bin]!;
    const sorted = this.#sorted(bin);
    let at = 0;
    while (at < sorted.length - 1 && left > weights[sorted[at]!]!) left -= weights[sorted[at++]!]!;
    return { id: sorted[at]!, reached };
  }

  /** Keeps those of at least this weight; the best has weight 1. */
  keepWeight(weights: Float64Array, least: number): void {
    if (least <= 0) return;
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const id = this.ids[i]!;
      if (weights[id]! >= least) this.ids[kept++] = id;
    }
    this.length = kept;
  }

  #keepUpTo(last: number): void {
    const { ids } = this;
    const below = this.#below;
    let kept = 0;
    for (let i = 0; i < this.length; i++) {
      const id = ids[i]!;
      if (below[id]! < below[last]! || (below[id] === below[last] && id <= last)) ids[kept++] = id;
    }
    this.length = kept;
  }

  /** Candidates of one bin, best first. */
  #sorted(bin: number): number[] {
    const found: number[] = [];
    for (let i = 0; i < this.length; i++) if (this.#bin(this.ids[i]!) === bin) found.push(this.ids[i]!);
    return found.sort((a, b) => this.#below[a]! - this.#below[b]! || a - b);
  }

  #bin(id: number): number {
    const below = this.#below[id]!;
    return below >= (BINS - 1) / BINS_PER_NAT ? BINS - 1 : (below * BINS_PER_NAT) | 0;
  }
}
