/** What a turn cost, as replies tell it. */
import { z } from "@hono/zod-openapi";

const count = z.int().min(0);

export const usageReply = z
  .strictObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.strictObject({
      cached_tokens: count.openapi({
        description: "Tokens that the kept state held and that were not computed again.",
      }),
    }),
  })
  .openapi("Usage");

export const timingsReply = z
  .strictObject({
    state: z.string().openapi({ description: "Where the state that the turn began with came from." }),
    rebuilt_tokens: count.openapi({ description: "Tokens fed again because stored state could not be read." }),
    state_bytes: count.openapi({ description: "Bytes of the state as stored after the turn." }),
    recall_tokens: count.optional().openapi({ description: "Tokens of recalled lines, among prefill_tokens." }),
    recall_ms: z.number().optional().openapi({ description: "Time of the search for lines to recall." }),
    queue_ms: z.number(),
    load_ms: z.number(),
    prefill_ms: z.number(),
    prefill_tokens: count,
    decode_ms: z.number(),
    decode_tokens: count,
    save_ms: z.number(),
    settle_tokens: count.optional().openapi({
      description: "Tokens of this turn that were read again, without its instructions, into the state that is kept.",
    }),
    settle_ms: z.number().optional().openapi({ description: "Milliseconds for that." }),
  })
  .openapi("Timings");
