/** portableRoutes: a conversation as a file, out and in; and shared prefixes, in the objects that hold them. */
import { Hono } from "hono";
import { type PrefixView, shownPrefix } from "../../src/api/conversations/prefix.ts";
import { MAIN } from "../../src/api/shared/ids.ts";
import { fileKeys } from "../../src/portable/file-format.ts";
import { conversationOf, idempotencyKeyOf, tenantOf } from "../platform/request-headers.ts";
import { SseBody } from "../platform/sse-body.ts";
import { hashed, keyOf, repeated } from "../storage/idempotency.ts";
import { turnIdOf } from "../turn/plan.ts";
import type { RunningTurn } from "../turn/running-turn.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import type { DirectoryOutbox } from "./directory-outbox.ts";
import { exportHead, identityOf } from "./export-file.ts";
import { importFile } from "./import-file.ts";
import { removeHead } from "./removal.ts";
import { makePrefix, type PrefixRequest, prefixFile, viewPrefix } from "./shared-prefix.ts";
import { headView } from "./views.ts";

/** Those that may find an empty object. */
export function beginRoutes(scheduler: Scheduler, outbox: DirectoryOutbox): Hono {
  const { host } = scheduler;
  return new Hono()
    .post("/import", async (c) => {
      const tenant = tenantOf(c);
      const { fingerprint, model } = c.req.query();
      const served = await host.served(fingerprint === undefined ? {} : { fingerprint, keptName: () => model });
      const { object, env } = host;
      const options = {
        keys: fileKeys(env.SESSION_KEY, tenant),
        model: identityOf(served),
        identity: { owner: tenant, object, fingerprint: served.fingerprint },
        head: { conversation: conversationOf(c) },
      };
      const { body, digest } = hashed(c.req.raw.body!);
      const given = idempotencyKeyOf(c);
      const key = given === undefined ? undefined : keyOf("import", given);
      const more = () => (key === undefined ? {} : { asked: [{ key, digest: digest() }] });
      const head = await scheduler.locks.alone(MAIN, async () => {
        const store = host.store();
        const there = store.database.exists && store.identity()?.owner === tenant ? store.heads.get(MAIN) : undefined;
        if (!there?.asked?.some((request) => request.key === key)) return importFile(host, body, { ...options, more });
        await body.pipeTo(new WritableStream());
        repeated(there, { key: key!, digest: digest() });
        return there;
      });
      return c.json(headView(host.store(), head!));
    })
    .post("/prefix", async (c) => {
      const request = (await c.req.json()) as PrefixRequest;
      const key = idempotencyKeyOf(c);
      const running = await makePrefix(scheduler, tenantOf(c), request, c.req.raw.signal, key);
      // It is there, or on its way already: nothing is computed for this request.
      if (!running)
        host.ended(tenantOf(c), turnIdOf({ ...request, ...(key === undefined ? {} : { idempotencyKey: key }) }), 0);
      const { stream, background } = c.req.query();
      const ended = (running?.until(() => running.over) ?? Promise.resolve()).then(() => outbox.publish());
      host.ctx.waitUntil(ended);
      if (stream) return progress(scheduler, running, c.req.raw.signal);
      if (!background) await ended;
      return c.json(viewPrefix(scheduler), background ? 202 : 200);
    });
}

export function portableRoutes(scheduler: Scheduler, outbox: DirectoryOutbox): Hono {
  const { host } = scheduler;
  return new Hono()
    .get("/export/:head", async (c) => {
      const { heads } = host.store();
      const keys = fileKeys(host.env.SESSION_KEY, tenantOf(c));
      const served = await host.served();
      return file(exportHead(host.store(), heads.require(c.req.param("head")), { keys, served }));
    })
    .get("/prefix", (c) => c.json(viewPrefix(scheduler)))
    .get("/prefix/file", async (c) => file(await prefixFile(scheduler, tenantOf(c))))
    .delete("/prefix", async (c) => {
      viewPrefix(scheduler);
      await removeHead(scheduler, outbox, MAIN);
      return c.json({ deleted: true });
    })
    .delete("/head/:head", async (c) => {
      await removeHead(scheduler, outbox, c.req.param("head"));
      return c.json({ deleted: true });
    });
}

const file = (body: ReadableStream<Uint8Array>) =>
  new Response(body, {
    headers: { "content-type": "application/vnd.rivulet.conversation", "cache-control": "no-store" },
  });

/** The prefix again and again while it is computed, then [DONE]. */
function progress(scheduler: Scheduler, running: RunningTurn | undefined, client: AbortSignal): Response {
  const stream = new SseBody(client);
  const work = async () => {
    let last = "";
    for (;;) {
      const isOver = !running || running.over;
      const view: PrefixView = viewPrefix(scheduler);
      const data = shownPrefix(view);
      if (JSON.stringify(data) !== last) await stream.send({ data });
      last = JSON.stringify(data);
      if (isOver || stream.gone.aborted) break;
      await running.next();
    }
    await stream.send({ data: "[DONE]" });
    stream.end();
  };
  scheduler.host.ctx.waitUntil(work().catch(() => stream.end()));
  return stream.response({ "cache-control": "no-store" });
}
