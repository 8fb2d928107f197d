/** costsOf: per turn, what was fed and carried, how large the state was, and how large a transformer's cache would have been. */
import { fedTokens, firstTokenMs, type Turn } from "../src/client/turns.ts";

export interface Cost {
  /** 1 is the first turn. */
  turn: number;
  fed: number;
  carried: number;
  /** Of the state as stored after the turn. */
  stateBytes: number;
  /** Keys and values of every token so far, in every layer; undefined when the model does not tell. */
  cacheBytes: number | undefined;
  firstTokenMs: number;
}

/** `bytesPerToken`: `transformer_cache_bytes_per_token` of the model. Turns that were never computed have no cost. */
export function costsOf(path: readonly Turn[], bytesPerToken: number | null | undefined): Cost[] {
  return path.flatMap(({ usage, timings }, index) =>
    usage && timings
      ? [
          {
            turn: index + 1,
            fed: fedTokens(usage),
            carried: usage.cached_tokens,
            stateBytes: timings.state_bytes,
            cacheBytes:
              bytesPerToken == null ? undefined : bytesPerToken * (usage.prompt_tokens + usage.completion_tokens),
            firstTokenMs: firstTokenMs(timings),
          },
        ]
      : [],
  );
}
