/** GET /healthz: the Worker answers. GET /readyz: the weights are verified and a forward pass gives what it always gives. */
import { Hono } from "hono";
import { call } from "./call.ts";
import { anyName } from "./caller.ts";

export const health = new Hono<{ Bindings: Env }>()
  .get("/healthz", (c) => c.json({ status: "ok" }))
  .get("/readyz", (c) => call(c.env.CONVERSATION.getByName(anyName()), "/ready", { signal: c.req.raw.signal }));
