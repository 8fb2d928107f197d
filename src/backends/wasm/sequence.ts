/**
 * WasmSequence: one live conversation in the engine's memory, and the forward pass over its new tokens.
 *
 * x ← embedding; for each block x ← x + layer(norm(x)); logits = head · norm(x). Layers of one block read the same normed stream.
 */

import { check } from "../../core/failure.ts";
import { pad8, padTo, product } from "../../core/sizes.ts";
import type { Step } from "../../layers/layer.ts";
import type { Rows, Saved, Sequence, StateTensor, Want } from "../backend.ts";
import { checkState } from "../check-state.ts";
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

  constructor(engine: Engine, saved?: Saved) {
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
    if (saved) checkState(saved, (position) => engine.describe(position));
    this.#fixedAt = engine.heap.take(bytes);
    if (saved) this.#load(saved);
  }

  get position(): number {
    return this.#position;
  }

  get bytes(): number {
    return this.#fixedBytes + this.#caches.reduce((n, cache) => n + cache.bytes, 0);
  }

  forward(ids: Uint32Array, want: Want): Float32Array {
    return this.pass(ids, want) as Float32Array;
  }

  /** One stage's share of a forward call: ids or the rows of the stage before go in; rows for the next stage come out, or at last the logits. */
  pass(input: Uint32Array | Rows, want: Want): Rows | Float32Array {
    check(this.#open, "bug", () => "forward on a released sequence");
    const { model, L } = this.#engine;
    const T = "stream" in input ? input.stream.length / model.D : input.length;
    check(T >= 1 && T <= L, "bug", () => `forward takes 1…${L} ids, got ${T}`);
    if (!("stream" in input)) checkIds(input, model.V);
    for (const cache of this.#caches) cache.reserve(this.#position + T);
    this.#enter(input, T);
    this.#blocks(T);
    this.#position += T;
    if (!model.exit) return this.#rows(T);
    return want === "none" ? new Float32Array(0) : this.#logits(T, want);
  }

  #enter(input: Uint32Array | Rows, T: number): void {
    const { plan, model, kernels, memory } = this.#engine;
    const { D, scale, entry } = model;
    check("stream" in input !== entry, "bug", () => `a ${entry ? "first" : "later"} stage got what it does not read`);
    if ("stream" in input) {
      new Float32Array(memory.buffer, plan.stream, T * D).set(input.stream);
      if (plan.embedded === undefined) return;
      check(input.embedded?.length === T * D, "bug", () => "the rows come without the embedding");
      new Float32Array(memory.buffer, plan.embedded, T * D).set(input.embedded!);
      return;
    }
    new Uint32Array(memory.buffer, plan.ids, T).set(input);
    plan.embed!(plan.stream, T);
    if (scale?.embedding) kernels.scale(plan.stream, T * D, scale.embedding);
    if (plan.embedded !== undefined)
      new Uint8Array(memory.buffer).copyWithin(plan.embedded, plan.stream, plan.stream + 4 * T * D);
  }

  #blocks(T: number): void {
    const { plan, model, kernels } = this.#engine;
    const { D, epsilon, scale } = model;
    const step = this.#step(T);
    for (const { norm, forwards } of plan.blocks) {
      if (norm !== undefined) kernels.rmsNorm(plan.normed, plan.stream, norm, T, D, epsilon);
      for (const forward of forwards) {
        forward(step, norm === undefined ? plan.stream : plan.normed, plan.mixed);
        if (scale?.residual) kernels.scale(plan.mixed, T * pad8(D), scale.residual);
        this.#addToStream(T);
      }
    }
  }

  #rows(T: number): Rows {
    const { plan, model, memory } = this.#engine;
    const copy = (at: number) => new Float32Array(memory.buffer, at, T * model.D).slice();
    return { stream: copy(plan.stream), ...(plan.embedded === undefined ? {} : { embedded: copy(plan.embedded) }) };
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
    const { norm, head, logits, rows: most } = plan.exit!;
    const first = want === "all" ? 0 : T - 1;
    const out = new Float32Array((T - first) * V);
    for (let t = first; t < T; t += most) {
      const rows = Math.min(most, T - t);
      kernels.rmsNorm(plan.normed, plan.stream + 4 * t * D, norm, rows, D, model.epsilon);
      head.apply(logits, plan.normed, D, rows);
      if (model.scale?.logits) kernels.scale(logits, rows * pad8(V), model.scale.logits);
      for (let row = 0; row < rows; row++) {
        out.set(new Float32Array(memory.buffer, logits + 4 * row * pad8(V), V), (t - first + row) * V);
      }
    }
    return out;
  }

  #load({ position, tensors }: Saved): void {
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

/** Fails with `request_invalid`. */
export function checkIds(ids: Uint32Array, V: number): void {
  const unknown = ids.find((id) => id >= V);
  const message = () => `token id ${unknown} is outside the vocabulary of ${V}`;
  check(unknown === undefined, "request_invalid", message, "tokens");
}
