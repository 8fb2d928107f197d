/** Replies of /v1/models. */
import { z } from "@hono/zod-openapi";

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
    weight_bytes: z.int().openapi({ description: "Of the weights, as they are stored and in memory." }),
    context_length: z.int(),
    licence: z.string().nullable(),
    transformer_cache_bytes_per_token: z.int().nullable().openapi({
      description:
        "What a transformer of the same depth would keep for each token: 2 · layers · key heads · head width · 2 bytes (f16). Null when the architecture is not known.",
    }),
  })
  .openapi("Model");

export const modelList = z.strictObject({ object: z.literal("list"), data: z.array(modelReply) }).openapi("ModelList");
