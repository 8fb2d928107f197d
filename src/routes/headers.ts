/**
 * Headers of every reply: exact CORS for the origins that are listed, and what keeps a browser from doing
 * more with a reply than show it.
 */
import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";

type Middleware = MiddlewareHandler<{ Bindings: Env }>;

export const allowedOrigins = ({ ALLOWED_ORIGINS }: { ALLOWED_ORIGINS: string }): string[] =>
  ALLOWED_ORIGINS.split(/[\s,]+/).filter(Boolean);

const shared = cors({
  origin: (origin) => origin,
  allowMethods: ["GET", "POST", "DELETE"],
  // Whatever a listed origin asks for: clients send headers of their own, and none of them gives
  // more rights than the key does.
  allowHeaders: [],
  exposeHeaders: [
    "x-rivulet-state",
    "x-rivulet-ignored",
    "x-request-id",
    "request-id",
    "retry-after",
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
  ],
  maxAge: 7200,
});

/** Nothing for an origin that is not listed: its browser then keeps the reply to itself. */
export const crossOrigin: Middleware = async (c, next) => {
  const origin = c.req.header("origin");
  if (origin !== undefined && allowedOrigins(c.env).includes(origin)) return shared(c, next);
  await next();
  c.res.headers.append("vary", "Origin");
};

const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'"],
  connectSrc: ["'self'"],
  imgSrc: ["'self'", "data:"],
  frameAncestors: ["'none'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
};

export const secure: Middleware = secureHeaders({
  contentSecurityPolicy: POLICY,
  referrerPolicy: "no-referrer",
  // Replies may be read from the origins that CORS lets in.
  crossOriginResourcePolicy: "cross-origin",
});
