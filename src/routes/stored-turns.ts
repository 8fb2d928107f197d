/**
 * storedTurns: what every kind of reply can be asked for once it is kept: itself, the rest of
 * its stream, its end, its removal.
 */
import * as z from "zod";
import { removed } from "../api/conversations/replies.ts";
import { boolQuery, intQuery } from "../api/shared/fields.ts";
import { turnNamed } from "../api/shared/ids.ts";
import type { ReplyObject } from "../api/shared/turn.ts";
import { askObject } from "./ask-object.ts";
import { type Declared, type Endpoint, endpoint } from "./endpoint.ts";

interface Kind {
  object: ReplyObject;
  path: string;
  /** For operation ids: `Response`. */
  name: string;
  tag: string;
  schema: z.ZodType;
  /** What a failure looks like, where that is not the usual. */
  errors?: z.ZodType;
  /** What a removal says. */
  deleted: string;
  /** Query fields that are taken and have no effect. */
  query?: z.ZodRawShape;
}

const id = z.object({ id: z.string().min(1).max(128) });
const EVENTS_MAX = 100_000_000;

export function storedTurns({ object, path, name, tag, schema, errors, deleted, query = {} }: Kind): Declared[] {
  const about = (more: Pick<Endpoint<never, never, { id: string }>, "method" | "operationId" | "summary">) => ({
    ...more,
    tag,
    params: id,
    ...(errors ? { errors } : {}),
  });
  const reply = { description: "The reply so far.", schema };
  const form = `form=${object}`;
  return [
    endpoint(
      {
        ...about({
          method: "get",
          operationId: `retrieve${name}`,
          summary: "Get a kept reply, or the rest of its stream",
        }),
        path: `${path}/{id}`,
        description:
          "With `stream=true`, sends the reply's events, past and future. With `starting_after` or the header `Last-Event-ID`, sends exactly the events after that one, or 204 if there are none.",
        query: z.strictObject({
          stream: boolQuery.optional(),
          starting_after: intQuery(0, EVENTS_MAX).optional(),
          ...query,
        }),
        replies: {
          200: { ...reply, media: ["application/json", "text/event-stream"] },
          204: { description: "There are no further events." },
        },
      },
      (c, { caller, path: given, query: asked }) => {
        const { object: at, turn } = turnNamed(given.id);
        const { stream, starting_after } = asked as { stream?: boolean; starting_after?: number };
        const seen = c.req.header("last-event-id");
        const after = starting_after ?? (seen && /^\d{1,9}$/.test(seen) ? Number(seen) : undefined);
        const rest = `${stream ? "&stream=true" : ""}${after === undefined ? "" : `&after=${after}`}`;
        return askObject(c, { ...caller, object: at }, `/turn/${turn}?${form}${rest}`);
      },
    ),
    endpoint(
      {
        ...about({ method: "post", operationId: `cancel${name}`, summary: "Cancel a running reply" }),
        path: `${path}/{id}/cancel`,
        description: "Returns when the reply has ended. A reply that had already ended does not change.",
        replies: { 200: reply },
      },
      (c, { caller, path: given }) => {
        const { object: at, turn } = turnNamed(given.id);
        return askObject(c, { ...caller, object: at }, `/turn/${turn}/cancel?${form}`, { method: "POST" });
      },
    ),
    endpoint(
      {
        ...about({ method: "delete", operationId: `delete${name}`, summary: "Delete a reply" }),
        path: `${path}/{id}`,
        description: "A reply that other turns follow remains part of their history, but can no longer be requested.",
        replies: {
          200: {
            description: "It was deleted.",
            schema: removed(deleted),
          },
        },
      },
      async (c, { caller, path: given }) => {
        const { object: at, turn } = turnNamed(given.id);
        const response = await askObject(c, { ...caller, object: at }, `/turn/${turn}`, { method: "DELETE" });
        return response.ok ? c.json({ id: given.id, object: deleted, deleted: true }) : response;
      },
    ),
  ];
}
