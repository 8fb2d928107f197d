/** Replies of /v1/chat/completions. */
import { z } from "@hono/zod-openapi";
import { timingsReply, usageReply } from "./usage.ts";

const bytes = z.array(z.int().min(0).max(255));
const tokenLogprob = z.strictObject({ token: z.string(), logprob: z.number(), bytes });
const logprobs = z
  .object({ content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })), refusal: z.null() })
  .nullable();
const finishReason = z.enum(["stop", "length", "tool_calls", "content_filter"]);

const frame = {
  id: z.string(),
  created: z.int(),
  model: z.string(),
  system_fingerprint: z.string(),
};

export const chatCompletionReply = z
  .object({
    ...frame,
    object: z.literal("chat.completion"),
    choices: z.array(
      z.strictObject({
        index: z.int(),
        message: z.looseObject({ role: z.literal("assistant"), content: z.string().nullable(), refusal: z.null() }),
        logprobs,
        finish_reason: finishReason,
      }),
    ),
    usage: usageReply,
    timings: timingsReply,
  })
  .openapi("ChatCompletion");

export const chatChunkReply = z
  .object({
    ...frame,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.strictObject({
        index: z.int(),
        delta: z.looseObject({ role: z.literal("assistant").optional(), content: z.string().nullish() }),
        logprobs,
        finish_reason: finishReason.nullable(),
      }),
    ),
    usage: usageReply.nullish(),
    timings: timingsReply.optional(),
  })
  .openapi("ChatCompletionChunk");
