/** Replies of /v1/messages. */
import * as z from "zod";
import "../shared/openapi.ts";
import { place } from "../chat/reply-schemas.ts";
import { timingsReply } from "../shared/usage.ts";

const count = z.int().min(0);

const block = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text"), text: z.string() }),
  z.strictObject({
    type: z.literal("tool_use"),
    id: z.string(),
    name: z.string(),
    input: z.record(z.string(), z.unknown()),
  }),
]);

export const messageReply = z
  .looseObject({
    id: z.string(),
    type: z.literal("message"),
    role: z.literal("assistant"),
    model: z.string(),
    content: z.array(block),
    stop_reason: z.enum(["end_turn", "max_tokens", "stop_sequence", "tool_use"]).nullable(),
    stop_sequence: z.string().nullable(),
    usage: z.looseObject({
      input_tokens: count.openapi({ description: "New tokens of the prompt, without those that the kept state held." }),
      cache_read_input_tokens: count.openapi({ description: "Reused tokens, which the kept state held." }),
      cache_creation_input_tokens: count.openapi({ description: "Always 0: keeping a state has no separate price." }),
      output_tokens: count,
    }),
    timings: timingsReply.optional(),
    schema_checked: z.literal(true).optional(),
    rivulet: place.optional(),
  })
  .openapi("Message");
