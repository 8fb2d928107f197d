/**
 * GET /, /page.js, /page.css: the chat page of web/, built by scripts/build-web.ts and part of the Worker; and the libraries that it loads
 * when it needs them.
 *
 * The policy of every reply (headers.ts) lets the page run its own script and talk to its own server; whatever a model writes can do neither.
 */
import { Hono } from "hono";
import { etag } from "hono/etag";
import chart from "../../web/build/chart.js.txt";
import highlight from "../../web/build/highlight.js.txt";
import htmlText from "../../web/build/html-text.js.txt";
import maths from "../../web/build/maths.js.txt";
import css from "../../web/build/page.css.txt";
import html from "../../web/build/page.html";
import js from "../../web/build/page.js.txt";
import pdfText from "../../web/build/pdf-text.js.txt";
import pdfWorker from "../../web/build/pdf-worker.js.txt";

const file = (body: string, type: string) => () =>
  new Response(body, {
    headers: {
      "content-type": `${type}; charset=utf-8`,
      "cache-control": "no-cache",
    },
  });

/** Every file of web/lazy/ stands here, as a test makes sure: the bundler wants to read each import. */
const files: Record<string, [body: string, type: string]> = {
  "/": [html, "text/html"],
  "/page.css": [css, "text/css"],
  "/page.js": [js, "text/javascript"],
  "/chart.js": [chart, "text/javascript"],
  "/highlight.js": [highlight, "text/javascript"],
  "/html-text.js": [htmlText, "text/javascript"],
  "/maths.js": [maths, "text/javascript"],
  "/pdf-text.js": [pdfText, "text/javascript"],
  "/pdf-worker.js": [pdfWorker, "text/javascript"],
};

export const page = new Hono<{ Bindings: Env }>();
for (const [path, [body, type]] of Object.entries(files)) {
  page.use(path, etag());
  page.get(path, file(body, type));
}
