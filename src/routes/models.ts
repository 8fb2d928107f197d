/** GET /v1/models and /v1/models/{model}. */
import { z } from "zod";
import { type ModelCard, modelCards, requireModel } from "../../durable-objects/model/model-card.ts";
import { modelList, modelReply } from "../api/models/reply.ts";
import { endpoint } from "./endpoint.ts";

const shown = (card: ModelCard): z.infer<typeof modelReply> => ({
  id: card.id,
  object: "model",
  created: card.created,
  owned_by: "rivulet",
  fingerprint: card.fingerprint,
  parameters: card.parameters,
  dtype: card.dtype,
  weight_bytes: card.weightBytes,
  context_length: card.contextLength,
  licence: card.licence ?? null,
  transformer_cache_bytes_per_token: card.transformerCacheBytesPerToken ?? null,
});

export const models = [
  endpoint(
    {
      method: "get",
      path: "/v1/models",
      operationId: "listModels",
      tag: "Models",
      summary: "The served models",
      description: "The default one first.",
      replies: { 200: { description: "All of them.", schema: modelList } },
    },
    async (c) => c.json({ object: "list", data: (await modelCards(c.env)).map(shown) }),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/models/{model}",
      operationId: "retrieveModel",
      tag: "Models",
      summary: "One model",
      params: z.object({ model: z.string().min(1).max(128) }),
      replies: { 200: { description: "The model.", schema: modelReply } },
    },
    async (c, { path }) => c.json(shown(await requireModel(c.env, path.model))),
  ),
];
