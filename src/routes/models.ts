/** GET /v1/models and /v1/models/{model}: in Anthropic's form where the request has its header `anthropic-version`. */
import type { Context } from "hono";
import * as z from "zod";
import { type ModelCard, modelCards, requireModel } from "../../durable-objects/model/model-card.ts";
import { anthropicModel, anthropicModelList, modelList, modelReply, modelsQuery } from "../api/models/reply.ts";
import { Failure } from "../core/failure.ts";
import { type Bindings, endpoint } from "./endpoint.ts";

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

const shownToAnthropic = ({ id, created, contextLength }: ModelCard): z.infer<typeof anthropicModel> => ({
  type: "model",
  id,
  display_name: id,
  created_at: new Date(created * 1000).toISOString(),
  max_input_tokens: contextLength,
  max_tokens: contextLength,
  capabilities: null,
  lifecycle: "active",
  line: null,
  deprecated_at: null,
  retires_at: null,
});

const PAGE = 20;

/** Fails with `request_invalid` where no model has the name that a page is to begin after or end before. */
function pageOf(cards: readonly ModelCard[], query: z.infer<typeof modelsQuery>): z.infer<typeof anthropicModelList> {
  const { limit = PAGE, after_id: after, before_id: before } = query;
  const place = (id: string, param: string): number => {
    const at = cards.findIndex((card) => card.id === id);
    if (at < 0) throw new Failure("request_invalid", `${param}: no such model`, { param });
    return at;
  };
  const first = after === undefined ? 0 : place(after, "after_id") + 1;
  const end = before === undefined ? cards.length : place(before, "before_id");
  const isBackward = before !== undefined && after === undefined;
  const from = isBackward ? Math.max(first, end - limit) : first;
  const page = cards.slice(from, Math.min(end, from + limit)).map(shownToAnthropic);
  return {
    data: page,
    has_more: isBackward ? from > first : from + page.length < end,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}

const isForAnthropic = (c: Context<Bindings>): boolean => c.req.header("anthropic-version") !== undefined;

const twoForms = "With the header `anthropic-version` the model has Anthropic's form.";

export const models = [
  endpoint(
    {
      method: "get",
      path: "/v1/models",
      operationId: "listModels",
      tag: "Models",
      summary: "List the served models",
      description: `The default one first. ${twoForms}`,
      query: modelsQuery,
      replies: { 200: { description: "All served models.", schema: z.union([modelList, anthropicModelList]) } },
    },
    async (c, { query }) => {
      const cards = await modelCards(c.env);
      return isForAnthropic(c) ? c.json(pageOf(cards, query)) : c.json({ object: "list", data: cards.map(shown) });
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/models/{model}",
      operationId: "retrieveModel",
      tag: "Models",
      summary: "Get a model",
      description: twoForms,
      params: z.object({ model: z.string().min(1).max(128) }),
      replies: { 200: { description: "The model.", schema: z.union([modelReply, anthropicModel]) } },
    },
    async (c, { path }) => {
      const card = await requireModel(c.env, path.model);
      return c.json(isForAnthropic(c) ? shownToAnthropic(card) : shown(card));
    },
  ),
];
