/** TurnWriter: what a running turn writes: checkpoints on the way, and the commit that ends it. */
import type { FinishReason } from "../../src/api/shared/turn.ts";
import { count } from "../../src/core/event-counts.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { freeBytes } from "../../src/core/free-bytes.ts";
import { inSlices } from "../../src/core/work.ts";
import { yieldToEvents } from "../../src/dialogue/round-robin.ts";
import type { Sampler } from "../../src/sampling/sampler.ts";
import { RECENT_TOKENS, type SamplerState } from "../../src/sampling/sampling.ts";
import { type NewStretch, stateTag } from "../../src/state/codec.ts";
import { useSequenceInParts } from "../../src/state/encode-sequence.ts";
import type { Joined } from "../../src/state/joined.ts";
import type { Precision } from "../../src/state/rounding.ts";
import type { WarmState } from "../model/warm-states.ts";
import { fault } from "../platform/fault-points.ts";
import { joinedIds } from "../storage/database.ts";
import type { StateBytes, StoredStretch } from "../storage/state-pieces.ts";
import { type StoredTurn, saidIn } from "../storage/stored-turn.ts";
import type { AttemptContext } from "./context.ts";
import { logTurn } from "./turn-log.ts";
import { endOf, finished, withState } from "./turn-record.ts";

/** A statement that fails once fails by chance; one that fails as often as this does not. */
const COMMIT_TRIES = 3;

export class TurnWriter {
  readonly #work: AttemptContext;
  readonly #sampler: Sampler;

  constructor(work: AttemptContext, sampler: Sampler) {
    this.#work = work;
    this.#sampler = sampler;
  }

  /** Resolves when it is on disk. `pause`: another invocation goes on from here, and none has crashed. */
  async checkpoint(pause?: "pause"): Promise<void> {
    const { accepted, epoch, running, store, budget, restored, timings, ctx } = this.#work;
    budget.checkpointed();
    if (!store) return;
    await fault("checkpoint.before", ctx);
    const { logprobs } = running;
    // Between pauses the row is not written again for the time alone: what a crash has spent is not counted.
    const left = pause ? { attempts: -1, spent: { ...timings } } : { attempts: 0 };
    const progress = { ...accepted, ...left, ...(logprobs ? { logprobs } : {}) };
    restored.stretches = await this.#state("exact", this.#samplerState(), (state) =>
      store.checkpoint(progress, epoch, this.#ids(), state),
    );
    await store.database.written();
    count("checkpoint_written");
    await fault("checkpoint.after", ctx);
  }

  /**
   * What was computed again so far outlives a turn that ends without a token: the next one that goes on
   * from the same turn begins with it.
   */
  async leaveRebuilt(): Promise<void> {
    const { accepted, epoch, store } = this.#work;
    if (!store) return;
    await this.checkpoint();
    store.leaveRebuilt(accepted, epoch);
  }

  /** Resolves when turn, tokens and state are on disk, and its readers know. Frees the memory slot on the way. */
  async commit(reason: FinishReason, isSchemaChecked = false): Promise<void> {
    const { accepted, epoch, running, store, slot, timings, restored, ctx } = this.#work;
    const beganMs = Date.now();
    const hasMore = running.ids.length > 0 || (accepted.request.feedOnly && reason !== "cancelled");
    const turn = store && this.#finished(reason);
    // Before the state is taken, so that of no two conversations states wait for their commit at once.
    const words = turn && (await inSlices(store.tree.passages.wordsOf(saidIn(turn)), yieldToEvents));
    const sampler = store && hasMore ? this.#samplerState() : undefined;
    const state = sampler && (await this.#state("rounded", sampler, wholeOf));
    const tag = state && stateTag(state.bytes);
    const stateBytes = state ? bytesIn(state) + (restored.sequence.bytesElsewhere ?? 0) : 0;
    const warm = sampler && this.#warm(sampler);
    if (warm) slot.leaveWarm(warm);
    else slot.leave(); // wipes what the state's tensors were views of
    Object.assign(timings, { state_bytes: stateBytes, save_ms: Date.now() - beganMs });
    const end = endOf(accepted, reason, running.ids.length, { ...timings }, isSchemaChecked);
    if (turn) {
      await fault("commit.before", ctx);
      const ids = turn.logged > turn.start ? this.#own() : new Uint32Array(0);
      const stretches = this.#tryOften(() => store.commit(withState(turn, end, tag), epoch, ids, state, words));
      if (warm) Object.assign(warm, { tag, stretches });
      if (state) free(state);
      await store.database.written();
      await fault("commit.after", ctx);
    }
    count(reason === "cancelled" ? "turn_cancelled" : "turn_completed");
    logTurn(running.start!.key, accepted.request, end);
    running.end({ type: "end", index: running.ids.length + 1, text: "", ...end });
  }

  /** Its row, but for its last event's timings and its state's tag. */
  #finished(reason: FinishReason): StoredTurn {
    const { accepted, running, served, restored, timings } = this.#work;
    const generator = this.#sampler.generator();
    const { position } = restored.sequence;
    const outcome = { reply: running.ids, logprobs: running.logprobs, position, generator };
    return finished(accepted, served, outcome, endOf(accepted, reason, running.ids.length, timings));
  }

  /** What the next turn may go on from where it lies; a shared prefix is read elsewhere. */
  #warm(sampler: SamplerState): WarmState | undefined {
    const { accepted, served, restored } = this.#work;
    const { backend } = served;
    if (!backend.goesOnAsSaved || accepted.request.feedOnly) return undefined;
    return { tag: undefined, backend, sequence: restored.sequence, sampler, stretches: [] };
  }

  #tryOften<T>(work: () => T): T {
    for (let left = COMMIT_TRIES; ; ) {
      try {
        return work();
      } catch (thrown) {
        if (--left === 0 || Failure.from(thrown).code !== "storage_unavailable") throw thrown;
      }
    }
  }

  /** Instructions that are not kept are not among the recent tokens either. */
  #samplerState(): SamplerState {
    const { accepted, store } = this.#work;
    const state = this.#sampler.state();
    if (!accepted.settling) return state;
    const own = this.#own().slice(-RECENT_TOKENS);
    const { start, parent } = accepted;
    const before = store!.tree.ids(parent, Math.max(0, start - (RECENT_TOKENS - own.length)), start);
    return { ...state, recent: [...before, ...own] };
  }

  #ids = (): Uint32Array<ArrayBuffer> => joinedIds(this.#work.prompt, this.#work.running.ids);

  /** The turn's part of the log. */
  #own = (): Uint32Array<ArrayBuffer> =>
    joinedIds(this.#work.accepted.lasting ?? this.#work.prompt, this.#work.running.ids);

  /**
   * A checkpoint is exact, because the attempt that wrote it goes on with its floats and does not read it. The state at
   * a turn's end is rounded, because whatever comes next goes on from what was written.
   * Fails with `state_unreadable` when a number in it is not finite: such a state must never be kept.
   */
  async #state<T>(precision: Precision, sampler: SamplerState, use: (state: StateBytes<Joined>) => T): Promise<T> {
    const { accepted, epoch, running, served, store, restored } = this.#work;
    const { sequence } = restored;
    const { position } = sequence;
    const prompt = accepted.settling ? accepted.lasting! : this.#work.prompt;
    const logged = accepted.start + prompt.length + running.ids.length;
    check(position <= logged, "bug", () => `${position} tokens fed, ${logged} logged`);
    // While tokens are computed again, those after this one are known too.
    const fed = position - accepted.start - prompt.length;
    const pending = fed < 0 ? [] : running.ids.slice(fed, fed + 1);
    const rest = { fingerprint: served.fingerprint, pending, sampler };
    const { stretches = [] } = restored;
    const { pieceBytes } = store!.pieces;
    const put = (stretch: NewStretch): StoredStretch =>
      this.#tryOften(() => store!.writeAhead(accepted.id, epoch, stretch));
    return useSequenceInParts(sequence, rest, precision, stretches, pieceBytes, put, (parts) =>
      use({ position, ...parts }),
    );
  }
}

const wholeOf = ({ bytes, ...rest }: StateBytes<Joined>) => ({ ...rest, bytes: bytes.whole() });

const bytesIn = ({ bytes, stretches = [] }: StateBytes): number =>
  stretches.reduce((sum, stretch) => sum + stretch.bytes, bytes.length);

/** Of what was written. */
function free({ bytes, stretches = [] }: StateBytes<Uint8Array<ArrayBuffer>>): void {
  freeBytes(bytes);
  for (const stretch of stretches) if ("data" in stretch) freeBytes(stretch.data);
}
