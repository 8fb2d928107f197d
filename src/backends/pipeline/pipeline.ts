/**
 * Pipeline: a model larger than one isolate, as a backend like the others.
 *
 * Where the stages are is none of its business: in this program (local.ts) or in Durable Objects
 * (durable-objects/model/stage-client.ts).
 */
import type { Backend, Saved, Sequence } from "../backend.ts";
import { bytesOf, checkState, type StateShape } from "../check-state.ts";
import { EpochCounter } from "./epoch-counter.ts";
import { PipelineSequence } from "./sequence.ts";
import type { StageLink } from "./stage.ts";

interface PipelineParts {
  vocab: number;
  contextLength: number;
  sliceTokens: number;
  /** Of each stage: names, types and shapes of a state of so many tokens. */
  shapes: readonly ((position: number) => readonly StateShape[])[];
  /** The stages of one conversation, fresh handles each time. */
  stagesOf(owner: string): StageLink[];
  /** The stages store states, and saving gives references; else saving gives the tensors. */
  keepsStates: boolean;
  memoryBytes?(): number;
}

export class Pipeline implements Backend {
  readonly #parts: PipelineParts;
  readonly #counters = new Map<string, EpochCounter>();

  constructor(parts: PipelineParts) {
    this.#parts = parts;
  }

  get vocab(): number {
    return this.#parts.vocab;
  }

  get contextLength(): number {
    return this.#parts.contextLength;
  }

  get sliceTokens(): number {
    return this.#parts.sliceTokens;
  }

  /** Of this isolate; stages elsewhere count their own. */
  get memoryBytes(): number {
    return this.#parts.memoryBytes?.() ?? 0;
  }

  get stageCount(): number {
    return this.#parts.shapes.length;
  }

  get keepsStates(): boolean {
    return this.#parts.keepsStates;
  }

  stateBytes(position: number): number {
    return this.#parts.shapes.flatMap((at) => at(position)).reduce((n, shape) => n + bytesOf(shape), 0);
  }

  async open(saved?: Saved, owner: string = crypto.randomUUID()): Promise<Sequence> {
    const isReference = saved?.tensors.some(({ name }) => name.startsWith("stage."));
    if (saved && !isReference) checkState(saved, (position) => this.#parts.shapes.flatMap((at) => at(position)));
    return new PipelineSequence(this, this.#epochs(owner), saved).begin();
  }

  stagesOf(owner: string): StageLink[] {
    return this.#parts.stagesOf(owner);
  }

  /** What stage `k` takes of a state that is there as tensors. */
  ownPart(k: number, saved: Saved | undefined): Saved | undefined {
    if (!saved) return undefined;
    const names = new Set(this.#parts.shapes[k]!(saved.position).map(({ name }) => name));
    return { position: saved.position, tensors: saved.tensors.filter(({ name }) => names.has(name)) };
  }

  #epochs(owner: string): EpochCounter {
    const epochs = this.#counters.get(owner) ?? new EpochCounter(owner, () => this.#counters.delete(owner));
    this.#counters.set(owner, epochs);
    return epochs.enter();
  }
}
