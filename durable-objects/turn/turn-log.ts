/**
 * logTurn: a turn that has ended, in this isolate's metrics and as one line of the log. Numbers and ids, never text.
 */
import type { EndEvent, TurnRequest } from "../../src/api/shared/turn.ts";
import { countTurn } from "../../src/core/metrics.ts";

/** `key`: object name and turn, by which a log line and a reply's id mean the same. */
export function logTurn(
  key: string,
  { tenant, model, reply }: TurnRequest,
  { usage, timings, reason }: Omit<EndEvent, "type" | "index" | "text">,
): void {
  const { queue_ms, load_ms, prefill_ms, decode_ms } = timings;
  countTurn({
    tenant,
    ...usage,
    queueMs: queue_ms,
    loadMs: load_ms,
    prefillMs: prefill_ms,
    decodeMs: decode_ms,
  });
  console.log(
    JSON.stringify({
      level: "info",
      event: "turn",
      turn: key,
      model,
      form: reply.object,
      reason,
      ...usage,
      ...timings,
    }),
  );
}
