/** What a turn cost, as replies show it. */
import * as z from "zod";
import "./openapi.ts";

const count = z.int().min(0);

export const usageReply = z
  .strictObject({
    prompt_tokens: count,
    completion_tokens: count,
    total_tokens: count,
    prompt_tokens_details: z.strictObject({
      cached_tokens: count.openapi({
        description: "Reused tokens: the kept state held them, so they were not computed again.",
      }),
    }),
  })
  .openapi("Usage");

export const timingsReply = z
  .strictObject({
    state: z.string().openapi({ description: "Where the state at the beginning of the turn came from." }),
    rebuilt_tokens: count.openapi({
      description: "Tokens that were computed again because a stored state was missing or could not be used.",
    }),
    rebuilt_because: z.enum(["model_changed"]).optional().openapi({
      description:
        "`model_changed`: the kept states were computed by another version of the model, so the conversation was computed again from its token log. Absent otherwise.",
    }),
    rebuild_ms: z.number().optional().openapi({ description: "Milliseconds spent on that. Absent: nothing was." }),
    state_bytes: count.openapi({ description: "The size of the state that was stored after the turn, in bytes." }),
    recall_tokens: count.optional().openapi({ description: "Tokens of recalled lines, included in `prefill_tokens`." }),
    recall_ms: z.number().optional().openapi({ description: "Milliseconds spent searching for lines to recall." }),
    queue_ms: z.number(),
    load_ms: z.number(),
    prefill_ms: z.number(),
    prefill_tokens: count,
    decode_ms: z.number(),
    decode_tokens: count,
    save_ms: z.number(),
    settle_tokens: count.optional().openapi({
      description:
        "Tokens of this turn that were read again without its instructions, so that the kept state does not contain them.",
    }),
    settle_ms: z.number().optional().openapi({ description: "Milliseconds spent on that." }),
  })
  .openapi("Timings");
