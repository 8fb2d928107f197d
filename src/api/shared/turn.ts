/** What the Worker asks of a conversation object, and what a turn reports. Both sides may be of different releases. */

import type { ReplyShape } from "../../constrain/constraint.ts";
import type { CallPlace } from "../../constrain/reply/call-parser.ts";
import type { EndReason } from "../../dialogue/text-ends.ts";
import type { Sampling } from "../../sampling/sampling.ts";
import type { Message } from "../../tokenizer/text-codec.ts";
import type { ErrorBody } from "./error-body.ts";

/** Sampling as JSON; absent fields take the pack's defaults. */
export type SamplingRequest = Partial<Omit<Sampling, "logitBias">> & { logitBias?: [number, number][] };

export interface TurnRequest extends ReplyShape {
  tenant: string;
  /** False: nothing of this turn is stored. */
  persistent: boolean;
  /** The full conversation id as the client knows it; absent where there is none (a chain of responses). */
  conversation?: string;
  /** The head that moves to the new turn: `main`, or the eight letters of a fork. Absent: no head moves. */
  head?: string;
  /** A turn to continue from instead of the head's; null is the beginning. */
  parent?: string | null;
  /** Name of the shared prefix that a new conversation begins with. */
  prefix?: string;
  /** The caller's name of the model. */
  model: string;
  messages: Message[];
  /** Hold for this request: they are read before its messages, and are no part of what is kept. */
  instructions?: Message[];
  /** The tools are those of the turn that it goes on from. */
  inheritsTools?: true;
  /** A turn whose history the messages are likely to tell again, where no head stands for it. */
  near?: string;
  /** The messages are a whole history: an end of another one is not meant. */
  isWhole?: true;
  /** What becomes of messages that tell another history than the conversation holds. Absent: `refuse`. */
  unmatched?: "refuse" | "append" | "anew";
  sampling: SamplingRequest;
  seed?: number;
  /** Absent: as many as the context leaves. */
  maxTokens?: number;
  /**
   * What is left of the day's tokens for prompt and reply, where the turn could compute more. Not the
   * caller's, and no part of what is asked.
   */
  grantedTokens?: number;
  stop: string[];
  /** Leave out the oldest of the messages where all of them do not fit. */
  truncate?: boolean;
  topLogprobs?: number;
  /** Replies to the same prompt, each with numbers of its own; only where nothing is stored. Absent: 1. */
  choices?: number;
  /** In place of messages, text or ids to go on from as they are. Only where nothing is stored. */
  prompts?: (string | number[])[];
  /** Goes on when its reader leaves; not streamed, it answers at once. */
  background?: boolean;
  /**
   * The turn's own, 16 hex digits, where no key stands for it: a call that the Worker
   * repeats finds the turn that it began.
   */
  id?: string;
  /** False: its messages are read with the next turn, and no reply is asked for. */
  generate?: false;
  /** Feeds its one system message up to the end of its text, and asks for no reply. */
  feedOnly?: boolean;
  /** A repeated request with this key finds the first one's turn. */
  idempotencyKey?: string;
  /** How long the conversation is kept, where this turn is its first. Absent: for ever. */
  ttlSeconds?: number;
  /** Whether lines that the model no longer sees well are quoted to it. Absent: as the conversation says. */
  recall?: RecallMode;
  /** Kept with the turn and given back with it. */
  metadata?: Record<string, string>;
  reply: ReplyForm;
}

/** `auto`: where it helps, at the usual cost; or with another bound of tokens. */
export type RecallMode = "auto" | "off" | { maxTokens: number };

/** A line of the conversation's past that was quoted to the model before this turn's question. */
export interface Recalled {
  /** Where it was said. */
  turn: string;
  role: "user" | "assistant";
  text: string;
  /** How well it fits the question, 0 to 1. */
  score: number;
}

export type ReplyObject = "chat.completion" | "text_completion" | "response" | "message";

export interface ReplyForm {
  object: ReplyObject;
  stream: boolean;
  includeUsage: boolean;
  /** How far the reading of the prompt is. */
  includeProgress?: boolean;
  /** Calls are told as a `function_call`, the older form of a chat's. */
  olderCalls?: boolean;
  /** Fields of the request that the reply repeats. */
  echo?: Record<string, unknown>;
  /** How the reply was sampled, the pack's defaults included: some forms say it. */
  sampling?: Pick<Sampling, "temperature" | "topP" | "presencePenalty" | "frequencyPenalty">;
}

/** Where the state that a turn began with came from. `forked`: from a turn that was not its head's. */
export type StateOrigin = "new" | "resumed" | "forked" | "rebuilt";

/** Why a state was computed again. `model_changed`: another version of the model had made those that were kept. */
export type RebuildReason = "model_changed";

export interface Timings {
  state: StateOrigin;
  /** Tokens fed again because their state was not kept, or could not be read. */
  rebuilt_tokens: number;
  /** Absent: their state was dropped by age, or could not be read. */
  rebuilt_because?: RebuildReason;
  /** Absent: nothing was. */
  rebuild_ms?: number;
  /** Bytes of the state as stored after the turn; 0 when nothing is stored. */
  state_bytes: number;
  /** Tokens of the lines that were quoted, among `prefill_tokens`, and the search for them. */
  recall_tokens?: number;
  recall_ms?: number;
  queue_ms: number;
  load_ms: number;
  prefill_ms: number;
  prefill_tokens: number;
  decode_ms: number;
  decode_tokens: number;
  save_ms: number;
  /**
   * Tokens of this turn that were read again, without the request's instructions, into the
   * state that is kept. Absent: none.
   */
  settle_tokens?: number;
  settle_ms?: number;
}

export const noTimings: Readonly<Timings> = {
  state: "new",
  rebuilt_tokens: 0,
  state_bytes: 0,
  queue_ms: 0,
  load_ms: 0,
  prefill_ms: 0,
  prefill_tokens: 0,
  decode_ms: 0,
  decode_tokens: 0,
  save_ms: 0,
};

export interface TurnUsage {
  /** All tokens before the reply: those the state held and those fed. */
  promptTokens: number;
  cachedTokens: number;
  completionTokens: number;
}

/** `cancelled`: its client left, or asked for its end. */
export type FinishReason = EndReason | "cancelled";

/** A token's log probability and those of its alternatives; `bytes` is what it shows as. */
export interface LoggedToken {
  bytes: number[];
  logprob: number;
  top: { bytes: number[]; logprob: number }[];
}

/** Names a stored turn. */
interface TurnReference {
  conversation: string | null;
  turn: string;
  parent: string | null;
}

/**
 * What a turn reports, in order: `start`, `progress`, `token` and `choice` any number of times, then `end` or `failed`.
 * Plain JSON, and for every reader the same (but `progress`, which only those see who were there). Tokens are numbered
 * from 1; the last event has the next number.
 */
export type TurnEvent = StartEvent | ProgressEvent | TokenEvent | ChoiceEvent | EndEvent | FailedEvent;

export interface StartEvent {
  type: "start";
  /** Object name and turn, 48 hex digits: what follows the prefix in every id made of this turn. */
  key: string;
  createdMs: number;
  model: string;
  fingerprint: string;
  state: StateOrigin;
  /** Absent when nothing is stored. */
  reference?: TurnReference;
  /** Calls of tools may stand in the text, and where. Absent: what looks like one is text. */
  calls?: CallPlace;
  /** Absent where recall is off. */
  recalled?: Recalled[];
  /** Text of the prompts, where the reply repeats them. */
  prompts?: string[];
  /** Tokens before the reply, as `TurnUsage` counts them. Absent where they are not known before the end. */
  promptTokens?: number;
  cachedTokens?: number;
}

/** Tokens of the prompt that were fed, of all that need to be. */
export interface ProgressEvent {
  type: "progress";
  done: number;
  total: number;
}

export interface TokenEvent {
  type: "token";
  index: number;
  /** Which of several replies it belongs to. Absent: the only one, 0. */
  choice?: number;
  id: number;
  /** What became complete with it; often "". */
  text: string;
  logprob?: LoggedToken;
}

/** One of several replies is complete. The last one's end is the turn's. */
export interface ChoiceEvent {
  type: "choice";
  index: number;
  choice: number;
  text: string;
  reason: FinishReason;
}

export interface EndEvent {
  type: "end";
  index: number;
  choice?: number;
  /** Text that only the end brought out. */
  text: string;
  reason: FinishReason;
  usage: TurnUsage;
  timings: Timings;
  /** The reply was held against keywords of its schema that its form was not held to, and satisfies them. */
  schemaChecked?: true;
  /** Absent in turns of earlier releases. */
  completedMs?: number;
  /** The stop string that ended the reply, where one did. Read from the reply's ids, and not stored. */
  stopSequence?: string;
  /** No reply was asked for. */
  unasked?: boolean;
}

export interface FailedEvent {
  type: "failed";
  index: number;
  error: ErrorBody["error"];
}
