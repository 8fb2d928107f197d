/** GET /v1/usage: what the caller's tenant and key have used, against what they may. */
import * as z from "zod";
import "../api/shared/openapi.ts";
import { usageOf } from "../../durable-objects/directory/directory-client.ts";
import { limitsOf, type QuotaLimits, type QuotaName, USUAL } from "../api/shared/quota-limits.ts";
import { endpoint } from "./endpoint.ts";

const count = z.strictObject({
  used: z.number().openapi({ description: "So far: in this minute, today (UTC), or now." }),
  limit: z.number().nullable().openapi({ description: "At most; null where there is no limit." }),
});
const counts = z.strictObject(
  Object.fromEntries(Object.keys(USUAL).map((name) => [name, count])) as Record<QuotaName, typeof count>,
);
const usageReply = z
  .strictObject({
    object: z.literal("usage"),
    tenant: counts.openapi({ description: "Of all keys of the tenant together." }),
    key: counts.openapi({ description: "Of the key that asks. Bytes and conversations are the tenant's." }),
  })
  .openapi("Usage");

export const usageRoutes = [
  endpoint(
    {
      method: "get",
      path: "/v1/usage",
      operationId: "usage",
      tag: "Operation",
      summary: "Get the tenant's usage and limits",
      replies: { 200: { description: "Usage and limits.", schema: usageReply } },
    },
    async (c, { tenant, digest }) => {
      const limits = limitsOf((c.env as { LIMITS?: string }).LIMITS, tenant, digest);
      const used = await usageOf(c.env, tenant, digest.slice(0, 16));
      return c.json({ object: "usage", tenant: shown(used.tenant, limits.tenant), key: shown(used.key, limits.key) });
    },
  ),
];

const shown = (used: Record<QuotaName, number>, limits: QuotaLimits) =>
  Object.fromEntries(
    Object.entries(used).map(([name, value]) => {
      const limit = limits[name as QuotaName];
      return [name, { used: value, limit: Number.isFinite(limit) ? limit : null }];
    }),
  );
