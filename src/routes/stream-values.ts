/** /v1/streams/…/values, /forecast and /events: what goes into a stream, and what comes out of it. */
import { keyOf, knownAmong, nothingKept } from "../../durable-objects/directory/allowance.ts";
import { streamObject } from "../api/streams/names.ts";
import { appendReply, historyReply, streamForecast, togetherReply } from "../api/streams/replies.ts";
import { eventsQuery, forecastQuery, historyQuery, streamsAppend, valuesAppend } from "../api/streams/requests.ts";
import { call, joinSocket } from "./call.ts";
import { endpoint } from "./endpoint.ts";
import { feedMany } from "./feed-many.ts";
import { outcomeFrom } from "./object-outcome.ts";
import { ofStream, STREAMS, streamOf } from "./one-stream.ts";

/** From so many streams on a request's values are written in one commit; of fewer, each writes its own. */
const TOGETHER_MIN = 4;
/** Of replies that the stream's object has written already. */
const JSON_TYPE = { "content-type": "application/json" };

export const streamValues = [
  endpoint(
    {
      method: "post",
      path: "/v1/streams/values",
      operationId: "appendManyStreamsValues",
      tag: STREAMS,
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
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
      ...ofStream,
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
      return joinSocket(stub, path, { tenant, digest });
    },
  ),
];
