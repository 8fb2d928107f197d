/** GET /healthz: the Worker answers. GET /readyz: the weights are verified and a forward pass gives what it always gives. */
import { z } from "@hono/zod-openapi";
import { anyName } from "../api/object-address.ts";
import { RELEASE } from "../core/release.ts";
import { call } from "./call.ts";

import { endpoint } from "./endpoint.ts";

const readiness = z.strictObject({
  status: z.literal("ready"),
  model: z.string(),
  fingerprint: z.string(),
  golden: z.string().optional().openapi({
    description: "SHA-256 of the logits; absent while all places are taken, which proves as much.",
  }),
});

export const health = [
  endpoint(
    {
      method: "get",
      path: "/healthz",
      operationId: "health",
      tag: "Operation",
      summary: "Whether the Worker answers",
      open: true,
      replies: { 200: { description: "It does.", schema: z.strictObject({ status: z.literal("ok") }) } },
    },
    (c) => c.json({ status: "ok" }),
  ),
  endpoint(
    {
      method: "get",
      path: "/health",
      operationId: "healthForProbes",
      tag: "Operation",
      summary: "The same, where other servers have it",
      open: true,
      replies: { 200: { description: "It does.", schema: z.strictObject({ status: z.literal("ok") }) } },
    },
    (c) => c.json({ status: "ok" }),
  ),
  endpoint(
    {
      method: "get",
      path: "/version",
      operationId: "version",
      tag: "Operation",
      summary: "The server's release",
      open: true,
      replies: { 200: { description: "Its number.", schema: z.strictObject({ version: z.string() }) } },
    },
    (c) => c.json({ version: RELEASE.version }),
  ),
  endpoint(
    {
      method: "get",
      path: "/readyz",
      operationId: "ready",
      tag: "Operation",
      summary: "Whether the model computes",
      description:
        "Loads and verifies the weights when they are not, and runs a forward pass whose result must not change.",
      open: true,
      replies: { 200: { description: "It does.", schema: readiness } },
    },
    (c) => call(() => c.env.CONVERSATION.getByName(anyName()), "/ready", { signal: c.req.raw.signal }),
  ),
];
