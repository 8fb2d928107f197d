/** Replies of /v1/models, in OpenAI's form and in Anthropic's. */
import * as z from "zod";
import "../shared/openapi.ts";
import { intQuery } from "../shared/fields.ts";

export const modelReply = z
  .strictObject({
    id: z.string(),
    object: z.literal("model"),
    created: z.int(),
    owned_by: z.string(),
    fingerprint: z
      .string()
      .openapi({ description: "SHA-256 of the pack's manifest; every stored state belongs to one." }),
    parameters: z.int(),
    dtype: z.string(),
    weight_bytes: z.int().openapi({ description: "The size of the weights in bytes, stored and in memory." }),
    context_length: z.int(),
    licence: z.string().nullable(),
    transformer_cache_bytes_per_token: z.int().nullable().openapi({
      description:
        "What a transformer of the same depth would keep per token: 2 · layers · key heads · head width · 2 bytes (f16). Null if the architecture is not known.",
    }),
  })
  .openapi("Model");

export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(modelReply) }).openapi("ModelList");

const never = z.null();

/** What Anthropic's clients know of a model. Dates are RFC 3339. */
export const anthropicModel = z
  .strictObject({
    type: z.literal("model"),
    id: z.string(),
    display_name: z.string(),
    created_at: z.iso.datetime(),
    max_input_tokens: z.int(),
    max_tokens: z.int(),
    capabilities: never,
    lifecycle: z.literal("active"),
    line: never,
    deprecated_at: never,
    retires_at: never,
  })
  .openapi("AnthropicModel");

export const anthropicModelList = z
  .strictObject({
    data: z.array(anthropicModel),
    has_more: z.boolean(),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
  })
  .openapi("AnthropicModelList");

/** Of Anthropic's form. */
export const modelsQuery = z.strictObject({
  limit: intQuery(1, 1000).optional().openapi({ description: "The default is 20." }),
  after_id: z.string().max(128).optional().openapi({ description: "The list continues after this model." }),
  before_id: z.string().max(128).optional().openapi({ description: "The list ends before this model." }),
});
