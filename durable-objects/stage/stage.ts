/**
 * Stage: one run of layers for one conversation: their weights in the isolate's memory, their state in SQLite.
 *
 * The conversation's object drives it by RPC (stage-client.ts). What is in memory may vanish between two
 * calls; the next call then finds no such lease and says so, and the conversation goes back to the last epoch
 * with all stages. Reached by no route.
 */
import { DurableObject } from "cloudflare:workers";
import type { Rows, Want } from "../../src/backends/backend.ts";
import type { Stored } from "../../src/backends/pipeline/stage.ts";
import { StageSequences } from "../../src/backends/pipeline/stage-sequences.ts";
import { check } from "../../src/core/failure.ts";
import type { MemorySlot } from "../model/memory-slot.ts";
import type { StageCalls, StageName } from "../model/stage-client.ts";
import { StageStore } from "./stage-store.ts";
import { forget, loadedStage } from "./stage-weights.ts";

export class Stage extends DurableObject<Env> implements StageCalls {
  #sequences: { of: string; sequences: StageSequences } | undefined;
  readonly #slots = new Map<string, MemorySlot>();

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    forget(ctx.id.toString());
  }

  /** Begins to load the weights. */
  async warm(name: StageName): Promise<void> {
    const loading = loadedStage(this.env, name);
    this.ctx.waitUntil(loading.catch(() => {}));
    await loading;
  }

  async open(name: StageName, lease: string, from?: Stored): Promise<{ newest: number }> {
    const { engine, admission } = await loadedStage(this.env, name);
    const of = `${name.fingerprint}/${name.stage}`;
    if (this.#sequences?.of !== of) {
      for (const slot of this.#slots.values()) slot.leave();
      this.#sequences = {
        of,
        sequences: new StageSequences(engine, new StageStore(this.ctx.storage, name.fingerprint)),
      };
    }
    const { sequences } = this.#sequences;
    const slot = await admission.enter({ owner: this.ctx.id.toString() }, new AbortController().signal);
    try {
      const opened = await sequences.open(lease, from);
      this.#slots.set(lease, slot);
      slot.hold({
        release: () => {
          this.#slots.delete(lease);
          void sequences.release(lease);
        },
      });
      return opened;
    } catch (thrown) {
      slot.leave();
      throw thrown;
    }
  }

  async pass(lease: string, S: number, input: Uint32Array | Rows, want: Want): Promise<Rows | Float32Array> {
    return this.#at(lease).pass(lease, S, input, want);
  }

  async store(lease: string, S: number, epoch: number): Promise<Stored> {
    return this.#at(lease).store(lease, S, epoch);
  }

  async release(lease: string): Promise<void> {
    this.#slots.get(lease)?.leave();
  }

  /** Removes everything that is kept of the conversation. */
  async forget(): Promise<void> {
    for (const slot of this.#slots.values()) slot.leave();
    this.#sequences = undefined;
    await this.ctx.storage.deleteAll();
  }

  #at(lease: string): StageSequences {
    const slot = this.#slots.get(lease);
    check(slot && this.#sequences, "stage_lost", () => "the stage holds nothing of this turn");
    slot.beat();
    return this.#sequences.sequences;
  }
}
