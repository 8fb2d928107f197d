/**
 * Event counts: how often something worth knowing happened in this isolate since it
 * began. Read by the metrics endpoint.
 */
export type EventName =
  | "turn_accepted"
  | "turn_completed"
  | "turn_cancelled"
  | "turn_failed"
  /** Taken up again after an eviction, a crash or the end of an invocation's budget. */
  | "turn_resumed"
  /** Somebody else computes the turn: this instance stopped. */
  | "lease_lost"
  | "checkpoint_written"
  /** Stored bytes were not what was written. */
  | "state_damaged"
  /** A turn went on from what the one before it had left in the engine's memory. */
  | "state_warm"
  /** A turn began by feeding part of the token log again. */
  | "state_rebuilt"
  /** A prompt of its own began with a state that an earlier one left, or with none. */
  | "prompt_cache_hit"
  | "prompt_cache_miss"
  | "reader_stalled"
  | "cpu_signal"
  | "idempotent_replay";

const counts = new Map<EventName, number>();

export const count = (name: EventName, by = 1): void => void counts.set(name, (counts.get(name) ?? 0) + by);

export const countsOf = (): ReadonlyMap<EventName, number> => counts;
