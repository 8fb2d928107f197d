/** GET /metrics: counts of the isolate that answers, for Prometheus. */
import { liveInAll } from "../../durable-objects/model/admission.ts";
import { countsOf } from "../core/events.ts";
import { metricsText } from "../core/metrics.ts";
import { endpoint } from "./endpoint.ts";

export const metricsRoutes = [
  endpoint(
    {
      method: "get",
      path: "/metrics",
      operationId: "metrics",
      tag: "Operation",
      summary: "Counts for Prometheus",
      scope: "metrics",
      description:
        "Of the isolate that answers, since it began: on one machine that is all, at the edge one of many. Sums over all come from the logs.",
      replies: { 200: { description: "Prometheus' text format.", media: ["text/plain"] } },
    },
    (_, { scopes, digest }) =>
      // Who uses how much is told to an admin's key alone.
      new Response(metricsText(liveInAll(), countsOf(), digest !== "" && scopes.includes("admin")), {
        headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" },
      }),
  ),
];
