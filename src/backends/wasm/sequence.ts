/** WasmSequence: one live conversation in the engine's memory. */

import { check } from "../../core/failure.ts";
import { padTo, product } from "../../core/sizes.ts";
import type { Run } from "../../layers/layer.ts";
import type { Rows, Saved, Sequence, StateTensor, Want } from "../backend.ts";
import { checkState } from "../check-state.ts";
import { Cache } from "./cache.ts";
import type { Engine } from "./engine.ts";
import { pass } from "./pass.ts";

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

  of(engine: Engine): boolean {
    return this.#engine === engine;
  }

  get bytes(): number {
    return this.#fixedBytes + this.#caches.reduce((n, cache) => n + cache.bytes, 0);
  }

  forward(ids: Uint32Array, want: Want): Float32Array {
    return this.pass(ids, want) as Float32Array;
  }

  /** One stage's share of a forward call: ids or the rows of the stage before go in; rows for the next stage come out, or at last the logits. */
  pass(input: Uint32Array | Rows, want: Want): Rows | Float32Array {
    return pass(this.#engine, [{ sequence: this, input, want }])[0]!;
  }

  guess(ids: Uint32Array): Float32Array {
    const { guesses, memory } = this.#engine;
    guesses.settle();
    this.reserve(0, ids.length);
    const S = this.#position;
    const fixed = new Uint8Array(memory.buffer, this.#fixedAt, this.#fixedBytes);
    const before = guesses.note(fixed, this.#slots(S, ids.length));
    const logits = pass(this.#engine, [{ sequence: this, input: ids, want: "all", oneByOne: true }])[0] as Float32Array;
    this.#position = S + 1;
    guesses.open = { sequence: this, S, ids, before };
    return logits;
  }

  accept(): boolean {
    const { open } = this.#engine.guesses;
    if (open?.sequence !== this || this.#position >= open.S + open.ids.length) return false;
    this.#position++;
    return true;
  }

  /** The state holds what was accepted of a guess and nothing else, byte by byte. */
  settle(): void {
    const { guesses, memory } = this.#engine;
    const { open } = guesses;
    if (open?.sequence !== this) return;
    guesses.open = undefined;
    const { S, ids, before } = open;
    const kept = this.#position - S;
    if (kept === ids.length) return;
    this.#slots(S, ids.length).forEach((slot, t) => {
      if (t >= kept)
        slot.forEach((bytes, i) => {
          bytes.set(before[t]![i]!);
        });
    });
    if (this.#fixedBytes === 0) return;
    guesses.putBack(new Uint8Array(memory.buffer, this.#fixedAt, this.#fixedBytes));
    this.#position = S;
    pass(this.#engine, [{ sequence: this, input: ids.subarray(0, kept), want: "none", oneByOne: true }]);
  }

  /** The slots of T positions in all caches. */
  #slots(S: number, T: number): Uint8Array[][] {
    return Array.from({ length: T }, (_, t) => this.#caches.flatMap((cache) => cache.slot(S + t)));
  }

  /** Makes room for T tokens and says where the state lies, for a step whose rows for it begin at `at`. */
  reserve(at: number, T: number): Run {
    check(this.#open, "bug", () => "forward on a released sequence");
    for (const cache of this.#caches) cache.reserve(this.#position + T);
    return {
      at,
      T,
      S: this.#position,
      fixed: (index) => this.#fixedAt + this.#fixed[index]!.offset,
      cache: (index) => this.#caches[index]!.address,
    };
  }

  /** The state now holds T more tokens. */
  advance(T: number): void {
    this.#position += T;
  }

  save(view?: "view"): StateTensor[] {
    check(this.#open, "bug", () => "save on a released sequence");
    this.settle();
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
    this.#engine.guesses.forget(this);
    this.#engine.heap.give(this.#fixedAt, this.#fixedBytes);
    for (const cache of this.#caches) cache.release();
    this.#engine.sequences--;
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
