/**
 * costsOf: per turn, what was computed and reused, how large the state was, and how large a
 * transformer's cache would have been.
 */
import { fedTokens, firstTokenMs, type Turn } from "../src/client/turns.ts";

export interface Cost {
  /** 1 is the first turn; 0 is the document that was read before it. */
  turn: number;
  computed: number;
  reused: number;
  /** Of the state as stored after the turn. */
  stateBytes: number;
  /** Keys and values of every token so far, in every layer; undefined when the model does not tell. */
  cacheBytes: number | undefined;
  firstTokenMs: number;
  /** What it would have taken with the whole past to compute again; undefined where no speed is known. */
  withoutStateMs: number | undefined;
}

/** Fewer tokens than this say little about speed: every turn has its fixed part. */
const TELLING_TOKENS = 16;

/**
 * Tokens a second that prefills reach on this server: the best that is known, from the conversation's own turns and
 * from documents read before. The best makes the comparison with "no state" a cautious one.
 */
function prefillSpeed(path: readonly Turn[], known: number): number {
  const speeds = path.flatMap(({ timings }) =>
    timings && timings.prefill_tokens >= TELLING_TOKENS && timings.prefill_ms > 0
      ? [(1000 * timings.prefill_tokens) / timings.prefill_ms]
      : [],
  );
  return Math.max(known, ...speeds);
}

/** `bytesPerToken`: `transformer_cache_bytes_per_token` of the model. Turns that were never computed have no cost. */
/** A shared prefix: fed, never said by anybody, and never answered. */
export const isDocument = ({ messages, reply, status }: Turn): boolean =>
  status !== "running" && reply === "" && messages.length > 0 && messages.every(({ role }) => role === "system");

export function costsOf(path: readonly Turn[], bytesPerToken: number | null | undefined, knownSpeed = 0): Cost[] {
  const speed = prefillSpeed(path, knownSpeed);
  const first = path[0] && isDocument(path[0]) ? 0 : 1;
  return path.flatMap(({ usage, timings }, index) =>
    usage && timings
      ? [
          {
            turn: index + first,
            computed: fedTokens(usage),
            reused: usage.cached_tokens,
            stateBytes: timings.state_bytes,
            cacheBytes:
              bytesPerToken == null ? undefined : bytesPerToken * (usage.prompt_tokens + usage.completion_tokens),
            firstTokenMs: firstTokenMs(timings),
            withoutStateMs: speed > 0 ? firstTokenMs(timings) + (1000 * usage.cached_tokens) / speed : undefined,
          },
        ]
      : [],
  );
}
