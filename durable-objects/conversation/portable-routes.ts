/** portableRoutes: a conversation as a file, out and in; and shared prefixes, in the objects that hold them. */
import { Hono } from "hono";
import { type PrefixView, shownPrefix } from "../../src/api/conversations/prefix.ts";
import { fileKeys } from "../../src/portable/file-format.ts";
import { conversationOf, idempotencyKeyOf, tenantOf } from "../platform/request-headers.ts";
import { EventStream } from "../platform/sse-body.ts";
import { hashed, keyOf, repeated } from "../storage/idempotency.ts";
import type { Host } from "../turn/context.ts";
import type { Live } from "../turn/running-turn.ts";
import type { Runs } from "../turn/scheduler.ts";
import type { Listing } from "./directory-outbox.ts";
import { exportHead, identityOf } from "./export-file.ts";
import { Branches } from "./head-actions.ts";
import { importFile } from "./import-file.ts";
import type { Removal } from "./removal.ts";
import { Prefixes, type PrefixRequest } from "./shared-prefix.ts";

/** Those that may find an empty object. */
export function beginRoutes(host: Host, runs: Runs, listing: Listing): Hono {
  const prefixes = new Prefixes(host, runs);
  const branches = new Branches(host);
  return new Hono()
    .post("/import", async (c) => {
      const tenant = tenantOf(c);
      const served = await host.served();
      const { object, env } = host;
      const options = {
        ...{ keys: fileKeys(env.SESSION_KEY, tenant), model: identityOf(served) },
        family: { owner: tenant, object, fingerprint: served.fingerprint },
        head: { conversation: conversationOf(c) },
      };
      const { body, digest } = hashed(c.req.raw.body!);
      const given = idempotencyKeyOf(c);
      const key = given === undefined ? undefined : keyOf("import", given);
      const more = () => (key === undefined ? {} : { asked: [{ key, digest: digest() }] });
      const head = await runs.locks.alone("main", async () => {
        const store = host.store();
        const there = store.database.exists && store.family()?.owner === tenant ? store.heads.get("main") : undefined;
        if (!there?.asked?.some((request) => request.key === key)) return importFile(host, body, { ...options, more });
        await body.pipeTo(new WritableStream());
        repeated(there, { key: key!, digest: digest() });
        return there;
      });
      return c.json(branches.view(head!));
    })
    .post("/prefix", async (c) => {
      const request = (await c.req.json()) as PrefixRequest;
      const live = await prefixes.make(tenantOf(c), request, c.req.raw.signal, idempotencyKeyOf(c));
      const { stream, background } = c.req.query();
      const ended = (live?.until(() => live.over) ?? Promise.resolve()).then(() => listing.tell());
      host.ctx.waitUntil(ended);
      if (stream) return progress(host, prefixes, live, c.req.raw.signal);
      if (!background) await ended;
      return c.json(prefixes.view(), background ? 202 : 200);
    });
}

export function portableRoutes(host: Host, runs: Runs, removal: Removal): Hono {
  const prefixes = new Prefixes(host, runs);
  return new Hono()
    .get("/export/:head", async (c) => {
      const { heads } = host.store();
      const keys = fileKeys(host.env.SESSION_KEY, tenantOf(c));
      const model = identityOf(await host.served());
      return file(exportHead(host.store(), heads.require(c.req.param("head")), { keys, model }));
    })
    .get("/prefix", (c) => c.json(prefixes.view()))
    .get("/prefix/file", async (c) => file(await prefixes.file(tenantOf(c))))
    .delete("/prefix", async (c) => {
      prefixes.view();
      await removal.remove("main");
      return c.json({ deleted: true });
    })
    .delete("/head/:head", async (c) => {
      await removal.remove(c.req.param("head"));
      return c.json({ deleted: true });
    });
}

const file = (body: ReadableStream<Uint8Array>) =>
  new Response(body, {
    headers: { "content-type": "application/vnd.rivulet.conversation", "cache-control": "no-store" },
  });

/** The prefix again and again while it is computed, then [DONE]. */
function progress(host: Host, prefixes: Prefixes, live: Live | undefined, client: AbortSignal): Response {
  const stream = new EventStream(client);
  const work = async () => {
    let last = "";
    for (;;) {
      const isOver = !live || live.over;
      const view: PrefixView = prefixes.view();
      const data = shownPrefix(view);
      if (JSON.stringify(data) !== last) await stream.send({ data });
      last = JSON.stringify(data);
      if (isOver || stream.gone.aborted) break;
      await live.next();
    }
    await stream.send({ data: "[DONE]" });
    stream.end();
  };
  host.ctx.waitUntil(work().catch(() => stream.end()));
  return stream.response({ "cache-control": "no-store" });
}
