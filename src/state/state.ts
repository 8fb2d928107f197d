/**
 * ConversationState: everything a conversation needs to go on exactly, as it is written to
 * and read from bytes (codec.ts).
 */
import type { StateTensor } from "../backends/backend.ts";
import type { SamplerState } from "../sampling/sampling.ts";
import type { Stretch } from "./stretches.ts";

export interface ConversationState {
  /** SHA-256 of the manifest of the model that made it. */
  fingerprint: string;
  /** Tokens that the tensors hold. */
  position: number;
  /** Ids that are part of the conversation but were not fed yet (the last sampled one). */
  pending: number[];
  sampler: SamplerState;
  tensors: StateTensor[];
  /** Those that hold its caches in storage. Absent where it lies there as one. */
  stretches?: Stretch[];
}
