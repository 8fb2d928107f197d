/** /v1/streams: series of values that are forecast and watched as they come. */
import type { Context } from "hono";
import {
  beginWith,
  forgetObject,
  keyOf,
  knownAmong,
  nothingKept,
  requireObject,
} from "../../durable-objects/directory/allowance.ts";
import { listDirectory } from "../../durable-objects/directory/directory-client.ts";
import type { Outcome } from "../../durable-objects/platform/outcome.ts";
import { forecasterPath } from "../../durable-objects/stream/served-forecaster.ts";
import type { Stream } from "../../durable-objects/stream/stream.ts";
import { list, listOf, removed } from "../api/conversations/replies.ts";
import type { Caller } from "../api/object-address.ts";
import { readAtMost } from "../api/shared/parse-body.ts";
import { streamIdFor, streamObject } from "../api/streams/names.ts";
import {
  appendReply,
  historyReply,
  type StreamView,
  streamForecast,
  streamReply,
  togetherReply,
} from "../api/streams/replies.ts";
import {
  eventsQuery,
  forecastQuery,
  forkStream,
  historyQuery,
  rewindStream,
  streamCreate,
  streamPath,
  streamsAppend,
  streamsQuery,
  streamUpdate,
  valuesAppend,
} from "../api/streams/requests.ts";
import { Failure, failures } from "../core/failure.ts";
import { call } from "./call.ts";
import { type Bindings, endpoint } from "./endpoint.ts";
import { feedMany } from "./feed-many.ts";
import { outcomeFrom } from "./object-outcome.ts";

const FILE = "application/vnd.rivulet.stream";
const FILE_MAX_BYTES = 8 * 1024 * 1024;
/** From so many streams on a request's values are written in one commit; of fewer, each writes its own. */
const TOGETHER_MIN = 4;
/** Of replies that the stream's object has written already. */
const JSON_TYPE = { "content-type": "application/json" };
const tag = "Streams";
const about = { tag, params: streamPath };
const reply = { 200: { description: "The stream.", schema: streamReply } };

type StreamStub = DurableObjectStub<Stream>;

/** The object of a stream that is there. Fails with `not_found` without asking it: that alone would make one. */
async function streamOf(c: Context<Bindings>, { tenant }: Pick<Caller, "tenant">, id: string): Promise<StreamStub> {
  const object = streamObject(c.env, tenant, id);
  await requireObject(c.env, tenant, object, () => nothingKept("id"));
  return c.env.STREAM.getByName(object);
}

/** Begins a stream under a new id, or finds what the same key began. */
async function begin(
  c: Context<Bindings>,
  caller: Caller,
  what: string,
  work: (stub: StreamStub, id: string) => Promise<Outcome<StreamView>>,
): Promise<StreamView> {
  forecasterPath(c.env);
  const id = streamIdFor(c.env, caller, what);
  const object = streamObject(c.env, caller.tenant, id);
  const begun = await beginWith(c.env, caller, object);
  try {
    return await outcomeFrom(work(c.env.STREAM.getByName(object), id));
  } catch (thrown) {
    const { code } = Failure.from(thrown);
    // Without a forecaster nothing was stored, though it is not the caller's fault.
    c.executionCtx.waitUntil(begun.undo(code.startsWith("weights_") ? 400 : failures[code].status));
    throw thrown;
  }
}

export const streams = [
  endpoint(
    {
      method: "post",
      path: "/v1/streams",
      operationId: "createStream",
      tag,
      summary: "Create a stream of values",
      body: streamCreate,
      replies: reply,
    },
    async (c, { tenant, caller, body }) =>
      c.json(await begin(c, caller, "begin", (stub, id) => stub.create(tenant, id, body))),
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/streams",
      operationId: "listStreams",
      tag,
      summary: "List streams",
      description: "As of their creation or last change; request a stream itself for its position.",
      query: streamsQuery,
      replies: { 200: { description: "A page of the list.", schema: listOf(streamReply, "StreamList") } },
    },
    async (c, { tenant, query: { limit = 20, order = "desc", after } }) => {
      const page = { kind: "stream" as const, limit, order, ...(after === undefined ? {} : { after }) };
      const { entries, hasMore } = await listDirectory(c.env, tenant, page);
      return c.json(
        list(
          entries.map(({ info }) => info as unknown as StreamView),
          hasMore,
        ),
      );
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/streams/import",
      operationId: "importStream",
      tag,
      summary: "Import a stream from a file",
      description:
        "The stream gets a new id. The file is refused if it is damaged, or belongs to another tenant, another forecaster or a server with another secret.",
      body: { media: FILE, also: ["application/octet-stream"] },
      replies: reply,
    },
    async (c, { tenant, caller }) => {
      const file = new TextDecoder().decode(await readAtMost(c.req.raw, FILE_MAX_BYTES));
      return c.json(await begin(c, caller, "import", (stub, id) => stub.importFile(tenant, id, file)));
    },
  ),
  // Before /v1/streams/{id}, which its path looks like.
  endpoint(
    {
      method: "post",
      path: "/v1/streams/values",
      operationId: "appendManyStreamsValues",
      tag,
      computes: "values",
      summary: "Feed values to many streams",
      description:
        "One request feeds up to 1,000 streams and 4,096 values, for example from many sensors. Each stream accepts all of its values or none, and a stream that refuses its values does not affect the others. With an `Idempotency-Key` each stream accepts its batch once.",
      body: streamsAppend,
      replies: { 200: { description: "What each stream accepted.", schema: togetherReply } },
    },
    async (c, { tenant, digest, caller, body }) => {
      const objects = body.streams.map(({ id }) => streamObject(c.env, tenant, id));
      const known = await knownAmong(c.env, tenant, objects);
      const [counted, key] = [keyOf(digest), caller.idempotencyKey];
      const together = body.streams.length >= TOGETHER_MIN;
      const data = await feedMany(body.streams, async ({ id: _, ...values }, at) => {
        if (!known.has(objects[at]!)) throw nothingKept("id");
        const stub = c.env.STREAM.getByName(objects[at]!);
        return outcomeFrom(stub.append(tenant, values, { counted, key, together }));
      });
      return c.body(`{"object":"list","data":[${data.join(",")}]}`, 200, JSON_TYPE);
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}",
      operationId: "retrieveStream",
      summary: "Get a stream",
      replies: reply,
    },
    async (c, { tenant, caller, path: { id } }) =>
      c.json(await outcomeFrom((await streamOf(c, caller, id)).view(tenant))),
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/streams/{id}",
      operationId: "updateStream",
      summary: "Change a stream's name, rules or defaults",
      description: "Fields that are left out do not change; null restores the default.",
      body: streamUpdate,
      replies: reply,
    },
    async (c, { tenant, caller, body, path: { id } }) =>
      c.json(await outcomeFrom((await streamOf(c, caller, id)).change(tenant, body))),
  ),
  endpoint(
    {
      ...about,
      method: "delete",
      path: "/v1/streams/{id}",
      operationId: "deleteStream",
      summary: "Delete a stream",
      replies: { 200: { description: "It was deleted.", schema: removed("stream.deleted") } },
    },
    async (c, { tenant, caller, path: { id } }) => {
      await outcomeFrom((await streamOf(c, caller, id)).remove(tenant));
      forgetObject(streamObject(c.env, tenant, id));
      return c.json({ id, object: "stream.deleted", deleted: true });
    },
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/streams/{id}/values",
      operationId: "appendStreamValues",
      computes: "values",
      summary: "Feed values to a stream",
      description:
        "The stream accepts all values or, if one of them cannot be accepted, none. Each value is returned with what was expected and how unlikely it was. With an `Idempotency-Key` the same batch is accepted once.",
      body: valuesAppend,
      replies: { 200: { description: "What the stream accepted.", schema: appendReply } },
    },
    async (c, { tenant, digest, caller, body, path: { id } }) => {
      const stub = await streamOf(c, caller, id);
      const reply = await outcomeFrom(
        stub.append(tenant, body, { counted: keyOf(digest), key: caller.idempotencyKey }),
      );
      return c.body(reply, 200, JSON_TYPE);
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}/values",
      operationId: "listStreamValues",
      summary: "List the last values, in order",
      query: historyQuery,
      replies: { 200: { description: "The values.", schema: historyReply } },
    },
    async (c, { tenant, caller, query: { limit }, path: { id } }) => {
      const { data, hasMore } = await outcomeFrom((await streamOf(c, caller, id)).history(tenant, limit));
      return c.json({ object: "list", data, has_more: hasMore });
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}/forecast",
      operationId: "forecastStream",
      computes: "values",
      summary: "Forecast the next values",
      description:
        "Returns quantiles of each of the next values. The first step's quantiles are the model's own; later ones come from sampled futures, which stay the same until the next value arrives.",
      query: forecastQuery,
      replies: { 200: { description: "The forecast.", schema: streamForecast } },
    },
    async (c, { tenant, digest, caller, query, path: { id } }) =>
      c.json(await outcomeFrom((await streamOf(c, caller, id)).forecast(tenant, query, keyOf(digest)))),
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}/events",
      operationId: "listenToStream",
      summary: "Listen to values, alerts and forecasts",
      description:
        "Sends server-sent events `stream.values`, `stream.alert` and, with `h`, `stream.forecast`, from now on. With an upgrade it sends the same over a WebSocket: each event is a JSON frame with its name as `type`.",
      query: eventsQuery,
      replies: {
        200: { description: "The events.", media: ["text/event-stream"] },
        101: { description: "The protocol is switched." },
      },
    },
    async (c, { tenant, digest, caller, query: { h }, path: { id } }) => {
      const stub = await streamOf(c, caller, id);
      await outcomeFrom(stub.view(tenant));
      const path = `/events${h === undefined ? "" : `?h=${h}`}`;
      const { headers, signal } = c.req.raw;
      if (headers.get("upgrade")?.toLowerCase() !== "websocket") return call(() => stub, path, { signal });
      const answer = await stub.fetch(`http://stream${path}`, {
        headers: { upgrade: "websocket", "x-rivulet-tenant": tenant, "x-rivulet-key": digest },
      });
      if (!answer.webSocket) return new Response(answer.body, answer);
      return new Response(null, { status: 101, webSocket: answer.webSocket });
    },
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/streams/{id}/fork",
      operationId: "forkStream",
      summary: "Fork a stream",
      description: "For hypothetical values: the fork can be fed with them, and the stream does not change.",
      body: forkStream,
      replies: reply,
    },
    async (c, { tenant, caller, body, path: { id } }) => {
      const file = await outcomeFrom((await streamOf(c, caller, id)).exportFile(tenant));
      return c.json(await begin(c, caller, `fork ${id}`, (stub, own) => stub.importFile(tenant, own, file, body)));
    },
  ),
  endpoint(
    {
      ...about,
      method: "post",
      path: "/v1/streams/{id}/rewind",
      operationId: "rewindStream",
      summary: "Rewind a stream to an earlier value",
      body: rewindStream,
      replies: reply,
    },
    async (c, { tenant, caller, body: { position }, path: { id } }) =>
      c.json(await outcomeFrom((await streamOf(c, caller, id)).rewind(tenant, position))),
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}/export",
      operationId: "exportStream",
      summary: "Export a stream as one file",
      replies: { 200: { description: "The file.", media: [FILE] } },
    },
    async (c, { tenant, caller, path: { id } }) => {
      const file = await outcomeFrom((await streamOf(c, caller, id)).exportFile(tenant));
      return c.body(file, 200, {
        "content-type": FILE,
        "content-disposition": 'attachment; filename="stream.rivulet"',
      });
    },
  ),
];
