/**
 * messageErrors: every failure under /v1/messages in Anthropic's envelope, wherever it was found out, and
 * of models where its clients ask.
 */
import type { MiddlewareHandler } from "hono";
import { messageError } from "../api/messages/error-body.ts";
import type { ErrorBody } from "../api/shared/error-body.ts";

export const messageErrors: MiddlewareHandler<{ Bindings: Env }> = async (c, next) => {
  await next();
  if (isOfModels(c.req.path) && c.req.header("anthropic-version") === undefined) return;
  const { status, headers } = c.res;
  if (status < 400 || !/^application\/json/.test(headers.get("content-type") ?? "")) return;
  const { error } = (await c.res.clone().json()) as ErrorBody;
  c.res = undefined;
  c.res = Response.json({ type: "error", error: messageError(error) }, { status, headers: withoutLength(headers) });
};

const isOfModels = (path: string): boolean => path.startsWith("/v1/models");

function withoutLength(given: Headers): Headers {
  const headers = new Headers(given);
  headers.delete("content-length");
  return headers;
}
