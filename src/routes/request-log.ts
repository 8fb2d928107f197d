/**
 * requestLog: one line of JSON per request, and an id by which caller and log mean the same one.
 *
 * No text of a prompt or reply, no key, no query, no name of a conversation: only what the server itself decides.
 */
import type { MiddlewareHandler } from "hono";
import { matchedRoutes } from "hono/route";
import { metrics } from "../core/metrics.ts";

export const requestLog: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  const id = crypto.randomUUID();
  const beganMs = Date.now();
  await next();
  // OpenAI's clients look for the first name, Anthropic's for the second.
  for (const name of ["x-request-id", "request-id"]) c.res.headers.set(name, id);
  // The pattern, not the path: names of conversations are nobody else's business, and without number.
  const route = matchedRoutes(c).find(({ method }) => method !== "ALL")?.path ?? "none";
  metrics.requests.add(1, { method: c.req.method.slice(0, 16), route, status: c.res.status });
  console.log(
    JSON.stringify({
      level: c.res.status >= 500 ? "error" : "info",
      event: "request",
      request_id: id,
      method: c.req.method.slice(0, 16),
      route,
      status: c.res.status,
      ...(c.error
        ? { code: (c.error as { code?: string }).code ?? (c.req.raw.signal.aborted ? "client_gone" : "bug") }
        : {}),
      ms: Date.now() - beganMs,
    }),
  );
};
