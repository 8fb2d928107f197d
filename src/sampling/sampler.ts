/**
 * Sampler: the next id from logits. Deterministic given logits, sampling and state: fixed order, integer generator, no
 * sort of the vocabulary that could depend on the engine.
 *
 * Order: logit bias, repetition, presence and frequency penalties, mask, temperature, top-k, top-p, min-p, draw. The
 * draw walks kept ids upwards. At temperature 0 the largest wins, the lowest id among equals.
 * Source: transformers `GenerationMixin._get_logits_processor` (penalties, temperature, top-k, top-p, min-p).
 */
import { check } from "../core/failure.ts";
import { Candidates } from "./candidates.ts";
import { SeenTokens } from "./penalties.ts";
import { Random } from "./random.ts";
import type { SamplerState, Sampling } from "./sampling.ts";
import { areFinite, largest } from "./vocabulary-walks.ts";

/**
 * Nats below the best within which the cuts are looked for first: what lies further down weighs e^-20 at most, a
 * ten-thousandth for a vocabulary of 49,152 together. A whole number of bins of `Candidates`.
 */
const NEAR = 20;

/** OpenAI's bound for `top_logprobs`. */
const MAX_TOP_LOGPROBS = 20;

export interface TokenLogprob {
  id: number;
  logprob: number;
}

/** What a choice is made in. */
interface Workplace {
  /** Logits after penalties, then nats below the largest. */
  below: Float64Array;
  weights: Float64Array;
  candidates: Candidates;
}

/**
 * Lends so many bytes, at a multiple of eight, that nobody else reads or writes until a choice is made.
 * Undefined where there are none.
 */
type Lend = (bytes: number) => { buffer: ArrayBufferLike; at: number } | undefined;

/**
 * By the size of the vocabulary. A choice leaves nothing there that the next one reads, so all
 * conversations share one: it has a megabyte.
 */
const workplaces = new Map<number, Workplace>();
/** The same in memory that was lent, which another model may lend too. */
const lent = new WeakMap<ArrayBufferLike, Workplace>();

function workplaceFor(vocab: number, lend?: Lend): Workplace {
  const room = lend?.(2 * vocab * Float64Array.BYTES_PER_ELEMENT);
  const known = room ? lent.get(room.buffer) : workplaces.get(vocab);
  if (known?.below.length === vocab) return known;
  const { buffer, at } = room ?? { buffer: new ArrayBuffer(2 * vocab * Float64Array.BYTES_PER_ELEMENT), at: 0 };
  const below = new Float64Array(buffer, at, vocab);
  const weights = new Float64Array(buffer, at + below.byteLength, vocab);
  const made = { below, weights, candidates: new Candidates(below) };
  if (room) lent.set(buffer, made);
  else workplaces.set(vocab, made);
  return made;
}

export class Sampler {
  readonly #vocab: number;
  readonly #random: Random;
  readonly #seen: SeenTokens;
  readonly #lend: Lend | undefined;

  /**
   * A seed starts the generator anew, also over a saved state. Without either it starts from entropy. `lend`: memory to
   * choose in, but for the logits.
   */
  constructor(vocab: number, state?: SamplerState, seed?: number | bigint, lend?: Lend) {
    this.#vocab = vocab;
    this.#lend = lend;
    this.#seen = new SeenTokens(vocab, state);
    if (seed !== undefined) this.#random = Random.fromSeed(seed);
    else this.#random = state ? new Random(state.generator) : Random.fromEntropy();
  }

  /** A reply begins: presence and frequency penalties count from here. */
  begin(): void {
    this.#seen.beginReply();
  }

  /** A token of prompt or reply, as it is fed or chosen. */
  accept(id: number): void {
    this.#seen.accept(id);
  }

  /**
   * logits (V). Does not accept the token. `probability`: under what was left to draw from. `allowed`: bit id % 32 of
   * word id >> 5 says that the id may be chosen; absent, each may.
   */
  choose(logits: Float32Array, sampling: Sampling, allowed?: Uint32Array): { id: number; probability: number } {
    checkSampling(sampling);
    this.#checkLogits(logits);
    const place = workplaceFor(this.#vocab, this.#lend);
    const best = this.#prepare(place, logits, sampling, allowed);
    if (sampling.temperature === 0) return { id: best, probability: 1 };
    if (!cut(place, best, sampling, NEAR)) {
      this.#prepare(place, logits, sampling, allowed);
      cut(place, best, sampling, Infinity);
    }
    return this.#draw(place, best);
  }

  /** Penalties and mask; the best id. */
  #prepare({ below: x }: Workplace, logits: Float32Array, sampling: Sampling, allowed?: Uint32Array): number {
    x.set(logits);
    this.#seen.penalise(x, sampling);
    if (allowed) bar(x, allowed);
    const best = largest(x);
    check(x[best]! > -Infinity, "bug", () => "mask: expected at least one allowed id");
    return best;
  }

  /** `best` stands in where rounding leaves nothing to land on. */
  #draw({ weights, candidates }: Workplace, best: number): { id: number; probability: number } {
    const { ids, length } = candidates;
    let total = 0;
    for (let i = 0; i < length; i++) total += weights[ids[i]!]!;
    let left = this.#random.nextFloat() * total;
    for (let i = 0; i < length; i++) {
      const id = ids[i]!;
      if (weights[id]! > left) return { id, probability: weights[id]! / total };
      left -= weights[id]!;
    }
    return { id: best, probability: weights[best]! / total };
  }

  /**
   * Of the model's own distribution, before penalties and temperature:
   * log-softmax(logits), the n largest, largest first.
   */
  logprobs(logits: Float32Array, id: number, n: number): { logprob: number; top: TokenLogprob[] } {
    check(Number.isInteger(n) && n >= 0 && n <= MAX_TOP_LOGPROBS, "bug", () => `logprobs: 0…20, got ${n}`);
    this.#checkLogits(logits);
    const peak = logits.reduce((most, logit) => Math.max(most, logit));
    let total = 0;
    for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - peak);
    const logTotal = Math.log(total);
    const top: TokenLogprob[] = [];
    for (let i = 0; i < logits.length && n > 0; i++) {
      const logprob = logits[i]! - peak - logTotal;
      if (top.length === n && logprob <= top[n - 1]!.logprob) continue;
      let at = top.length;
      while (at > 0 && top[at - 1]!.logprob < logprob) at--;
      top.splice(at, 0, { id: i, logprob });
      if (top.length > n) top.pop();
    }
    return { logprob: logits[id]! - peak - logTotal, top };
  }

  /** Where it stands, of its state. */
  generator(): number[] {
    return this.#random.words();
  }

  state(): SamplerState {
    return { generator: this.generator(), recent: this.#seen.recent(), reply: this.#seen.reply() };
  }

  #checkLogits(logits: Float32Array): void {
    check(logits.length === this.#vocab, "bug", () => `logits: expected (${this.#vocab}), got (${logits.length})`);
    check(
      areFinite(logits),
      "bug",
      () => `logits: ${logits.filter((x) => !Number.isFinite(x)).length} of ${this.#vocab} are not finite`,
    );
  }
}

/**
 * Leaves the candidates that the cuts keep, with their weights; only tokens less than `reach` nats below the
 * best are weighed. False where those further down have a say; with `reach` Infinity there are none, and the
 * result is the same in every bit.
 */
function cut(place: Workplace, best: number, { temperature, topK, topP, minP }: Sampling, reach: number): boolean {
  const { below: x, weights, candidates } = place;
  candidates.within(x[best]!, temperature, reach);
  const further = reach < Infinity && (topK === 0 || topK > candidates.length) ? x.length - candidates.length : 0;
  if (further > 0 && (topK > 0 || (topP >= 1 && minP < Math.exp(-reach)))) return false;
  candidates.keepCount(topK);
  for (let i = 0; i < candidates.length; i++) {
    const id = candidates.ids[i]!;
    weights[id] = Math.exp(-x[id]!);
  }
  if (!candidates.keepShare(weights, topP, further * Math.exp(-reach))) return false;
  candidates.keepWeight(weights, minP);
  return true;
}

/**
 * In place: what is not allowed falls below everything, ids beyond the mask as well. Many words of
 * a mask allow all of their ids.
 */
function bar(x: Float64Array, allowed: Uint32Array): void {
  const ALL = 2 ** 32 - 1;
  for (let from = 0; from < x.length; from += 32) {
    let bits = allowed[from >> 5] ?? 0;
    if (bits === ALL) continue;
    const to = Math.min(from + 32, x.length);
    for (let id = from; id < to; id++, bits >>>= 1) if ((bits & 1) === 0) x[id] = -Infinity;
  }
}

/** The API refuses these with the field's name before; here they are ours. */
function checkSampling(s: Sampling): void {
  const within = (name: keyof Sampling, low: number, high: number) => {
    const value = s[name] as number;
    check(value >= low && value <= high, "bug", () => `${name}: expected ${low}…${high}, got ${value}`);
  };
  within("temperature", 0, 100);
  within("topK", 0, Number.MAX_SAFE_INTEGER);
  within("topP", 0, 1);
  within("minP", 0, 1);
  within("repetitionPenalty", 1e-3, 1e3);
  within("presencePenalty", -100, 100);
  within("frequencyPenalty", -100, 100);
  for (const [id, bias] of s.logitBias) check(Number.isFinite(bias), "bug", () => `logitBias[${id}]: ${bias}`);
}
