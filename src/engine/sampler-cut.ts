/**
 * Cut: which tokens top-k and top-p keep, found without sorting the vocabulary.
 *
 * Tokens are ordered by weight, largest first, equal weights by id, lowest first. That order is total, so a cut is one (weight, id):
 * the last token that stays. Weights are put into bins by distance from the largest; only the bin that holds the cut is sorted.
 */

/** Bins per nat below the largest logit. */
const BINS_PER_NAT = 32;
/** 32 nats; everything further down shares the last bin. */
const BINS = 1024;

export interface Cut {
  weight: number;
  id: number;
}

export class Cutter {
  readonly #count = new Int32Array(BINS);
  readonly #mass = new Float64Array(BINS);
  /** Last token kept by top-k, as the start of top-p. */
  #last: Cut = { weight: 0, id: 0 };

  /**
   * `below` (V): nats below the largest logit, at temperature; `weights` (V): e^-below. topK 0 and topP 1 keep all. At least one token stays.
   * top-p keeps the fewest tokens whose share of what top-k kept is ≥ topP.
   */
  cut(below: Float64Array, weights: Float64Array, topK: number, topP: number): Cut {
    const V = weights.length;
    this.#last = { weight: 0, id: V - 1 };
    if ((topK <= 0 || topK >= V) && topP >= 1) return this.#last;
    this.#fill(below, weights);
    if (topK > 0 && topK < V) this.#cutByCount(below, weights, topK);
    if (topP < 1) this.#cutByMass(below, weights, topP);
    return this.#last;
  }

  #fill(below: Float64Array, weights: Float64Array): void {
    this.#count.fill(0);
    this.#mass.fill(0);
    for (let id = 0; id < weights.length; id++) {
      const bin = binOf(below[id]!);
      this.#count[bin]!++;
      this.#mass[bin]! += weights[id]!;
    }
  }

  #cutByCount(below: Float64Array, weights: Float64Array, topK: number): void {
    let bin = 0;
    let left = topK;
    while (left > this.#count[bin]!) left -= this.#count[bin++]!;
    const sorted = this.#sortedBin(below, weights, bin);
    this.#last = { weight: weights[sorted[left - 1]!]!, id: sorted[left - 1]! };
    let mass = 0;
    for (let i = 0; i < left; i++) mass += weights[sorted[i]!]!;
    this.#count[bin] = left;
    this.#mass[bin] = mass;
    this.#count.fill(0, bin + 1);
    this.#mass.fill(0, bin + 1);
  }

  #cutByMass(below: Float64Array, weights: Float64Array, topP: number): void {
    let total = 0;
    let lastBin = 0;
    for (let bin = 0; bin < BINS; bin++) {
      total += this.#mass[bin]!;
      if (this.#count[bin]! > 0) lastBin = bin;
    }
    let left = topP * total;
    let bin = 0;
    while (bin < lastBin && (this.#count[bin] === 0 || left > this.#mass[bin]!)) left -= this.#mass[bin++]!;
    const sorted = this.#sortedBin(below, weights, bin);
    const kept = this.#count[bin]!;
    let at = 0;
    while (at < kept - 1 && left > weights[sorted[at]!]!) left -= weights[sorted[at++]!]!;
    this.#last = { weight: weights[sorted[at]!]!, id: sorted[at]! };
  }

  /** Ids of one bin in order. Array.prototype.sort is stable, and ids come in ascending, so equal weights stay by id. */
  #sortedBin(below: Float64Array, weights: Float64Array, bin: number): number[] {
    const ids: number[] = [];
    for (let id = 0; id < weights.length; id++) if (binOf(below[id]!) === bin) ids.push(id);
    return ids.sort((a, b) => weights[b]! - weights[a]! || a - b);
  }
}

export const keeps = (cut: Cut, weight: number, id: number): boolean =>
  weight > cut.weight || (weight === cut.weight && id <= cut.id);

const binOf = (below: number): number => (below >= (BINS - 1) / BINS_PER_NAT ? BINS - 1 : (below * BINS_PER_NAT) | 0);
