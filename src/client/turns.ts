/**
 * What the server shows of conversations, turns and the model: the fields that a client uses. Contract:
 * docs/design/conversation-object.md.
 */

import type { Timings as AllTimings } from "../api/shared/turn.ts";

export type Timings = Omit<AllTimings, "rebuilt_tokens" | "save_ms">;

export interface Usage {
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
}

export interface Message {
  role: string;
  content: string;
}

export type TurnStatus = "running" | "completed" | "incomplete" | "cancelled" | "failed";

export interface Recalled {
  turn: string;
  role: string;
  text: string;
}

export interface Turn {
  id: string;
  parent: string | null;
  response_id: string;
  /** Seconds since 1970. */
  created_at: number;
  status: TurnStatus;
  messages: Message[];
  reply: string;
  usage: Usage | null;
  timings: Timings | null;
  /** Passages of earlier turns that were quoted to the model for this one. */
  recalled?: Recalled[] | null;
  /** Heads that stand here. */
  conversations: string[];
}

export interface Conversation {
  id: string;
  created_at: number;
  metadata: Record<string, string>;
  rivulet: {
    model?: string | null;
    turn: string | null;
    turns: number;
    tokens: number;
    state_bytes: number;
    /** The shared prefix that it began with. */
    prefix?: string | null;
  };
  /** Of a search: passages that hold its words. */
  hits?: { turn: string; role: "user" | "assistant"; snippet: string }[];
}

export interface ModelCard {
  id: string;
  parameters: number;
  dtype: string;
  context_length: number;
  licence: string | null;
  /** What a transformer of the same depth would keep for each token; null when it cannot be told. */
  transformer_cache_bytes_per_token?: number | null;
}

/** Milliseconds from the request's arrival until the first token could be sampled. */
export const firstTokenMs = ({ queue_ms, load_ms, rebuild_ms = 0, prefill_ms }: Timings): number =>
  queue_ms + load_ms + rebuild_ms + prefill_ms;

export const fedTokens = ({ prompt_tokens, cached_tokens }: Usage): number => prompt_tokens - cached_tokens;
