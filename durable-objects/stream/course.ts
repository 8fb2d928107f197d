/**
 * Course: a stream in memory, on its way from one value to the next.
 *
 * What a value does depends on the values before it and on nothing else: no clock, no batch, no instance. So whoever
 * begins at a kept state and feeds the same values stands where the first one stood, bit by bit.
 */
import type { Sequence } from "../../src/backends/backend.ts";
import { type AlertRule, watch } from "../../src/forecast/alert-rules.ts";
import { calibrated, counted, type Tail } from "../../src/forecast/calibration.ts";
import { NO_SCALE } from "../../src/forecast/codec.ts";
import { Distribution } from "../../src/forecast/distribution.ts";
import { type Forecaster, feed } from "../../src/forecast/forecaster.ts";
import { decodeState } from "../../src/state/codec.ts";
import { encodeSequence } from "../../src/state/encode-sequence.ts";
import type { Entry } from "./entry.ts";
import type { Live } from "./live-sequences.ts";
import type { Kept, Moment } from "./stream-store.ts";

const BEGINNING: Moment = { position: 0, scale: NO_SCALE, tails: [], held: [] };
/** Nothing is rarer: the tails of a model this small say no more. */
const LEAST_TAIL = 1e-10;
/** States are written with the form that conversations have; a stream draws nothing. */
const NO_SAMPLER = { generator: [1, 0, 0, 0], recent: [], reply: [] };

/** Values between two looks at what else the object has to do. */
const YIELD_EVERY = 32;

/** Lets other events of the object run, after every 32nd value of a long batch. */
export async function letOthersRun(values: number): Promise<void> {
  if (values % YIELD_EVERY === 0) await new Promise((resolve) => setTimeout(resolve));
}

export class Course {
  readonly #forecaster: Forecaster;
  readonly live: Live;

  private constructor(forecaster: Forecaster, live: Live) {
    this.#forecaster = forecaster;
    this.live = live;
  }

  static of(forecaster: Forecaster, live: Live): Course {
    return new Course(forecaster, live);
  }

  /** From a kept state, or from the beginning. Fails with `memory_exceeded`, `state_unreadable` or `model_changed`. */
  static async from(forecaster: Forecaster, kept: Kept | undefined): Promise<Course> {
    const { backend, codec, fingerprint } = forecaster;
    if (kept) {
      const sequence = await backend.open(decodeState(kept.state, fingerprint));
      return new Course(forecaster, { sequence, logits: kept.logits, moment: kept.moment });
    }
    const sequence = await backend.open();
    const logits = (await feed(sequence, codec.config.begin)) as Float32Array<ArrayBuffer>;
    return new Course(forecaster, { sequence, logits, moment: BEGINNING });
  }

  get position(): number {
    return this.live.moment.position;
  }

  get sequence(): Sequence {
    return this.live.sequence;
  }

  /** One value. Gives what is kept of it, and the rules that it fulfils. */
  async take(
    value: number | null,
    timeMs: number | null,
    rules: readonly AlertRule[],
  ): Promise<{ entry: Entry; due: AlertRule[] }> {
    const { codec } = this.#forecaster;
    const { moment, logits, sequence } = this.live;
    const { position, scale, tails, held } = moment;
    const distribution = scale.count > 0 ? new Distribution(codec, scale, logits) : undefined;
    const expected = distribution
      ? { low: distribution.quantile(0.025), median: distribution.quantile(0.5), high: distribution.quantile(0.975) }
      : null;
    const raw = value === null || !distribution ? undefined : tailOf(distribution, value, moment);
    const tail = raw === undefined ? null : scale.scale === 0 ? raw.p : calibrated(tails, raw);
    const { id, after } = codec.encode(scale, value);
    const next = (await feed(sequence, id)) as Float32Array<ArrayBuffer>;
    const looksAhead = rules.some(({ when }) => when.startsWith("expected"));
    const watched = watch(rules, held, {
      value,
      tail: tail ?? undefined,
      expected: looksAhead && after.count > 0 ? new Distribution(codec, after, next).quantile(0.5) : undefined,
    });
    this.live.logits = next;
    this.live.moment = {
      position: position + 1,
      scale: after,
      tails: raw === undefined || scale.scale === 0 ? tails : counted(tails, raw),
      held: watched.held,
    };
    return { entry: { timeMs, value, tail, expected }, due: watched.due };
  }

  /** A copy of where it stands, for a row. */
  async keep(): Promise<Kept> {
    const { sequence, logits, moment } = this.live;
    const { fingerprint } = this.#forecaster;
    const state = await encodeSequence(sequence, { fingerprint, pending: [], sampler: NO_SAMPLER });
    return { state: state as Uint8Array<ArrayBuffer>, logits: logits.slice(), moment };
  }
}

/** How often a value comes that is as far out on its side, twice: 1 at the median. */
function tailOf(distribution: Distribution, value: number, { scale, position }: Moment): Tail {
  const below = distribution.cdf(value);
  const isAbove = below > 0.5;
  // After n equal values the next is another with 1 / (n + 2): Laplace's rule of succession.
  if (scale.scale === 0) return { p: below === 0.5 ? 1 : 1 / (position + 2), isAbove };
  return { p: Math.min(1, Math.max(LEAST_TAIL, 2 * Math.min(below, 1 - below))), isAbove };
}
