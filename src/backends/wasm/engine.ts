/** Engine: one model in one WebAssembly memory, shared by every conversation of the isolate. */
import { product } from "../../core/sizes.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import type { CacheLayout } from "../../layers/layer.ts";
import type { Model } from "../../models/define.ts";
import type { Backend, Sequence, StateTensor } from "../backend.ts";
import { Cache, slotParts, slotsMax } from "./cache.ts";
import { Heap } from "./heap.ts";
import type { Plan } from "./plan.ts";
import { WasmSequence } from "./sequence.ts";

export class Engine implements Backend {
  readonly model: Model;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  readonly plan: Plan;
  readonly layout: CacheLayout;
  readonly heap: Heap;
  readonly L: number;
  readonly contextLength: number;
  sequences = 0;

  constructor(parts: {
    model: Model;
    memory: WebAssembly.Memory;
    kernels: Kernels;
    plan: Plan;
    layout: CacheLayout;
    sliceTokens: number;
    maxBytes: number;
  }) {
    this.model = parts.model;
    this.memory = parts.memory;
    this.kernels = parts.kernels;
    this.plan = parts.plan;
    this.layout = parts.layout;
    this.L = parts.sliceTokens;
    this.heap = new Heap(parts.memory, parts.plan.end, parts.maxBytes);
    // A bounded cache never runs out of positions; a full one is held to what the checkpoint was made for.
    const bounded = slotsMax(parts.layout) < 2 ** 30;
    this.contextLength = bounded ? 2 ** 31 - 1 : parts.model.contextLength;
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

  open(saved?: { position: number; tensors: StateTensor[] }): Sequence {
    const sequence = new WasmSequence(this, saved);
    this.sequences++;
    return sequence;
  }

  stateBytes(position: number): number {
    return this.describe(position).reduce((n, { dtype, shape }) => n + product(shape) * (dtype === "f32" ? 4 : 1), 0);
  }

  /** Names, types and shapes of a state of `position` tokens. */
  describe(position: number): Omit<StateTensor, "data">[] {
    const fixed = this.model.state.flatMap((spec) =>
      spec.kind === "fixed" ? [{ name: spec.name, dtype: "f32" as const, shape: spec.shape }] : [],
    );
    const caches = this.model.state.flatMap((spec) =>
      spec.kind === "cache" ? new Cache(this.heap, this.memory, this.layout, spec).describe(position) : [],
    );
    return [...fixed, ...caches];
  }

  /** Bytes that one more token adds to a cache that still grows. */
  get bytesPerToken(): number {
    return this.model.state.reduce((n, spec) => {
      if (spec.kind !== "cache") return n;
      return n + Object.values(slotParts(this.layout, spec.heads, spec.width)).reduce((a, b) => a + b, 0);
    }, 0);
  }
}
