/** Replies of /v1/chat/completions and /v1/completions. */
import * as z from "zod";
import "../shared/openapi.ts";
import { recalledReply } from "../shared/recall.ts";
import { timingsReply, usageReply } from "../shared/usage.ts";

const bytes = z.array(z.int().min(0).max(255));
const tokenLogprob = z.strictObject({ token: z.string(), logprob: z.number(), bytes });
const logprobs = z
  .strictObject({ content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })), refusal: z.null() })
  .nullable();
const finishReason = z.enum(["stop", "length", "tool_calls", "function_call", "content_filter"]);

const called = z.strictObject({ name: z.string(), arguments: z.string() });
const call = z.strictObject({ id: z.string(), type: z.literal("function"), function: called });

const frame = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};

/** The turn as a node of its conversation, where it is kept, and what was recalled for it. */
export const place = z
  .strictObject({
    conversation: z.string().nullable().optional(),
    turn: z.string().optional(),
    parent: z.string().nullable().optional(),
    recalled: recalledReply.optional(),
  })
  .openapi("TurnPlace");

const status = z.literal("in_progress").optional().openapi({ description: "Present while the reply is not complete." });

export const chatCompletionReply = z
  .strictObject({
    ...frame,
    object: z.literal("chat.completion"),
    status,
    choices: z.array(
      z.strictObject({
        index: z.int(),
        message: z.looseObject({
          role: z.literal("assistant"),
          content: z.string().nullable(),
          tool_calls: z.array(call).optional(),
          function_call: called.optional(),
          refusal: z.null(),
        }),
        logprobs,
        finish_reason: finishReason,
      }),
    ),
    usage: usageReply.optional(),
    timings: timingsReply.optional(),
    schema_checked: z.literal(true).optional(),
    rivulet: place.optional(),
  })
  .openapi("ChatCompletion");

export const completionReply = z
  .strictObject({
    ...frame,
    object: z.literal("text_completion"),
    status,
    choices: z.array(
      z.strictObject({
        index: z.int(),
        text: z.string(),
        logprobs: z
          .strictObject({
            tokens: z.array(z.string()),
            token_logprobs: z.array(z.number()),
            top_logprobs: z.array(z.record(z.string(), z.number())),
            text_offset: z.array(z.int()),
          })
          .nullable(),
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usageReply.nullish(),
    timings: timingsReply.optional(),
    schema_checked: z.literal(true).optional(),
  })
  .openapi("Completion");
