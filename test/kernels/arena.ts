/**
 * Arena: one case's tensors in a memory of its own, so that two implementations get the same bytes.
 *
 * Everything not yet written holds NaN (0xff bytes): a kernel that reads past its input or forgets an output shows it.
 * What a case does not name as output or scratch must not change.
 */
import type { Address } from "../../src/kernels/kernels.ts";
import type { Tolerance } from "../support/expect-close.ts";

/** The kernels' own page; see wasm/kernels/page.ts. */
const FIRST = 65536;
const GUARD_BYTES = 64;

export interface Output {
  name: string;
  at: Address;
  bytes: number;
  /** Undefined: int8 values that must be equal. */
  tolerance?: Tolerance;
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly outputs: Output[] = [];
  readonly #scratch: { at: Address; bytes: number }[] = [];
  #next = FIRST;

  constructor(pages = 2) {
    this.memory = new WebAssembly.Memory({ initial: pages });
    new Uint8Array(this.memory.buffer, FIRST).fill(0xff);
  }

  /** An input of floats. */
  floats(values: ArrayLike<number>): Address {
    const at = this.#take(4 * values.length);
    new Float32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  words(values: ArrayLike<number>): Address {
    const at = this.#take(4 * values.length);
    new Uint32Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  bytes(values: Uint8Array): Address {
    const at = this.#take(values.length);
    new Uint8Array(this.memory.buffer, at, values.length).set(values);
    return at;
  }

  /** Floats that are compared after every call. `from`: what they hold before, NaN without. */
  output(name: string, n: number, tolerance: Tolerance, from?: ArrayLike<number>): Address {
    const at = from ? this.floats(from) : this.#take(4 * n);
    this.outputs.push({ name, at, bytes: 4 * n, tolerance });
    return at;
  }

  /** Int8 values that must be equal after every call. */
  exactBytes(name: string, n: number): Address {
    const at = this.#take(n);
    this.outputs.push({ name, at, bytes: n });
    return at;
  }

  scratch(bytes: number): Address {
    const at = this.#take(bytes);
    this.#scratch.push({ at, bytes });
    return at;
  }

  /** Copy of everything that no kernel may change. */
  untouchable(): Uint8Array {
    const copy = new Uint8Array(this.memory.buffer.slice(FIRST));
    for (const { at, bytes } of [...this.outputs, ...this.#scratch]) copy.fill(0, at - FIRST, at - FIRST + bytes);
    return copy;
  }

  values({ at, bytes, tolerance }: Output): Float32Array | Int8Array {
    return tolerance
      ? new Float32Array(this.memory.buffer.slice(at, at + bytes))
      : new Int8Array(this.memory.buffer.slice(at, at + bytes));
  }

  #take(bytes: number): Address {
    const at = this.#next;
    this.#next = Math.ceil((at + bytes + GUARD_BYTES) / 16) * 16;
    const missing = this.#next - this.memory.buffer.byteLength;
    if (missing > 0) {
      const pages = Math.ceil(missing / 65536);
      const before = this.memory.grow(pages);
      new Uint8Array(this.memory.buffer, before * 65536).fill(0xff);
    }
    return at;
  }
}
