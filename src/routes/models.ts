/** GET /v1/models and /v1/models/:id. */
import { Hono } from "hono";
import { tenantOf } from "./caller.ts";
import { type ModelCard, modelCard, requireModel } from "./model-card.ts";

const shown = ({ id, fingerprint, parameters, dtype, contextLength, licence }: ModelCard) => ({
  id,
  object: "model",
  created: 0,
  owned_by: "rivulet",
  fingerprint,
  parameters,
  dtype,
  context_length: contextLength,
  licence: licence ?? null,
});

export const models = new Hono<{ Bindings: Env }>()
  .get("/v1/models", async (c) => {
    tenantOf(c.req.raw, c.env);
    return c.json({ object: "list", data: [shown(await modelCard(c.env))] });
  })
  .get("/v1/models/:id", async (c) => {
    tenantOf(c.req.raw, c.env);
    return c.json(shown(await requireModel(c.env, c.req.param("id"))));
  });
