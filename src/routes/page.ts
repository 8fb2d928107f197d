/**
 * GET /, /page.js, /page.css: the chat page of web/, built by scripts/build-web.ts and part of the Worker; and the
 * libraries that it loads when it needs them.
 *
 * An isolate holds those that were asked for, compressed, since as text they would take three times the memory, and
 * sends them as they are to whoever takes gzip.
 *
 * The policy of every reply (headers.ts) lets the page run its own script and talk to its own server; whatever
 * a model writes can do neither.
 */
import { type Context, Hono } from "hono";
import { accepts } from "hono/accepts";
import { etag } from "hono/etag";

/** The bytes are in the isolate's memory from the first time on that somebody asks for them, and then for good. */
type Load = () => Promise<{ default: ArrayBuffer }>;

/** Who names no encoding, as curl does, may know none. */
const takesGzip = (c: Context): boolean =>
  accepts(c, { header: "Accept-Encoding", supports: ["gzip", "identity"], default: "identity" }) === "gzip";

/** Whole and not as a stream, so that its length can be told and its ETag does not depend on where a stream is cut. */
const unpacked = (gzip: ArrayBuffer): Promise<ArrayBuffer> =>
  new Response(new Response(gzip).body!.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();

const file = (load: Load, type: string) => async (c: Context) => {
  const { default: gzip } = await load();
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
const files: Record<string, [load: Load, type: string]> = {
  "/": [() => import("../../web/build/page.html.gz.bin"), "text/html"],
  "/page.css": [() => import("../../web/build/page.css.gz.bin"), "text/css"],
  "/page.js": [() => import("../../web/build/page.js.gz.bin"), "text/javascript"],
  "/chart.js": [() => import("../../web/build/chart.js.gz.bin"), "text/javascript"],
  "/highlight.js": [() => import("../../web/build/highlight.js.gz.bin"), "text/javascript"],
  "/html-text.js": [() => import("../../web/build/html-text.js.gz.bin"), "text/javascript"],
  "/maths.js": [() => import("../../web/build/maths.js.gz.bin"), "text/javascript"],
  "/pdf-text.js": [() => import("../../web/build/pdf-text.js.gz.bin"), "text/javascript"],
  "/pdf-worker.js": [() => import("../../web/build/pdf-worker.js.gz.bin"), "text/javascript"],
};

export const page = new Hono<{ Bindings: Env }>();
for (const [path, [load, type]] of Object.entries(files)) {
  page.use(path, etag());
  page.get(path, file(load, type));
}
