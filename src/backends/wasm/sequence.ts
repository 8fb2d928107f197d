/**
 * WasmSequence: one live conversation in the engine's memory, and the forward pass over its new tokens.
 *
 * x ← embedding; for each block x ← x + layer(norm(x)); logits = head · norm(x). Layers of one block read the same normed stream.
 */

import { check, Failure } from "../../core/failure.ts";
import { pad8, padTo, product } from "../../core/sizes.ts";
import type { Step } from "../../layers/layer.ts";
import type { Sequence, StateTensor } from "../backend.ts";
import { Cache } from "./cache.ts";
import type { Engine } from "./engine.ts";

export class WasmSequence implements Sequence {
  readonly #engine: Engine;
  readonly #caches: Cache[];
  readonly #fixed: { name: string; shape: number[]; offset: number }[] = [];
  readonly #fixedBytes: number;
  readonly #fixedAt: number;
  #position = 0;
  #open = true;

  constructor(engine: Engine, saved?: { position: number; tensors: StateTensor[] }) {
    this.#engine = engine;
    let bytes = 0;
    for (const spec of engine.model.state) {
      if (spec.kind !== "fixed") continue;
      this.#fixed.push({ name: spec.name, shape: spec.shape, offset: bytes });
      bytes += padTo(4 * product(spec.shape), 64);
    }
    this.#fixedBytes = bytes;
    this.#caches = engine.model.state
      .filter((spec) => spec.kind === "cache")
      .map((spec) => new Cache(engine.heap, engine.memory, engine.layout, spec));
    if (saved) this.#check(saved);
    this.#fixedAt = engine.heap.take(bytes);
    if (saved) this.#load(saved);
  }

  get position(): number {
    return this.#position;
  }

  get bytes(): number {
    return this.#fixedBytes + this.#caches.reduce((n, cache) => n + cache.bytes, 0);
  }

  forward(ids: Uint32Array, want: "all" | "last" | "none"): Float32Array {
    check(this.#open, "bug", () => "forward on a released sequence");
    const { plan, model, kernels, memory, L } = this.#engine;
    const T = ids.length;
    check(T >= 1 && T <= L, "bug", () => `forward takes 1…${L} ids, got ${T}`);
    const unknown = ids.find((id) => id >= model.V);
    check(
      unknown === undefined,
      "request_invalid",
      () => `token id ${unknown} is outside the vocabulary of ${model.V}`,
      "tokens",
    );
    for (const cache of this.#caches) cache.reserve(this.#position + T);
    const step = this.#step(T);
    new Uint32Array(memory.buffer, plan.ids, T).set(ids);

    const { D, epsilon, scale } = model;
    plan.embed(plan.stream, T);
    if (scale?.embedding) kernels.scale(plan.stream, T * D, scale.embedding);
    if (plan.embedded !== undefined)
      new Uint8Array(memory.buffer).copyWithin(plan.embedded, plan.stream, plan.stream + 4 * T * D);
    for (const { norm, forwards } of plan.blocks) {
      if (norm !== undefined) kernels.rmsNorm(plan.normed, plan.stream, norm, T, D, epsilon);
      for (const forward of forwards) {
        forward(step, norm === undefined ? plan.stream : plan.normed, plan.mixed);
        if (scale?.residual) kernels.scale(plan.mixed, T * pad8(D), scale.residual);
        this.#addToStream(T);
      }
    }
    this.#position += T;
    return want === "none" ? new Float32Array(0) : this.#logits(T, want);
  }

  save(view?: "view"): StateTensor[] {
    check(this.#open, "bug", () => "save on a released sequence");
    const { memory } = this.#engine;
    const fixed = this.#fixed.map(({ name, shape, offset }): StateTensor => {
      const at = this.#fixedAt + offset;
      return { name, dtype: "f32", shape, data: new Uint8Array(memory.buffer, at, 4 * product(shape)) };
    });
    const views = [...fixed, ...this.#caches.flatMap((cache) => cache.view(this.#position))];
    return view ? views : views.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
  }

  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#engine.heap.give(this.#fixedAt, this.#fixedBytes);
    for (const cache of this.#caches) cache.release();
    this.#engine.sequences--;
  }

  #step(T: number): Step {
    const S = this.#position;
    return {
      T,
      S,
      fixed: (index) => this.#fixedAt + this.#fixed[index]!.offset,
      cache: (index) => this.#caches[index]!.address,
    };
  }

  #addToStream(T: number): void {
    const { plan, model, kernels } = this.#engine;
    const stride = pad8(model.D);
    const [rows, width] = stride === model.D ? [1, T * model.D] : [T, model.D];
    for (let t = 0; t < rows; t++) kernels.add(plan.stream + 4 * t * width, plan.mixed + 4 * t * stride, width);
  }

  /** The head is a fifth of the work: it runs only for the rows that are asked for, a few at a time. */
  #logits(T: number, want: "all" | "last"): Float32Array {
    const { plan, model, kernels, memory } = this.#engine;
    const { D, V } = model;
    const first = want === "all" ? 0 : T - 1;
    const out = new Float32Array((T - first) * V);
    for (let t = first; t < T; t += plan.logitRows) {
      const rows = Math.min(plan.logitRows, T - t);
      kernels.rmsNorm(plan.normed, plan.stream + 4 * t * D, plan.finalNorm, rows, D, model.epsilon);
      plan.head.apply(plan.logits, plan.normed, D, rows);
      if (model.scale?.logits) kernels.scale(plan.logits, rows * pad8(V), model.scale.logits);
      for (let row = 0; row < rows; row++) {
        out.set(new Float32Array(memory.buffer, plan.logits + 4 * row * pad8(V), V), (t - first + row) * V);
      }
    }
    return out;
  }

  /** Names, types, shapes and lengths must be those of this model at that position, before any byte is used. */
  #check({ position, tensors }: { position: number; tensors: StateTensor[] }): void {
    const fail = (message: string): never => {
      throw new Failure("state_unreadable", `state: ${message}`);
    };
    if (!Number.isSafeInteger(position) || position < 0)
      fail(`position: expected a non-negative integer, got ${position}`);
    const expected = this.#engine.describe(position);
    const got = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    if (got.size !== tensors.length || got.size !== expected.length)
      fail(`expected ${expected.length} tensors, got ${tensors.length}`);
    for (const { name, dtype, shape } of expected) {
      const tensor = got.get(name) ?? fail(`${name} is missing`);
      if (tensor.dtype !== dtype) fail(`${name}: expected ${dtype}, got ${tensor.dtype}`);
      if (tensor.shape.join() !== shape.join()) fail(`${name}: expected shape [${shape}], got [${tensor.shape}]`);
      const bytes = product(shape) * (dtype === "f32" ? 4 : 1);
      if (tensor.data.byteLength !== bytes) fail(`${name}: expected ${bytes} bytes, got ${tensor.data.byteLength}`);
    }
  }

  #load({ position, tensors }: { position: number; tensors: StateTensor[] }): void {
    const { memory } = this.#engine;
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    try {
      for (const cache of this.#caches) cache.load(byName, position);
    } catch (full) {
      this.#engine.sequences++;
      this.release();
      throw full;
    }
    for (const { name, offset } of this.#fixed)
      new Uint8Array(memory.buffer).set(byName.get(name)!.data, this.#fixedAt + offset);
    this.#position = position;
  }
}
