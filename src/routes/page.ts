/**
 * GET /, /page.js, /page.css: the chat page of web/, built by scripts/build-web.ts and part of the Worker; and the libraries that it loads
 * when it needs them.
 *
 * An isolate holds them compressed, since as text they would take three times the memory, and sends them as they are to whoever takes gzip.
 *
 * The policy of every reply (headers.ts) lets the page run its own script and talk to its own server; whatever a model writes can do neither.
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { etag } from "hono/etag";
import chart from "../../web/build/chart.js.gz.bin";
import highlight from "../../web/build/highlight.js.gz.bin";
import htmlText from "../../web/build/html-text.js.gz.bin";
import maths from "../../web/build/maths.js.gz.bin";
import css from "../../web/build/page.css.gz.bin";
import html from "../../web/build/page.html.gz.bin";
import js from "../../web/build/page.js.gz.bin";
import pdfText from "../../web/build/pdf-text.js.gz.bin";
import pdfWorker from "../../web/build/pdf-worker.js.gz.bin";

/** Who names no encoding, as curl does, may know none. */
const takesGzip = (c: Context): boolean =>
  accepts(c, { header: "Accept-Encoding", supports: ["gzip", "identity"], default: "identity" }) === "gzip";

/** Whole and not as a stream, so that its length can be told and its ETag does not depend on where a stream is cut. */
const unpacked = (gzip: ArrayBuffer): Promise<ArrayBuffer> =>
  new Response(new Response(gzip).body!.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

const file = (gzip: ArrayBuffer, type: string) => async (c: Context) => {
  const headers = {
    "content-type": `${type}; charset=utf-8`,
    "cache-control": "no-cache",
    vary: "Accept-Encoding",
  };
  return takesGzip(c)
    ? new Response(gzip, { headers: { ...headers, "content-encoding": "gzip" }, encodeBody: "manual" })
    : new Response(await unpacked(gzip), { headers });
};

/** Every file of web/lazy/ stands here, as a test makes sure: the bundler wants to read each import. */
const files: Record<string, [gzip: ArrayBuffer, type: string]> = {
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
for (const [path, [gzip, type]] of Object.entries(files)) {
  page.use(path, etag());
  page.get(path, file(gzip, type));
}
