/** GET /metrics: counts of the isolate that answers, for Prometheus. */
import { liveInAll } from "../../durable-objects/model/admission.ts";
import { modelCards } from "../../durable-objects/model/model-card.ts";
import { engineMaxBytes } from "../../durable-objects/model/pack.ts";
import { loadedEngines } from "../../durable-objects/model/served-model.ts";
import { forecasterBytes } from "../../durable-objects/stream/served-forecaster.ts";
import { countsOf } from "../core/events.ts";
import { metricsText, type Standing } from "../core/metrics.ts";
import { endpoint } from "./endpoint.ts";

export const metricsRoutes = [
  endpoint(
    {
      method: "get",
      path: "/metrics",
      operationId: "metrics",
      tag: "Operation",
      summary: "Get metrics for Prometheus",
      scope: "metrics",
      description:
        "The metrics of the isolate that replies, since it started. On one machine that is everything; on Cloudflare it is one isolate of many, and totals come from the logs.",
      replies: { 200: { description: "Metrics in Prometheus' text format.", media: ["text/plain"] } },
    },
    async ({ env }, { scopes, digest }) =>
      // Who uses how much is told to an admin's key alone.
      new Response(metricsText(await standing(env), countsOf(), digest !== "" && scopes.includes("admin")), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
      }),
  ),
];

async function standing(env: Env): Promise<Standing> {
  // A pack that cannot be read is no reason to tell nothing.
  const cards = await modelCards(env).catch(() => []);
  const forecasting = forecasterBytes();
  return {
    live: liveInAll(),
    packs: cards.map(({ id, fingerprint, dtype }) => ({ model: id, fingerprint: fingerprint.slice(0, 12), dtype })),
    engines: [...loadedEngines(), ...(forecasting === undefined ? [] : [{ model: "forecaster", bytes: forecasting }])],
    engineMaxBytes: engineMaxBytes(env),
  };
}
