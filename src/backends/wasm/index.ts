/** Opens a pack on the WebAssembly kernels: one memory, weights streamed to their final place, then the plan. */
import { padTo } from "../../core/sizes.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { instantiateKernels } from "../../kernels/wasm.ts";
import type { Model } from "../../models/architecture.ts";
import type { Manifest } from "../../weights/manifest.ts";
import { Engine } from "./engine.ts";

import { type Placed, plan } from "./plan.ts";

/** Kernels keep their own data below this address. */
export const WEIGHTS_AT = 65_536;
const PAGE = 65_536;
/** Tokens of one forward call: a multiple of the tiles of six and of four, short enough to yield often. */
export const SLICE_TOKENS = 36;
const ADDRESSABLE = 2 ** 32 - PAGE;

export interface EngineOptions {
  /** Bound of the whole WebAssembly memory. */
  maxBytes?: number;
  sliceTokens?: number;
  /** Stands in for the WebAssembly kernels (tests run the definitions). */
  kernels?: (memory: WebAssembly.Memory) => Kernels;
}

export class EngineMemory {
  readonly memory: WebAssembly.Memory;
  readonly #manifest: Manifest;
  readonly #options: EngineOptions;

  constructor(manifest: Manifest, options: EngineOptions = {}) {
    this.#manifest = manifest;
    this.#options = options;
    const payload = manifest.shards.reduce((n, shard) => n + shard.bytes, 0);
    const maximum = Math.floor(Math.min(options.maxBytes ?? ADDRESSABLE, ADDRESSABLE) / PAGE);
    const initial = padTo(WEIGHTS_AT + payload, PAGE) / PAGE;
    this.memory = new WebAssembly.Memory({ initial, maximum: Math.max(initial, maximum) });
  }

  /** Call when the shards lie at WEIGHTS_AT. */
  start(model: Model, kernelModule: WebAssembly.Module): Engine {
    const manifest = this.#manifest;
    const options = this.#options;
    const kernels = options.kernels?.(this.memory) ?? instantiateKernels(kernelModule, this.memory);
    const starts: number[] = [];
    let end = WEIGHTS_AT;
    for (const shard of manifest.shards) {
      starts.push(end);
      end += shard.bytes;
    }
    const tensors = new Map<string, Placed>(
      manifest.tensors.map((entry) => [entry.name, { entry, address: starts[entry.shard]! + entry.offset }]),
    );
    const { cache } = manifest;
    const sliceTokens = options.sliceTokens ?? SLICE_TOKENS;
    const planned = plan(model, tensors, kernels, end, sliceTokens, cache);
    const short = planned.end - this.memory.buffer.byteLength;
    if (short > 0) this.memory.grow(padTo(short, PAGE) / PAGE);
    planned.fill(this.memory);
    const maxBytes = Math.min(options.maxBytes ?? ADDRESSABLE, ADDRESSABLE);
    return new Engine({ model, memory: this.memory, kernels, plan: planned, cache, sliceTokens, maxBytes });
  }
}
