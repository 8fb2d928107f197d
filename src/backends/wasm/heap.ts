/**
 * Heap: bytes for live conversations in the model's WebAssembly memory, after the weights and the scratch.
 *
 * First fit over a sorted list of free ranges, joined again when freed. WebAssembly memory never
 * shrinks, so freed bytes are reused.
 */

import { Failure } from "../../core/failure.ts";
import { padTo } from "../../core/sizes.ts";

/** Bytes to which everything in the engine's memory is aligned: a cache line. */
export const ALIGN = 64;
const PAGE = 65_536;

export class Heap {
  readonly #memory: WebAssembly.Memory;
  readonly #maxBytes: number;
  #free: { at: number; bytes: number }[] = [];
  #end: number;
  #freeMore = () => false;

  /** `start`: first byte of the heap. `maxBytes`: bound of the whole memory. */
  constructor(memory: WebAssembly.Memory, start: number, maxBytes: number) {
    this.#memory = memory;
    this.#maxBytes = maxBytes;
    this.#end = padTo(start, ALIGN);
    const left = memory.buffer.byteLength - this.#end;
    if (left > 0) this.#give(this.#end, left);
    this.#end += Math.max(0, left);
  }

  /** As `Backend.whenFull`. */
  whenFull(free: () => boolean): void {
    this.#freeMore = free;
  }

  /** Zeroed bytes, for which the whole memory may have so many at most. Fails with `memory_exceeded`. */
  take(bytes: number, maxBytes = this.#maxBytes): number {
    const size = padTo(Math.max(1, bytes), ALIGN);
    const slot = this.#slotFor(size, Math.min(maxBytes, this.#maxBytes));
    const range = this.#free[slot]!;
    const at = range.at;
    range.at += size;
    range.bytes -= size;
    if (range.bytes === 0) this.#free.splice(slot, 1);
    new Uint8Array(this.#memory.buffer, at, size).fill(0);
    return at;
  }

  /** Among the free ranges. */
  #slotFor(size: number, maxBytes: number): number {
    for (;;) {
      const slot = this.#free.findIndex((range) => range.bytes >= size);
      if (slot >= 0) return slot;
      try {
        this.#grow(size, maxBytes);
      } catch (full) {
        if (!this.#freeMore()) throw full;
      }
    }
  }

  /** Wipes the bytes and takes them back. `bytes` is what was asked for. */
  give(at: number, bytes: number): void {
    const size = padTo(Math.max(1, bytes), ALIGN);
    new Uint8Array(this.#memory.buffer, at, size).fill(0);
    this.#give(at, size);
  }

  #give(at: number, bytes: number): void {
    const next = this.#free.findIndex((range) => range.at > at);
    const index = next < 0 ? this.#free.length : next;
    this.#free.splice(index, 0, { at, bytes });
    this.#join(index);
    if (index > 0) this.#join(index - 1);
  }

  #join(index: number): void {
    const range = this.#free[index]!;
    const after = this.#free[index + 1];
    if (after && range.at + range.bytes === after.at) {
      range.bytes += after.bytes;
      this.#free.splice(index + 1, 1);
    }
  }

  #grow(bytes: number, maxBytes: number): void {
    const last = this.#free.at(-1);
    const reach = last && last.at + last.bytes === this.#end ? last.bytes : 0;
    const more = padTo(bytes - reach, PAGE);
    const now = this.#memory.buffer.byteLength;
    const refused = () =>
      new Failure("memory_exceeded", `the engine's memory is full: ${now + more} bytes needed, ${maxBytes} allowed`);
    if (now + more > maxBytes) throw refused();
    try {
      this.#memory.grow(more / PAGE);
    } catch {
      throw refused();
    }
    this.#give(this.#end, more);
    this.#end += more;
  }
}
