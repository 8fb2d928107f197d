/** localPipeline: all stages in this program, each with an engine of its own (command line, tests). */
import type { Engine } from "../wasm/engine.ts";
import { Pipeline } from "./pipeline.ts";
import type { EpochStore, StageLink } from "./stage.ts";
import { StageSequences } from "./stage-sequences.ts";

interface LocalOptions {
  /** Where stage `k` stores a conversation's states; without it, saving gives the tensors. */
  epochs?: (owner: string, k: number) => EpochStore;
  /** Stands between a sequence and its stages (tests). */
  wrap?: (stage: StageSequences, k: number, owner: string) => StageLink;
}

export function localPipeline(engines: readonly Engine[], { epochs, wrap }: LocalOptions = {}): Pipeline {
  const [first] = engines as [Engine, ...Engine[]];
  return new Pipeline({
    vocab: first.vocab,
    contextLength: first.contextLength,
    sliceTokens: first.sliceTokens,
    shapes: engines.map((engine) => (position) => engine.describe(position)),
    stagesOf: (owner) =>
      engines.map((engine, k) => {
        const seat = new StageSequences(engine, epochs?.(owner, k));
        return wrap ? wrap(seat, k, owner) : seat;
      }),
    keepsStates: epochs !== undefined,
    memoryBytes: () => engines.reduce((n, engine) => n + engine.memoryBytes, 0),
  });
}
