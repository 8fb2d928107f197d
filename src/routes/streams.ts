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
      summary: "Begin a stream of values",
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
      summary: "The caller's streams",
      description: "As they were when they were begun or changed last; a stream itself tells its position.",
      query: streamsQuery,
      replies: { 200: { description: "A page of them.", schema: listOf(streamReply, "StreamList") } },
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
      summary: "A stream from its file",
      description:
        "Under a new id. Refused when the file is damaged, of another tenant, of a server with another secret, or of another forecaster.",
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
        "For whoever gathers the values of many sensors: one request for as many as 1,000 streams and 4,096 values. Each stream takes its values whole or not at all, and one that refuses its own holds up no other. With an `Idempotency-Key` each takes its batch once.",
      body: streamsAppend,
      replies: { 200: { description: "What each of them took.", schema: togetherReply } },
    },
    async (c, { tenant, digest, caller, body }) => {
      const objects = body.streams.map(({ id }) => streamObject(c.env, tenant, id));
      const known = await knownAmong(c.env, tenant, objects);
      const data = await feedMany(body.streams, async ({ id: _, ...values }, at) => {
        if (!known.has(objects[at]!)) throw nothingKept("id");
        const stub = c.env.STREAM.getByName(objects[at]!);
        return outcomeFrom(stub.append(tenant, values, keyOf(digest), caller.idempotencyKey));
      });
      return c.json({ object: "list" as const, data });
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}",
      operationId: "retrieveStream",
      summary: "One stream",
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
      description: "What is left out stays; null puts it back to what holds unless given.",
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
      summary: "Remove a stream",
      replies: { 200: { description: "It is gone.", schema: removed("stream.deleted") } },
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
      summary: "Feed values",
      description:
        "All of them or, where one cannot be taken, none. Each comes back with what had been expected of it and how unlikely it was. With an `Idempotency-Key` the same batch is taken once.",
      body: valuesAppend,
      replies: { 200: { description: "What was taken.", schema: appendReply } },
    },
    async (c, { tenant, digest, caller, body, path: { id } }) => {
      const stub = await streamOf(c, caller, id);
      return c.json(await outcomeFrom(stub.append(tenant, body, keyOf(digest), caller.idempotencyKey)));
    },
  ),
  endpoint(
    {
      ...about,
      method: "get",
      path: "/v1/streams/{id}/values",
      operationId: "listStreamValues",
      summary: "The last values, in order",
      query: historyQuery,
      replies: { 200: { description: "Values.", schema: historyReply } },
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
      summary: "What is expected next",
      description:
        "Quantiles of each of the next values. The first step's are the model's own; later ones come from futures that are drawn, the same ones as long as no value comes.",
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
      summary: "Values, alerts and forecasts as they come",
      description:
        "Server-sent events `stream.values`, `stream.alert` and, with `h`, `stream.forecast`, from now on. With an upgrade the same over a WebSocket: each event is a JSON frame with its name as `type`.",
      query: eventsQuery,
      replies: {
        200: { description: "Events.", media: ["text/event-stream"] },
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
      summary: "A copy that goes its own way",
      description: "For values that did not happen: the fork is fed what might, and the stream stays as it is.",
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
      summary: "Take the last values back",
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
      summary: "The stream as one file",
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
