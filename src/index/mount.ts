/**
 * rivulet/worker: the server to mount in a Worker of one's own, `app.route("/ai", rivulet())`, and the Durable Object
 * classes to export again. What the Worker binds is in templates/worker.
 */
import { Hono } from "hono";
import server from "../index.ts";

// `Inside` is what processes of an installed `rivulet start` call each other by; no other Worker binds it.
export { Conversation, Directory, Inside, PromptCache, ResponseSocket, Stage, Stream, StreamLedger } from "../index.ts";
export { server };

/**
 * A Hono application that answers below the path it is mounted at.
 *
 * Every request is handed on under the path that the server knows, so that routes, its own 404s and its error
 * handler are the same as without a mount. The mounting application may bring another copy of Hono: only its
 * public `c.req.routePath` is read.
 */
export function rivulet(): Hono<{ Bindings: Env }> {
  const mounted = new Hono<{ Bindings: Env }>();
  mounted.all("/*", (c) => {
    const url = new URL(c.req.url);
    const base = c.req.routePath.replace(/\/?\*$/, "");
    // The page's links are relative to its own folder.
    if (url.pathname === base && c.req.method === "GET") return c.redirect(`${base}/${url.search}`, 308);
    url.pathname = url.pathname.slice(base.length) || "/";
    return server.fetch(new Request(url, c.req.raw), c.env, executionContextOf(c));
  });
  return mounted;
}

/** A test may call an application without one. */
function executionContextOf(c: { executionCtx: unknown }): ExecutionContext | undefined {
  try {
    return c.executionCtx as ExecutionContext;
  } catch {
    return undefined;
  }
}
