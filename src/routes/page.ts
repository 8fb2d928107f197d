/**
 * GET /, /page.js, /page.css: the chat page of web/, built by scripts/build-web.ts and part of the Worker.
 *
 * The policy of every reply (headers.ts) lets the page run its own script and talk to its own server; whatever a model writes can do neither.
 */
import { Hono } from "hono";
import { etag } from "hono/etag";
import css from "../../web/build/page.css.txt";
import html from "../../web/build/page.html";
import js from "../../web/build/page.js.txt";

const file = (body: string, type: string) => () =>
  new Response(body, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-cache",
    },
  });

export const page = new Hono<{ Bindings: Env }>();
for (const path of ["/", "/page.js", "/page.css"]) page.use(path, etag());
page.get("/", file(html, "text/html"));
page.get("/page.js", file(js, "text/javascript"));
page.get("/page.css", file(css, "text/css"));
