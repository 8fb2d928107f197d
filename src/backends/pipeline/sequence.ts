/**
 * PipelineSequence: one conversation across all stages, driven from one place.
 *
 * One epoch number stands for the states of all stages. Saving stores the next epoch at every stage and gives
 * references to it; it counts when the caller has kept these references. When a stage is lost, all of them go back to
 * the last epoch and the slices since are passed again, cut as they were: so every stage is at the same position and
 * every bit is as it would have been.
 */
import { check, Failure } from "../../core/failure.ts";
import type { Saved, Sequence, StateTensor, Want } from "../backend.ts";
import { checkIds } from "../wasm/pass.ts";
import type { EpochCounter } from "./epoch-counter.ts";
import { Flow } from "./flow.ts";
import { isLoss, lost } from "./loss.ts";
import { type Reference, referencesOf, tensorsOf } from "./references.ts";
import type { StageLink } from "./stage.ts";

/** Tries of one call; each begins with all stages at the same epoch. */
const ATTEMPTS = 4;

/** What a sequence needs of its pipeline. */
interface SequenceHost {
  readonly vocab: number;
  readonly sliceTokens: number;
  readonly stageCount: number;
  readonly keepsStates: boolean;
  stateBytes(position: number): number;
  stagesOf(owner: string): StageLink[];
  ownPart(k: number, saved: Saved | undefined): Saved | undefined;
}

export class PipelineSequence implements Sequence {
  readonly #pipeline: SequenceHost;
  readonly #epochs: EpochCounter;
  #from: { saved: Saved; references: Reference | undefined } | undefined;
  /** Slices since `#from`, where states are kept at the stages. */
  #fed: Uint32Array[] = [];
  #position: number;
  #stages: readonly StageLink[] = [];
  #lease = "";
  #flow: Flow | undefined;
  #open = true;

  /** Call `begin` before anything else. */
  constructor(pipeline: SequenceHost, epochs: EpochCounter, saved?: Saved) {
    this.#pipeline = pipeline;
    this.#epochs = epochs;
    this.#position = saved?.position ?? 0;
    this.#from = saved && { saved, references: referencesOf(saved, pipeline.stageCount) };
  }

  /** Opens all stages. Fails as `Backend.open` does. */
  async begin(): Promise<this> {
    try {
      const { references } = this.#from ?? {};
      const message = () => "state: kept by the stages of another conversation";
      check(references === undefined || references.owner === this.#epochs.owner, "state_unreadable", message);
      return await this.#insist(0, async () => this);
    } catch (thrown) {
      this.release();
      throw thrown;
    }
  }

  get position(): number {
    return this.#position;
  }

  get bytes(): number {
    return this.#open ? this.#pipeline.stateBytes(this.#position) : 0;
  }

  get bytesElsewhere(): number {
    return this.#from?.references?.stored.reduce((n, { bytes }) => n + bytes, 0) ?? 0;
  }

  async forward(ids: Uint32Array, want: Want): Promise<Float32Array> {
    const { sliceTokens: L, vocab } = this.#pipeline;
    const S = this.#position;
    check(this.#open, "bug", () => "forward on a released sequence");
    check(ids.length >= 1 && ids.length <= L, "bug", () => `forward takes 1…${L} ids, got ${ids.length}`);
    checkIds(ids, vocab);
    const slice = ids.slice();
    const before = this.#fed.length;
    this.#position = S + ids.length;
    if (this.#pipeline.keepsStates) this.#fed.push(slice);
    try {
      return await this.#insist(before, (flow) => flow.send(slice, S, want));
    } catch (thrown) {
      this.#position = S;
      this.#fed.length = before;
      throw thrown;
    }
  }

  async save(): Promise<StateTensor[]> {
    check(this.#open, "bug", () => "save on a released sequence");
    const S = this.#position;
    return this.#insist(this.#fed.length, async (flow) => {
      await flow.drained();
      if (!this.#pipeline.keepsStates)
        return (await Promise.all(this.#stages.map((stage) => stage.save(this.#lease, S)))).flat();
      const epoch = this.#epochs.next();
      const stored = await Promise.all(this.#stages.map((stage) => stage.store(this.#lease, S, epoch)));
      const references = { owner: this.#epochs.owner, stored };
      const tensors = tensorsOf(references);
      this.#from = { saved: { position: S, tensors }, references };
      this.#fed = [];
      return tensors;
    });
  }

  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#epochs.leave();
    this.#abandon();
  }

  /**
   * Does `work` with all stages at the position of `#from` and the first `replay` slices, and again
   * from there when a stage is lost.
   */
  async #insist<R>(replay: number, work: (flow: Flow) => Promise<R>): Promise<R> {
    for (let tries = 1; ; tries++) {
      try {
        this.#flow ??= await this.#reopened(replay);
        const result = await work(this.#flow);
        check(this.#open, "bug", () => "released in the middle of a call");
        return result;
      } catch (thrown) {
        await this.#flow?.settled();
        this.#abandon();
        if (!isLoss(thrown)) throw Failure.from(thrown);
        if (!this.#pipeline.keepsStates || !this.#open || tries >= ATTEMPTS) throw lost(thrown);
      }
    }
  }

  async #reopened(replay: number): Promise<Flow> {
    const begun = this.#lease !== "";
    const failed = () => "this sequence has failed, and what it held is kept nowhere";
    check(this.#pipeline.keepsStates || !begun, "stage_lost", failed);
    const { references, saved } = this.#from ?? {};
    this.#stages = this.#pipeline.stagesOf(this.#epochs.owner);
    this.#lease = crypto.randomUUID();
    for (const stage of this.#stages) stage.warm?.().catch(() => {});
    // One after another: two conversations that wait for each other's places would wait for ever.
    for (const [k, stage] of this.#stages.entries()) {
      const { newest } = await stage.open(this.#lease, references?.stored[k] ?? this.#pipeline.ownPart(k, saved));
      this.#epochs.saw(newest);
    }
    const flow = new Flow(this.#stages, this.#lease);
    let S = saved?.position ?? 0;
    for (const slice of this.#fed.slice(0, replay)) {
      await flow.send(slice, S, "none");
      S += slice.length;
    }
    return flow;
  }

  /** Lets the stages forget the lease; those that are gone have. */
  #abandon(): void {
    for (const stage of this.#stages) stage.release(this.#lease).catch(() => {});
    this.#stages = [];
    this.#flow = undefined;
  }
}
