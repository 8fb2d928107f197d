/**
 * Flow: slices on their way through the stages. Stage k works on one slice while stage k − 1 works on the next.
 *
 * A slice enters a stage when it has left the one before and its predecessor has left this one. After a failure nothing
 * that comes later is computed; a flow that has failed is of no use any more.
 */
import { check } from "../../core/failure.ts";
import type { Rows, Want } from "../backend.ts";
import type { StageLink } from "./stage.ts";

export class Flow {
  readonly #stages: readonly StageLink[];
  readonly #lease: string;
  /** Of each stage, its last slice. */
  readonly #tails: Promise<unknown>[];
  /** Slices that have not left the last stage, oldest first. */
  readonly #under: Promise<unknown>[] = [];

  constructor(stages: readonly StageLink[], lease: string) {
    this.#stages = stages;
    this.#lease = lease;
    this.#tails = stages.map(() => Promise.resolve());
  }

  /** Sends a slice; logits when they are wanted, else nothing as soon as there is room for the next slice. */
  async send(ids: Uint32Array, S: number, want: Want): Promise<Float32Array> {
    let leaving: Promise<Uint32Array | Rows | Float32Array> = Promise.resolve(ids);
    const leavings = this.#stages.map((stage, k) => {
      const [entering, before] = [leaving, this.#tails[k]];
      leaving = Promise.all([entering, before]).then(([input]) =>
        stage.pass(this.#lease, S, input as Uint32Array | Rows, want),
      );
      this.#tails[k] = leaving;
      return leaving;
    });
    // Failures are met where they are awaited; here they must not end the program.
    for (const each of leavings) each.catch(() => {});
    this.#under.push(leaving);
    if (want !== "none") {
      const logits = await leaving;
      check(logits instanceof Float32Array, "bug", () => "the last stage gave no logits");
      await this.drained();
      return logits;
    }
    await leavings[0];
    while (this.#under.length > this.#stages.length) await this.#under.shift();
    return new Float32Array(0);
  }

  /** Resolves when every slice has left the last stage; fails with the first failure. */
  async drained(): Promise<void> {
    while (this.#under.length > 0) await this.#under.shift();
  }

  /** Resolves when nothing moves any more, whatever became of it. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#tails);
    this.#under.length = 0;
  }
}
