/**
 * Cache: one attention layer's keys and values for one conversation, in the engine's memory.
 *
 * Slots 0…sinks−1 hold the first positions, the rest is a ring (see `attendF32`). It starts small and grows until the
 * ring has its full length; until then no position has wrapped, so growing is a copy of the front.
 */

import type { CacheAddress, CacheLayout, CacheSpec } from "../../layers/layer.ts";
import type { StateTensor } from "../backend.ts";
import type { StateShape } from "../check-state.ts";
import type { Heap } from "./heap.ts";

/** Extra ring slots, so that a slice of new tokens never overwrites a position that its first token still sees. */
const CACHE_SLACK = 64;

/**
 * A ring of so many slots at most has its full length from its second size on. What each size leaves behind
 * is a hole between what others hold, into which no larger one fits: two conversations that doubled took 14.4
 * MB of memory for 11.0 of state.
 */
const WHOLE_SLOTS = 4096;

export const slotsMax = ({ sinks, window }: CacheLayout): number => sinks + window + CACHE_SLACK;

/** Bytes of one slot. */
export const slotBytes = (layout: CacheLayout, { heads, width }: Pick<CacheSpec, "heads" | "width">): number =>
  Object.values(slotParts(layout, heads, width)).reduce((a, b) => a + b, 0);

/** Bytes of one slot by part. */
function slotParts(layout: CacheLayout, heads: number, width: number): Record<CachePart, number> {
  const values = heads * width * (layout.dtype === "f32" ? 4 : 1);
  const scales = layout.dtype === "f32" ? 0 : 4 * heads;
  return { keys: values, keyScales: scales, values, valueScales: scales };
}

/** Names, types and shapes of a cache that holds `rows` slots. */
export function cacheShapes(layout: CacheLayout, { name, heads, width }: CacheSize, rows: number): StateShape[] {
  return partsOf(layout, { name, heads, width }).map((part) => {
    const isScale = part === "keyScales" || part === "valueScales";
    const dtype = isScale ? "f32" : layout.dtype;
    return { name: `${name}.${part}`, dtype, shape: isScale ? [rows, heads] : [rows, heads, width] };
  });
}

const partsOf = (layout: CacheLayout, { heads, width }: CacheSize): CachePart[] => {
  const bytes = slotParts(layout, heads, width);
  return parts.filter((part) => bytes[part] > 0);
};

type CacheSize = Pick<CacheSpec, "name" | "heads" | "width">;

const parts = ["keys", "keyScales", "values", "valueScales"] as const;
type CachePart = (typeof parts)[number];

export class Cache {
  readonly #heap: Heap;
  readonly #memory: WebAssembly.Memory;
  readonly #layout: CacheLayout;
  readonly #bytes: Record<CachePart, number>;
  readonly #shape: CacheSize;
  #at: Record<CachePart, number> = { keys: 0, keyScales: 0, values: 0, valueScales: 0 };
  #slots = 0;

  constructor(heap: Heap, memory: WebAssembly.Memory, layout: CacheLayout, shape: CacheSize) {
    this.#heap = heap;
    this.#memory = memory;
    this.#layout = layout;
    this.#shape = shape;
    this.#bytes = slotParts(layout, shape.heads, shape.width);
  }

  get bytes(): number {
    return this.#slots * parts.reduce((n, part) => n + this.#bytes[part], 0);
  }

  get address(): CacheAddress {
    return { ...this.#at, ring: this.#slots - this.#layout.sinks };
  }

  /** Makes room for `positions`. On failure nothing has changed. */
  reserve(positions: number): void {
    const most = slotsMax(this.#layout);
    if (this.#slots >= Math.min(positions, most)) return;
    const least = CACHE_SLACK + this.#layout.sinks;
    const doubled = most <= WHOLE_SLOTS ? most : 2 ** Math.ceil(Math.log2(positions));
    const slots = Math.min(most, positions <= least ? least : Math.max(least, doubled));
    const next = { ...this.#at };
    const taken: CachePart[] = [];
    try {
      for (const part of parts) {
        if (this.#bytes[part] === 0) continue;
        next[part] = this.#heap.take(slots * this.#bytes[part]);
        taken.push(part);
      }
    } catch (full) {
      for (const part of taken) this.#heap.give(next[part], slots * this.#bytes[part]);
      throw full;
    }
    const memory = new Uint8Array(this.#memory.buffer);
    for (const part of taken)
      memory.copyWithin(next[part], this.#at[part], this.#at[part] + this.#slots * this.#bytes[part]);
    this.release();
    this.#at = next;
    this.#slots = slots;
  }

  /** Views of the state, good until the memory grows or the cache changes. */
  view(position: number): StateTensor[] {
    const rows = Math.min(position, slotsMax(this.#layout));
    const { sinks } = this.#layout;
    const ring = { sinks, slots: slotsMax(this.#layout) - sinks };
    return this.#tensors(rows).map(({ part, tensor }) => {
      const at = this.#at[part];
      return { ...tensor, ring, data: new Uint8Array(this.#memory.buffer, at, rows * this.#bytes[part]) };
    });
  }

  /** Every part of the slot of `position`; good until the memory grows. */
  slot(position: number): Uint8Array[] {
    const { sinks } = this.#layout;
    const slot = position < sinks ? position : sinks + ((position - sinks) % (this.#slots - sinks));
    return partsOf(this.#layout, this.#shape).map((part) => {
      const bytes = this.#bytes[part];
      return new Uint8Array(this.#memory.buffer, this.#at[part] + slot * bytes, bytes);
    });
  }

  release(): void {
    for (const part of parts)
      if (this.#slots * this.#bytes[part]) this.#heap.give(this.#at[part], this.#slots * this.#bytes[part]);
    this.#slots = 0;
  }

  #tensors(rows: number): { part: CachePart; tensor: StateShape }[] {
    const shapes = cacheShapes(this.#layout, this.#shape, rows);
    return partsOf(this.#layout, this.#shape).map((part, i) => ({ part, tensor: shapes[i]! }));
  }
}
