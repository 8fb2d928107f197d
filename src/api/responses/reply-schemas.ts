/** Replies of /v1/responses. */
import * as z from "zod";
import "../shared/openapi.ts";
import { place } from "../chat/reply-schemas.ts";
import { timingsReply } from "../shared/usage.ts";

const count = z.int().min(0);
const itemStatus = z.enum(["in_progress", "completed", "incomplete"]);

const outputText = z.strictObject({
  type: z.literal("output_text"),
  text: z.string(),
  annotations: z.array(z.unknown()).max(0),
  logprobs: z.array(z.looseObject({ token: z.string(), logprob: z.number() })),
});

const outputItem = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("message"),
    id: z.string(),
    status: itemStatus,
    role: z.literal("assistant"),
    content: z.array(outputText),
  }),
  z.strictObject({
    type: z.literal("function_call"),
    id: z.string(),
    status: itemStatus,
    call_id: z.string(),
    name: z.string(),
    arguments: z.string(),
  }),
]);

/** Beside these a response repeats what its request said. */
export const responseSchema = z
  .looseObject({
    id: z.string().openapi({ example: "resp_…" }),
    object: z.literal("response"),
    created_at: z.int(),
    completed_at: z.int().nullable().openapi({ description: "When it was complete, in seconds since 1970." }),
    status: z.enum(["in_progress", "completed", "incomplete", "cancelled", "failed"]),
    error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
    incomplete_details: z.strictObject({ reason: z.literal("max_output_tokens") }).nullable(),
    model: z.string(),
    output: z.array(outputItem),
    usage: z
      .strictObject({
        input_tokens: count,
        input_tokens_details: z.strictObject({ cached_tokens: count }),
        output_tokens: count,
        output_tokens_details: z.strictObject({ reasoning_tokens: count }),
        total_tokens: count,
      })
      .nullable(),
    previous_response_id: z.string().nullable(),
    metadata: z.record(z.string(), z.string()),
    timings: timingsReply.optional(),
    schema_checked: z.literal(true).optional(),
    rivulet: place.optional(),
  })
  .openapi("Response");
