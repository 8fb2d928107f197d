/** Sampling: how the next id is chosen from logits, and the part of a conversation's state that this needs. */

export interface Sampling {
  /** 0 is greedy. */
  temperature: number;
  /** 0 keeps all. */
  topK: number;
  /** 1 keeps all. */
  topP: number;
  /** 0 keeps all. Keeps tokens with probability ≥ minP · the largest. */
  minP: number;
  /** 1 is off. Over the recent tokens of prompt and reply. */
  repetitionPenalty: number;
  /** 0 is off. Over the tokens of this reply. */
  presencePenalty: number;
  frequencyPenalty: number;
  /** Added to logits by id. */
  logitBias: ReadonlyMap<number, number>;
}

export const greedy: Sampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
};

/** What a pack asks for, where the caller says nothing: the same on the server and on the command line. */
export function packSampling({
  temperature,
  topP,
  topK,
  repetitionPenalty,
}: Partial<Pick<Sampling, "temperature" | "topP" | "topK" | "repetitionPenalty">>): Sampling {
  const stated = Object.entries({ temperature, topP, topK, repetitionPenalty }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...greedy, ...Object.fromEntries(stated) };
}

/** Recent ids that the repetition penalty looks at: bounded, so that state and time per token stay constant. */
export const RECENT_TOKENS = 1024;

/** Saved with the model state, so that a continued generation draws the same numbers. */
export interface SamplerState {
  /** The generator's words (u32). */
  generator: number[];
  /** The last ≤ RECENT_TOKENS ids of prompt and reply, oldest first. */
  recent: number[];
  /**
   * Ids of the running reply and how often they came; emptied when a reply begins. Pairs of id
   * and count, by first appearance.
   */
  reply: [number, number][];
}
