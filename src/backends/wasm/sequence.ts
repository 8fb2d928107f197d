/** WasmSequence: one live conversation in the engine's memory. */

import { check } from "../../core/failure.ts";
import { padTo, product } from "../../core/sizes.ts";
import type { Run } from "../../layers/layer.ts";
import type { CachePolicy } from "../../weights/manifest.ts";
import type { Rows, Saved, Sequence, StateTensor, Want } from "../backend.ts";
import { checkState, type StateShape } from "../check-state.ts";
import { Cache } from "./cache.ts";
import { cacheLayout } from "./cache-layout.ts";
import type { Guesses } from "./guesses.ts";
import type { Heap } from "./heap.ts";
import { checkIds, type PassEngine, pass, step } from "./pass.ts";

/** What a conversation needs of its engine. */
interface SequenceHost extends PassEngine {
  readonly cache: CachePolicy;
  readonly heap: Heap;
  readonly guesses: Guesses;
  /** Open conversations. */
  sequences: number;
  describe(position: number): StateShape[];
}

/** A tensor of the state that keeps its size, and where it lies. */
interface Fixed {
  name: string;
  shape: number[];
  offset: number;
  rounds?: true;
}

const NONE = new Uint32Array(0);

export class WasmSequence implements Sequence {
  readonly #engine: SequenceHost;
  readonly #caches: Cache[];
  readonly #fixed: Fixed[] = [];
  readonly #fixedBytes: number;
  readonly #fixedAt: number;
  /**
   * Tensors that lie in memory as halves, since a save was given views of those. They are floats again before
   * anything else is done with them.
   */
  #halves: Fixed[] = [];
  #position = 0;
  #open = true;

  constructor(engine: SequenceHost, saved?: Saved) {
    this.#engine = engine;
    let bytes = 0;
    for (const spec of engine.model.state) {
      if (spec.kind !== "fixed") continue;
      const { kind: _, ...fixed } = spec;
      this.#fixed.push({ ...fixed, offset: bytes });
      bytes += padTo(4 * product(spec.shape), 64);
    }
    this.#fixedBytes = bytes;
    this.#caches = engine.model.state
      .filter((spec) => spec.kind === "cache")
      .map((spec) => new Cache(engine.heap, engine.memory, cacheLayout(engine.cache, spec), spec));
    if (saved) checkState(saved, (position) => engine.describe(position));
    engine.guesses.settle();
    this.#fixedAt = engine.heap.take(bytes);
    if (saved) this.#load(saved);
  }

  get position(): number {
    return this.#position;
  }

  of(engine: SequenceHost): boolean {
    return this.#engine === engine;
  }

  get bytes(): number {
    return this.#fixedBytes + this.#caches.reduce((n, cache) => n + cache.bytes, 0);
  }

  forward(ids: Uint32Array, want: Want): Float32Array {
    return this.pass(ids, want) as Float32Array;
  }

  /**
   * One stage's share of a forward call: ids or the rows of the stage before go in; rows for the next stage
   * come out, or at last the logits.
   */
  pass(input: Uint32Array | Rows, want: Want): Rows | Float32Array {
    return pass(this.#engine, [{ sequence: this, input, want }])[0]!;
  }

  guess(ids: Uint32Array): Float32Array | undefined {
    const { guesses } = this.#engine;
    if (this.lost.length > 0) return undefined; // they and the guess together cost more than it saves
    this.ready(ids);
    guesses.settle();
    const S = this.#position;
    const fixed = guesses.copy(this.#fixedAt, this.#fixedBytes);
    const before = this.#slots(S, ids.length).map((slot) => slot.map((bytes) => bytes.slice()));
    guesses.begin({ sequence: this, S, ids, fixed, before });
    const [logits] = step(this.#engine, [{ sequence: this, input: ids, want: "all", oneByOne: true }]);
    this.#position = S + 1;
    return logits as Float32Array;
  }

  accept(): boolean {
    const { open } = this.#engine.guesses;
    if (open?.sequence !== this || this.#position >= open.S + open.ids.length) return false;
    this.#position++;
    return true;
  }

  get guessing(): boolean {
    return this.#engine.guesses.open?.sequence === this;
  }

  /** Ids that are right, but whose fixed state goes when the wrong ones of the open guess are taken back. */
  get lost(): Uint32Array {
    const { open } = this.#engine.guesses;
    const kept = open?.sequence === this ? this.#position - open.S : 0;
    return this.#fixedBytes === 0 || kept === open?.ids.length ? NONE : (open?.ids.subarray(0, kept) ?? NONE);
  }

  /**
   * Takes back what was not accepted; the fixed state is then that before the ids returned, which must be fed again.
   */
  rewind(): Uint32Array {
    const { guesses } = this.#engine;
    const { open } = guesses;
    if (open?.sequence !== this) return NONE;
    const { S, ids, before } = open;
    const lost = this.lost;
    this.#slots(S, ids.length).forEach((slot, t) => {
      if (S + t < this.#position) return;
      slot.forEach((bytes, i) => {
        bytes.set(before[t]![i]!);
      });
    });
    if (lost.length > 0) guesses.putBack(this.#fixedAt);
    guesses.close();
    return lost;
  }

  /** The state holds what was accepted of a guess and nothing else, byte by byte. */
  settle(): void {
    const input = this.rewind();
    this.#position -= input.length;
    if (input.length > 0) step(this.#engine, [{ sequence: this, input, want: "none", oneByOne: true }]);
  }

  /** Fails where a step with these ids would. */
  ready(ids: Uint32Array): void {
    const { L } = this.#engine;
    check(ids.length >= 1 && ids.length <= L, "bug", () => `forward takes 1…${L} ids, got ${ids.length}`);
    checkIds(ids, this.#engine.model.V);
    this.reserve(0, ids.length);
  }

  /** The slots of T positions in all caches. */
  #slots(S: number, T: number): Uint8Array[][] {
    return Array.from({ length: T }, (_, t) => this.#caches.flatMap((cache) => cache.slot(S + t)));
  }

  /**
   * Makes room for T tokens and says where the state lies, for a step whose rows for it begin at `at`; the
   * first `again` are held already.
   */
  reserve(at: number, T: number, again = 0): Run {
    check(this.#open, "bug", () => "forward on a released sequence");
    this.#widen();
    for (const cache of this.#caches) cache.reserve(this.#position - again + T);
    return {
      at,
      T,
      S: this.#position - again,
      fixed: (index) => this.#fixedAt + this.#fixed[index]!.offset,
      cache: (index) => this.#caches[index]!.address,
    };
  }

  /** The state now holds T more tokens. */
  advance(T: number): void {
    this.#position += T;
  }

  save(as?: "view" | "rounded"): StateTensor[] {
    check(this.#open, "bug", () => "save on a released sequence");
    const { guesses, memory } = this.#engine;
    guesses.settle();
    this.#widen();
    if (as === "rounded") this.#round();
    const fixed = this.#fixed.map((tensor): StateTensor => {
      const { offset, ...spec } = tensor;
      const stored = this.#halves.includes(tensor);
      const bytes = (stored ? 2 : 4) * product(spec.shape);
      const data = new Uint8Array(memory.buffer, this.#fixedAt + offset, bytes);
      return { ...spec, dtype: "f32", ...(stored ? { stored: "f16" } : {}), data };
    });
    const views = [...fixed, ...this.#caches.flatMap((cache) => cache.view(this.#position))];
    return as ? views : views.map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
  }

  round(): void {
    this.settle();
    this.#widen();
    this.#round();
    this.#widen();
  }

  /**
   * Makes halves of what may be rounded, in the place of its floats; a tensor with a number that has
   * no finite half stays as it is.
   */
  #round(): void {
    const { kernels } = this.#engine;
    this.#halves = this.#fixed.filter(({ shape, offset, rounds }) => {
      const at = this.#fixedAt + offset;
      return rounds && kernels.toHalves(at, at, product(shape)) !== 0;
    });
  }

  /** Makes floats of halves that lie in their place. */
  #widen(): void {
    const { memory } = this.#engine;
    for (const { shape, offset } of this.#halves) {
      const [at, n] = [this.#fixedAt + offset, product(shape)];
      this.#floats(new Uint8Array(memory.buffer, at, 2 * n), at, n);
    }
    this.#halves = [];
  }

  /** Floats at `at`, of halves that are brought to the second half of their room. */
  #floats(halves: Uint8Array, at: number, n: number): void {
    const { kernels, memory } = this.#engine;
    new Uint8Array(memory.buffer).set(halves, at + 2 * n);
    kernels.fromHalves(at, at + 2 * n, n);
  }

  release(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#engine.guesses.forget(this);
    this.#engine.heap.give(this.#fixedAt, this.#fixedBytes);
    for (const cache of this.#caches) cache.release();
    this.#engine.sequences--;
  }

  #load(saved: Saved): void {
    try {
      for (const cache of this.#caches) cache.reserve(saved.position);
      this.#write(saved);
    } catch (thrown) {
      this.#engine.sequences++;
      this.release();
      throw thrown;
    }
  }

  #write({ position, tensors, fill }: Saved): void {
    const { memory } = this.#engine;
    const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape, offset } of this.#fixed) {
      const { data, stored } = byName.get(name)!;
      const at = this.#fixedAt + offset;
      if (stored) this.#floats(data, at, product(shape));
      else new Uint8Array(memory.buffer).set(data, at);
    }
    const rooms = this.#caches.flatMap((cache) => cache.view(position));
    if (fill) fill(new Map(rooms.map(({ name, data }) => [name, data])));
    else for (const { name, data } of rooms) data.set(byName.get(name)!.data);
    this.#position = position;
  }
}
