/**
 * OnnxEngine: a decoder in onnxruntime-web, shared by every conversation of the program.
 *
 * Weights and scratch lie in onnxruntime's heap; each conversation's state lies in JavaScript memory and is
 * copied in and out by every call.
 */
import type { InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { Failure } from "../../core/failure.ts";
import type { OnnxDecoder } from "../../weights/manifest.ts";
import type { Backend, Saved } from "../backend.ts";
import { checkState } from "../check-state.ts";
import type { Ort } from "./ort.ts";
import { OnnxSequence } from "./sequence.ts";
import { bytesAt, shapesAt } from "./state-shape.ts";

interface OnnxParts {
  session: InferenceSession;
  decoder: OnnxDecoder;
  ort: Pick<Ort, "heapBytes">;
  contextLength: number;
  sliceTokens: number;
  maxBytes: number;
}

export class OnnxEngine implements Backend {
  readonly decoder: OnnxDecoder;
  readonly contextLength: number;
  readonly sliceTokens: number;
  readonly #parts: OnnxParts;
  #heldBytes = 0;
  #running: Promise<void> | undefined;

  constructor(parts: OnnxParts) {
    this.#parts = parts;
    this.decoder = parts.decoder;
    this.contextLength = parts.contextLength;
    this.sliceTokens = parts.sliceTokens;
  }

  get vocab(): number {
    return this.decoder.vocab;
  }

  get memoryBytes(): number {
    return this.#parts.ort.heapBytes + this.#heldBytes;
  }

  stateBytes(position: number): number {
    return bytesAt(this.decoder.state, position);
  }

  open(saved?: Saved): OnnxSequence {
    if (saved) checkState(saved, (position) => shapesAt(this.decoder.state, position));
    this.reserve(this.stateBytes(saved?.position ?? 0));
    return new OnnxSequence(this, saved);
  }

  /** A sequence's state takes so many bytes more, or less. */
  hold(bytes: number): void {
    this.#heldBytes += bytes;
  }

  /** Fails with `memory_exceeded` when `bytes` more are not allowed. */
  reserve(bytes: number): void {
    const { maxBytes } = this.#parts;
    const needed = this.memoryBytes + bytes;
    if (needed > maxBytes)
      throw new Failure("memory_exceeded", `the engine's memory is full: ${needed} bytes needed, ${maxBytes} allowed`);
  }

  /**
   * One after another: calls of onnxruntime-web share a stack and may not overlap. A call waits only for one that is
   * under way: promises of a Durable Object that is gone never settle.
   */
  async inTurn<R>(work: () => Promise<R>): Promise<R> {
    while (this.#running) await this.#running;
    const result = work();
    this.#running = result.then(
      () => {},
      () => {},
    );
    try {
      return await result;
    } finally {
      this.#running = undefined;
    }
  }

  async run(feeds: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    try {
      return await this.#parts.session.run(feeds);
    } catch (cause) {
      throw failureOf(cause) ?? new Failure("bug", `onnxruntime: ${String(cause).slice(0, 200)}`, { cause });
    }
  }
}

/** `memory_exceeded`, where its allocator or the heap that cannot grow is to blame. */
export function failureOf(cause: unknown): Failure | undefined {
  if (!/alloc|out of memory|memory access out of bounds/i.test(String(cause))) return undefined;
  return new Failure("memory_exceeded", "onnxruntime's memory is full", { cause });
}
