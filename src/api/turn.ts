/** What the Worker asks of a conversation object, and what a finished turn reports. Both sides may be of different releases. */
import type { ReplyShape } from "../constrain/constraint.ts";
import type { TokenLogprob } from "../dialogue/reply.ts";
import type { Sampling } from "../engine/sampling.ts";
import type { Message } from "../tokenizer/text-codec.ts";

/** Sampling as JSON; absent fields take the pack's defaults. */
export type SamplingRequest = Partial<Omit<Sampling, "logitBias">> & { logitBias?: [number, number][] };

export interface TurnRequest extends ReplyShape {
  tenant: string;
  /** False: nothing of this turn is stored. */
  persistent: boolean;
  /** The caller's name of the model. */
  model: string;
  messages: Message[];
  sampling: SamplingRequest;
  seed?: number;
  /** Absent: as many as `DEFAULT_MAX_TOKENS` and the context allow. */
  maxTokens?: number;
  stop: string[];
  topLogprobs?: number;
  reply: ReplyForm;
}

export interface ReplyForm {
  object: "chat.completion";
  stream: boolean;
  includeUsage: boolean;
}

export const DEFAULT_MAX_TOKENS = 1024;

/** Where the state that a turn began with came from. */
export type StateOrigin = "new" | "resumed" | "rebuilt";

export interface Timings {
  state: StateOrigin;
  /** Tokens fed again because stored state could not be read. */
  rebuilt_tokens: number;
  /** Bytes of the state as stored after the turn; 0 when nothing is stored. */
  state_bytes: number;
  queue_ms: number;
  load_ms: number;
  prefill_ms: number;
  prefill_tokens: number;
  decode_ms: number;
  decode_tokens: number;
  save_ms: number;
}

export interface TurnUsage {
  /** All tokens before the reply: those the state held and those fed. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

export type FinishReason = "stop" | "length" | "cancelled";

export type TurnEvent =
  | { type: "start"; id: string; createdMs: number; model: string; fingerprint: string; state: StateOrigin }
  | { type: "progress"; done: number; total: number }
  | { type: "token"; index: number; text: string; logprob?: TokenLogprob; bytesOf: (id: number) => Uint8Array }
  | { type: "end"; index: number; text: string; reason: FinishReason; usage: TurnUsage; timings: Timings };
