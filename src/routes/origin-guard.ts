/**
 * originGuard: refuses requests that a page of somebody else's made a browser send, before anything
 * is looked at, on every method.
 *
 * A page of another site can send a request it cannot read the reply of, and that is enough to start work; so its
 * `Origin` must be the server's own or a listed one. A name that its owner points at this machine (DNS rebinding) makes
 * any page look like one of the server's own; so on one machine `Host` must be a name of that machine or a listed one.
 * Where ALLOWED_HOSTS is empty the platform decides which hosts come here.
 */
import type { MiddlewareHandler } from "hono";
import { Failure } from "../core/failure.ts";
import { allowedOrigins } from "./headers.ts";

type Variables = Pick<Env, "ALLOWED_ORIGINS" | "ALLOWED_HOSTS">;

type Middleware = MiddlewareHandler<{ Bindings: Env }>;

export const hostGuard: Middleware = async (c, next) => {
  checkHost(c.req.raw, c.env);
  await next();
};

export const originGuard: Middleware = async (c, next) => {
  checkOrigin(c.req.raw, c.env);
  await next();
};

/** Fails with `host_refused`. */
function checkHost(request: Request, { ALLOWED_HOSTS }: Pick<Variables, "ALLOWED_HOSTS">): void {
  const allowed = (ALLOWED_HOSTS ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean);
  if (allowed.length === 0) return;
  const { host, hostname } = new URL(request.url);
  const isAddress = /^\[.*\]$|^\d+\.\d+\.\d+\.\d+$/.test(hostname);
  if (allowed.includes(host) || allowed.includes(hostname) || (isAddress && allowed.includes("address"))) return;
  const message = `host: expected a name of this server, got ${show(host)}; ALLOWED_HOSTS lists others that lead here`;
  throw new Failure("host_refused", message, { param: "host" });
}

/** Fails with `origin_refused`. */
function checkOrigin(request: Request, { ALLOWED_ORIGINS }: Pick<Variables, "ALLOWED_ORIGINS">): void {
  const origin = request.headers.get("origin");
  if (origin === null || isOwn(origin, new URL(request.url)) || allowedOrigins({ ALLOWED_ORIGINS }).includes(origin))
    return;
  const message = `origin: pages of ${show(origin)} may not talk to the server; ALLOWED_ORIGINS lists those that may`;
  throw new Failure("origin_refused", message, { param: "origin" });
}

/** A proxy in front may have ended TLS: its page says https, and the request comes as http. */
function isOwn(origin: string, { protocol, host }: URL): boolean {
  const from = URL.parse(origin);
  return from !== null && from.host === host && (from.protocol === protocol || from.protocol === "https:");
}

const show = (text: string): string => JSON.stringify(text.slice(0, 100)).slice(1, -1);
