/**
 * Parts of replies that several forms share: usage, reasons, log probabilities, what every object
 * begins with, and how a stream ends.
 */
import type { WireEvent } from "./reply-encoder.ts";
import type { EndEvent, FailedEvent, FinishReason, LoggedToken, StartEvent, TurnUsage } from "./turn.ts";

export const usageOf = ({ promptTokens, cachedTokens, completionTokens }: TurnUsage) => ({
  prompt_tokens: promptTokens,
  completion_tokens: completionTokens,
  total_tokens: promptTokens + completionTokens,
  prompt_tokens_details: { cached_tokens: cachedTokens },
});

/**
 * In OpenAI's words. It has none for a turn that its client left, and whoever ends one has nobody to read the reason.
 */
const finishReasons: Record<FinishReason, "stop" | "length"> = { stop: "stop", length: "length", cancelled: "length" };

/** An object of a later release may know a reason that this one does not: the reply is over all the same. */
export const reasonOf = ({ reason }: Pick<EndEvent, "reason">) => finishReasons[reason] ?? "stop";

export function logprobOf({ top, ...chosen }: LoggedToken) {
  const entry = ({ bytes, logprob }: Omit<LoggedToken, "top">) => ({
    token: new TextDecoder().decode(Uint8Array.from(bytes)),
    logprob,
    bytes,
  });
  return { ...entry(chosen), top_logprobs: top.map(entry) };
}

/** What every object of a reply begins with. */
export const frameOf = ({ key, createdMs, model, fingerprint }: StartEvent, prefix: string, object: string) => ({
  id: `${prefix}${key}`,
  object,
  created: Math.floor(createdMs / 1000),
  model,
  system_fingerprint: `fp_${fingerprint.slice(0, 16)}`,
});

/** Said where the reply had to be checked. */
export const schemaChecked = (end: Pick<EndEvent, "schemaChecked">) =>
  end.schemaChecked ? { schema_checked: true } : {};

/** The last chunks of a reply, numbered on from its end. */
export const lastEvents = ({ index }: Pick<EndEvent, "index">, chunks: readonly object[]): WireEvent[] => [
  ...chunks.map((data, i) => ({ id: index + i, data })),
  { data: "[DONE]" },
];

export const failedEvents = (event: FailedEvent): WireEvent[] => lastEvents(event, [{ error: event.error }]);
