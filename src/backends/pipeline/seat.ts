/** Seat: one stage's side of one conversation, over an engine that holds the stage's weights. */
import { Failure } from "../../core/failure.ts";
import type { Rows, Saved, StateTensor, Want } from "../backend.ts";
import type { Engine } from "../wasm/engine.ts";
import type { WasmSequence } from "../wasm/sequence.ts";
import type { Epochs, Stage, Stored } from "./stage.ts";

interface Live {
  sequence: WasmSequence;
  /** Epoch that it was opened from. */
  from: number | undefined;
}

export class Seat implements Stage {
  readonly #engine: Engine;
  readonly #epochs: Epochs | undefined;
  readonly #live = new Map<string, Live>();

  /** Without `epochs` it stores nothing. */
  constructor(engine: Engine, epochs?: Epochs) {
    this.#engine = engine;
    this.#epochs = epochs;
  }

  async open(lease: string, from?: Stored | Saved): Promise<{ newest: number }> {
    const stored = from && "epoch" in from ? from : undefined;
    const saved = stored ? this.#stored().load(stored) : (from as Saved | undefined);
    this.#drop(lease);
    this.#live.set(lease, { sequence: this.#engine.open(saved), from: stored?.epoch });
    return { newest: this.#epochs?.newest() ?? 0 };
  }

  async pass(lease: string, S: number, input: Uint32Array | Rows, want: Want): Promise<Rows | Float32Array> {
    return this.#at(lease, S).sequence.pass(input, want);
  }

  async store(lease: string, S: number, epoch: number): Promise<Stored> {
    const live = this.#at(lease, S);
    const stored = await this.#stored().store(epoch, { position: S, tensors: live.sequence.save("view") }, live.from);
    live.from = epoch;
    return stored;
  }

  async save(lease: string, S: number): Promise<StateTensor[]> {
    return this.#at(lease, S).sequence.save();
  }

  async release(lease: string): Promise<void> {
    this.#drop(lease);
  }

  /** Whether it holds the lease's sequence. */
  holds(lease: string): boolean {
    return this.#live.has(lease);
  }

  #drop(lease: string): void {
    this.#live.get(lease)?.sequence.release();
    this.#live.delete(lease);
  }

  #at(lease: string, S: number): Live {
    const live = this.#live.get(lease);
    if (live?.sequence.position === S) return live;
    const got = live ? `${live.sequence.position} tokens` : "nothing of this turn";
    throw new Failure("stage_lost", `expected a state of ${S} tokens, the stage holds ${got}`);
  }

  #stored(): Epochs {
    if (this.#epochs) return this.#epochs;
    throw new Failure("bug", "this stage stores no states");
  }
}
