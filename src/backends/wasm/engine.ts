/** Engine: one model in one WebAssembly memory, shared by every conversation of the isolate. */
import { check } from "../../core/failure.ts";
import { pad8 } from "../../core/sizes.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { Model } from "../../models/architecture.ts";
import type { CachePolicy } from "../../weights/manifest.ts";
import type { Backend, Saved, SharedStep } from "../backend.ts";
import { bytesOf, type StateShape } from "../check-state.ts";
import { contextOf, describeState } from "./describe.ts";
import { Guesses } from "./guesses.ts";
import { Heap } from "./heap.ts";
import { pass } from "./pass.ts";
import type { Plan } from "./plan.ts";
import { WasmSequence } from "./sequence.ts";

const SIGXCPU = 24;
/** Arrays for logits that wait for their next use: as many as one pass has rows at most, and some. */
const SPARE_LOGITS = 16;

export class Engine implements Backend {
  readonly model: Model;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels & { __instance_signal?: WebAssembly.Global };
  readonly plan: Plan;
  readonly cache: CachePolicy;
  readonly heap: Heap;
  readonly L: number;
  readonly contextLength: number;
  readonly copiesSaved = true;
  readonly goesOnAsSaved = true;
  sequences = 0;
  readonly guesses: Guesses;
  readonly #spareLogits: Float32Array[] = [];

  constructor(parts: {
    model: Model;
    memory: WebAssembly.Memory;
    kernels: Kernels;
    plan: Plan;
    cache: CachePolicy;
    sliceTokens: number;
    maxBytes: number;
  }) {
    this.model = parts.model;
    this.memory = parts.memory;
    this.kernels = parts.kernels;
    this.plan = parts.plan;
    this.cache = parts.cache;
    this.L = parts.sliceTokens;
    this.heap = new Heap(parts.memory, parts.plan.end, parts.maxBytes);
    this.guesses = new Guesses(this.heap, parts.memory);
    this.contextLength = contextOf(parts.model, parts.cache);
  }

  get vocab(): number {
    return this.model.V;
  }

  get sliceTokens(): number {
    return this.L;
  }

  get memoryBytes(): number {
    return this.memory.buffer.byteLength;
  }

  boundGuesses(bytes: number): void {
    this.guesses.maxBytes = bytes;
  }

  open(saved?: Saved): WasmSequence {
    const sequence = new WasmSequence(this, saved);
    this.sequences++;
    return sequence;
  }

  whenFull(free: () => boolean): void {
    this.heap.whenFull(free);
  }

  forwardMany(turns: readonly SharedStep[]): Float32Array[] {
    const ours = turns.map(({ sequence, ids, want }) => {
      check(sequence instanceof WasmSequence && sequence.of(this), "bug", () => "a sequence of another engine");
      return { sequence, input: ids, want };
    });
    check(
      new Set(ours.map(({ sequence }) => sequence)).size === ours.length,
      "bug",
      () => "one sequence, twice in a step",
    );
    return pass(this, ours) as Float32Array[];
  }

  recycle(logits: Float32Array): void {
    const isWhole = logits.length === this.vocab && logits.byteLength === logits.buffer.byteLength;
    if (isWhole && this.#spareLogits.length < SPARE_LOGITS && !this.#spareLogits.includes(logits))
      this.#spareLogits.push(logits);
  }

  /** Logits of a pass lie there until they are copied. */
  lend(bytes: number): { buffer: ArrayBufferLike; at: number } | undefined {
    const { exit } = this.plan;
    const has = exit ? 4 * exit.rows * pad8(this.vocab) : 0;
    return exit && has >= bytes ? { buffer: this.memory.buffer, at: exit.logits } : undefined;
  }

  /** Room for the logits of so many rows; what stands in it is to be written over. */
  logitsFor(rows: number): Float32Array {
    return (rows === 1 && this.#spareLogits.pop()) || new Float32Array(rows * this.vocab);
  }

  stateBytes(position: number): number {
    return this.describe(position).reduce((n, shape) => n + bytesOf(shape), 0);
  }

  /** The platform writes 24 (SIGXCPU) at `__instance_signal`; the module exports the address. */
  cpuSignal(): boolean {
    const address = this.kernels.__instance_signal?.value;
    if (address === undefined) return false;
    const word = new Uint32Array(this.memory.buffer, address, 1);
    const raised = word[0] === SIGXCPU;
    if (raised) word[0] = 0;
    return raised;
  }

  /** Names, types and shapes of a state of `position` tokens. */
  describe(position: number): StateShape[] {
    return describeState(this.model, this.cache, position);
  }
}
