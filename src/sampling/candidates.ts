/**
 * Candidates: the tokens that may still be drawn, ids upwards, and the cuts that make them fewer, without sorting the vocabulary.
 *
 * Tokens are ordered by nats below the largest logit, equals by id, lowest first. That order is total, so a cut is its last token. Tokens
 * are counted (or weighed) in bins of that distance; only the bin that holds the cut is sorted.
 */

/** Bins per nat below the largest logit. */
const BINS_PER_NAT = 32;
/** 32 nats; everything further down shares the last bin. */
const BINS = 1024;

/** Bit id % 32 of word id >> 5; ids beyond the mask are not allowed. */
export const isAllowed = (allowed: Uint32Array, id: number): boolean => ((allowed[id >> 5]! >>> (id & 31)) & 1) === 1;

export class Candidates {
  /** The first `length` are in use. */
  readonly ids: Int32Array;
  length = 0;
  readonly #below: Float64Array;
  readonly #bins = new Float64Array(BINS);

  /** `below` (V), at temperature: filled by the caller before every use. */
  constructor(below: Float64Array) {
    this.ids = new Int32Array(below.length);
    this.#below = below;
  }

  /** Every id, or those whose bit is set. */
  all(allowed?: Uint32Array): void {
    const { ids } = this;
    let kept = 0;
    for (let id = 0; id < ids.length; id++) if (!allowed || isAllowed(allowed, id)) ids[kept++] = id;
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

  /** Keeps the fewest whose share of the weight is ≥ share; at least one. `weights` (V): e^-below of the candidates. */
  keepShare(weights: Float64Array, share: number): void {
    if (share >= 1) return;
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
    let left = share * total;
    let bin = 0;
    while (bin < lastBin && left > bins[bin]!) left -= bins[bin++]!;
    // An empty bin at the cut has nothing to sort; the next one starts with the token that belongs to it.
    while (bins[bin] === 0 && bin < lastBin) bin++;
    const sorted = this.#sorted(bin);
    let at = 0;
    while (at < sorted.length - 1 && left > weights[sorted[at]!]!) left -= weights[sorted[at++]!]!;
    this.#keepUpTo(sorted[at]!);
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
