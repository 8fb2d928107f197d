/** Events of made-up turns. */
import type { FinishReason, LoggedToken, Timings, TurnEvent } from "../../src/api/shared/turn.ts";

/** A reply as a client sees it: of no type until it is looked at. */
// biome-ignore lint/suspicious/noExplicitAny: -- tests look into replies of many shapes
export type Json = any;

export const KEY = `${"ab".repeat(16)}${"01".repeat(8)}`;

const timings: Timings = {
  state: "new",
  rebuilt_tokens: 0,
  state_bytes: 0,
  queue_ms: 0,
  load_ms: 0,
  prefill_ms: 1,
  prefill_tokens: 5,
  decode_ms: 1,
  decode_tokens: 3,
  save_ms: 0,
};

export const start: TurnEvent = {
  type: "start",
  key: KEY,
  createdMs: 1_700_000_000_999,
  model: "tiny",
  fingerprint: "f".repeat(64),
  state: "new",
  reference: { conversation: "mine", turn: "01".repeat(8), parent: null },
};

export const logged = (text: string): LoggedToken => {
  const bytes = [...new TextEncoder().encode(text)];
  return {
    bytes,
    logprob: -0.5,
    top: [
      { bytes, logprob: -0.5 },
      { bytes: [33], logprob: -1 },
    ],
  };
};

export const token = (index: number, text: string, more: object = {}): TurnEvent => ({
  type: "token",
  index,
  id: index,
  text,
  ...more,
});

export const end = (index: number, reason: FinishReason = "stop", more: object = {}): TurnEvent => ({
  type: "end",
  index,
  text: "",
  reason,
  usage: { promptTokens: 5, cachedTokens: 2, completionTokens: 3 },
  timings,
  completedMs: 1_700_000_009_500,
  ...more,
});

/** A turn of three tokens, of which the second completes no text. */
export const plain = (reason: FinishReason = "stop"): TurnEvent[] => [
  start,
  { type: "progress", done: 5, total: 5 },
  token(1, "Hel"),
  token(2, ""),
  token(3, "lo"),
  end(4, reason, { text: "!" }),
];

export const failed: TurnEvent = {
  type: "failed",
  index: 2,
  error: { message: "no room", type: "overloaded_error", param: null, code: "memory_exceeded" },
};
