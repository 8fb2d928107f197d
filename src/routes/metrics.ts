/** GET /metrics: counts of the isolate that answers, for Prometheus. */
import { liveInAll } from "../../durable-objects/model/admission.ts";
import { modelCards } from "../../durable-objects/model/model-card.ts";
import { engineMaxBytes } from "../../durable-objects/model/pack.ts";
import { loadedEngines } from "../../durable-objects/model/served-model.ts";
import { peersOf } from "../../durable-objects/platform/peers.ts";
import { forecasterBytes } from "../../durable-objects/stream/served-forecaster.ts";
import { countsOf } from "../core/event-counts.ts";
import { type Gauges, metricsText, summed } from "../core/metrics.ts";
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
        "The metrics of the isolate that replies, since it started. On one machine that is all of its processes together; on Cloudflare it is one isolate of many, and totals come from the logs.",
      replies: { 200: { description: "Metrics in Prometheus' text format.", media: ["text/plain"] } },
    },
    async ({ env }, { scopes, digest }) => {
      // Who uses how much is told to an admin's key alone.
      const tenants = digest !== "" && scopes.includes("admin");
      // One that is being started again has nothing to tell.
      const others = peersOf(env).map((peer) => peer.metricsText(tenants).catch(() => ""));
      const texts = [await metricsOf(env, tenants), ...(await Promise.all(others))];
      return new Response(texts.length === 1 ? texts[0]! : summed(texts), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
      });
    },
  ),
];

/** Of this isolate alone. */
export const metricsOf = async (env: Env, tenants: boolean): Promise<string> =>
  metricsText(await gauges(env), countsOf(), tenants);

async function gauges(env: Env): Promise<Gauges> {
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
