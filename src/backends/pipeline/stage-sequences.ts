/** StageSequences: one stage's side of one conversation, over an engine that holds the stage's weights. */
import { Failure } from "../../core/failure.ts";
import type { Rows, Saved, StateTensor, Want } from "../backend.ts";
import type { Engine } from "../wasm/engine.ts";
import type { WasmSequence } from "../wasm/sequence.ts";
import type { EpochStore, StageLink, Stored } from "./stage.ts";

interface Open {
  sequence: WasmSequence;
  /** Epoch that it was opened from. */
  from: number | undefined;
}

export class StageSequences implements StageLink {
  readonly #engine: Engine;
  readonly #epochs: EpochStore | undefined;
  readonly #open = new Map<string, Open>();

  /** Without `epochs` it stores nothing. */
  constructor(engine: Engine, epochs?: EpochStore) {
    this.#engine = engine;
    this.#epochs = epochs;
  }

  async open(lease: string, from?: Stored | Saved): Promise<{ newest: number }> {
    const stored = from && "epoch" in from ? from : undefined;
    const saved = stored ? this.#stored().load(stored) : (from as Saved | undefined);
    this.#drop(lease);
    this.#open.set(lease, { sequence: this.#engine.open(saved), from: stored?.epoch });
    return { newest: this.#epochs?.newest() ?? 0 };
  }

  async pass(lease: string, S: number, input: Uint32Array | Rows, want: Want): Promise<Rows | Float32Array> {
    return this.#at(lease, S).sequence.pass(input, want);
  }

  async store(lease: string, S: number, epoch: number): Promise<Stored> {
    const open = this.#at(lease, S);
    const stored = await this.#stored().store(epoch, { position: S, tensors: open.sequence.save("view") }, open.from);
    open.from = epoch;
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
    return this.#open.has(lease);
  }

  #drop(lease: string): void {
    this.#open.get(lease)?.sequence.release();
    this.#open.delete(lease);
  }

  #at(lease: string, S: number): Open {
    const open = this.#open.get(lease);
    if (open?.sequence.position === S) return open;
    const got = open ? `${open.sequence.position} tokens` : "nothing of this turn";
    throw new Failure("stage_lost", `expected a state of ${S} tokens, the stage holds ${got}`);
  }

  #stored(): EpochStore {
    if (this.#epochs) return this.#epochs;
    throw new Failure("bug", "this stage stores no states");
  }
}
