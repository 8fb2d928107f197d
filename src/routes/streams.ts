/**
 * /v1/streams: series of values that are forecast and watched as they come. Values themselves are in stream-values.ts.
 */
import type { Context } from "hono";
import { beginWith, forgetObject } from "../../durable-objects/directory/allowance.ts";
import { listDirectory } from "../../durable-objects/directory/directory-client.ts";
import type { Outcome } from "../../durable-objects/platform/outcome.ts";
import { forecasterPath } from "../../durable-objects/stream/served-forecaster.ts";
import { list, listOf, removed } from "../api/conversations/replies.ts";
import type { Caller } from "../api/object-address.ts";
import { readAtMost } from "../api/shared/parse-body.ts";
import { streamIdFor, streamObject } from "../api/streams/names.ts";
import { type StreamView, streamReply } from "../api/streams/replies.ts";
import { forkStream, rewindStream, streamCreate, streamsQuery, streamUpdate } from "../api/streams/requests.ts";
import { Failure, failures } from "../core/failure.ts";
import { type Bindings, endpoint } from "./endpoint.ts";
import { outcomeFrom } from "./object-outcome.ts";
import { ofStream, STREAMS, type StreamStub, streamOf } from "./one-stream.ts";

const FILE = "application/vnd.rivulet.stream";
const FILE_MAX_BYTES = 8 * 1024 * 1024;
const reply = { 200: { description: "The stream.", schema: streamReply } };

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
      tag: STREAMS,
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
      tag: STREAMS,
      summary: "List streams",
      description: "As of their creation or last change; request a stream itself for its position.",
      query: streamsQuery,
      replies: { 200: { description: "A page of the list.", schema: listOf(streamReply, "StreamList") } },
    },
    async (c, { tenant, query }) => {
      const { entries, hasMore } = await listDirectory(c.env, tenant, { kind: "stream", ...query });
      const shown = entries.map(({ info }) => info as unknown as StreamView);
      return c.json(list(shown, hasMore));
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/v1/streams/import",
      operationId: "importStream",
      tag: STREAMS,
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
  endpoint(
    {
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
