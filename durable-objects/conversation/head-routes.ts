/**
 * headRoutes: the conversations of one tree over HTTP: make one, look at it, fork and rewind
 * it, add messages, list its turns.
 */
import { Hono } from "hono";
import type { Message } from "../../src/tokenizer/text-codec.ts";
import { conversationOf, idempotencyKeyOf, tenantOf } from "../platform/request-headers.ts";
import { asked, repeated } from "../storage/idempotency.ts";
import type { Scheduler } from "../turn/scheduler.ts";
import { type Change, HeadActions } from "./head-actions.ts";
import { searchSaid } from "./search-said.ts";
import { beginWithPrefix } from "./shared-prefix.ts";
import { turnList, turnsNamed } from "./turn-list.ts";
import { headView } from "./views.ts";

/** Bodies come from the Worker, which has checked what callers said. */
interface Bodies {
  change: Change;
  fork: Change & { at?: string | null };
  make: Change & { prefix?: string | null; model?: string };
}

/** Makes a conversation that holds nothing yet; the only one of these that may find an empty object. */
export function makeRoute(scheduler: Scheduler): Hono {
  const { host } = scheduler;
  const headActions = new HeadActions(host);
  return new Hono().put("/head/:head", async (c) => {
    const tenant = tenantOf(c);
    const { model, ...body } = (await c.req.json()) as Bodies["make"];
    const request = asked("make", idempotencyKeyOf(c), body);
    const store = host.store();
    const isNew = !store.database.exists || !repeated(store.heads.get(c.req.param("head")), request);
    if (body.prefix && isNew) {
      const fields = { id: c.req.param("head"), conversation: conversationOf(c) };
      await beginWithPrefix(scheduler, tenant, body.prefix, fields, model);
    }
    return c.json(await headActions.make(c.req.param("head"), tenant, conversationOf(c), body, request, model));
  });
}

export function headRoutes(scheduler: Scheduler): Hono {
  const { host } = scheduler;
  const headActions = new HeadActions(host);
  return new Hono()
    .get("/head/:head", (c) => c.json(headView(host.store(), host.store().heads.require(c.req.param("head")))))
    .post("/head/:head", async (c) =>
      c.json(headActions.change(c.req.param("head"), (await c.req.json()) as Bodies["change"])),
    )
    .post("/head", async (c) => {
      const body = (await c.req.json()) as Bodies["fork"];
      const request = asked(`fork ${conversationOf(c)}`, idempotencyKeyOf(c), body);
      return c.json(headActions.fork(conversationOf(c), body, request));
    })
    .post("/head/:head/rewind", async (c) => {
      const { to } = (await c.req.json()) as { to: string | null };
      const request = asked("rewind", idempotencyKeyOf(c), to);
      const head = c.req.param("head");
      return c.json(await scheduler.locks.alone(head, () => headActions.rewind(head, to, request)));
    })
    .post("/head/:head/messages", async (c) => {
      const { messages } = (await c.req.json()) as { messages: Message[] };
      const served = await host.served();
      return c.json(
        await scheduler.locks.alone(c.req.param("head"), () => headActions.add(c.req.param("head"), messages, served)),
      );
    })
    .get("/head/:head/search", (c) => {
      const { q = "", limit = "20" } = c.req.query();
      const { turn } = host.store().heads.require(c.req.param("head"));
      return c.json(searchSaid(host.store(), turn, q, Number(limit)));
    })
    .get("/turns", (c) => {
      const { ids, head, after, from, order, limit = "20", all, running } = c.req.query();
      if (ids !== undefined) return c.json(turnsNamed(host.store(), ids.split(","), running === "true"));
      const which = { hidden: all === "hidden", running: running === "true" };
      return c.json(turnList(host.store(), { head, after, from, order, limit: Number(limit), ...which }));
    });
}
