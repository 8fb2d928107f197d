/** /v1/prefixes: texts whose state is computed once, for any number of conversations to begin with. */
import * as z from "zod";
import { allowTurn } from "../../durable-objects/directory/allowance.ts";
import { listDirectory } from "../../durable-objects/directory/directory-client.ts";
import { requireModel } from "../../durable-objects/model/model-card.ts";
import { turnIdOf } from "../../durable-objects/turn/plan.ts";
import {
  PREFIX_MAX_BYTES,
  type PrefixView,
  prefixName,
  prefixObject,
  prefixQuery,
  prefixReply,
  prefixRequest,
  shownPrefix,
} from "../api/conversations/prefix.ts";
import { list, listOf, removed } from "../api/conversations/replies.ts";
import { listQuery } from "../api/conversations/requests.ts";
import { answerOf } from "../api/shared/error-body.ts";
import { newTurnId } from "../api/shared/ids.ts";
import { parseBody, readAtMost } from "../api/shared/parse-body.ts";
import { check, Failure } from "../core/failure.ts";
import { askObject } from "./ask-object.ts";
import { endpoint } from "./endpoint.ts";

const tag = "Prefixes";
const params = z.object({ name: prefixName });
/** Room for a text whose every character is escaped once. */
const JSON_MAX_BYTES = 2 * PREFIX_MAX_BYTES;

export const prefixes = [
  endpoint(
    {
      method: "post",
      path: "/v1/prefixes",
      operationId: "createPrefix",
      tag,
      summary: "Create a shared prefix",
      description:
        "Computes the state of a text once, so that any number of conversations can begin with it. Send JSON `{name, text, ttl_seconds}`, or the text itself as `text/plain` with the name in the query. The text may have at most 4 MiB and must fit the model's context. Returns when the state is computed; with `stream=true` it reports progress, with `background=true` it returns at once. The computation continues if the client disconnects.",
      query: prefixQuery,
      body: { media: "text/plain", schema: prefixRequest },
      replies: {
        200: { description: "The prefix.", schema: prefixReply, media: ["application/json", "text/event-stream"] },
        202: { description: "The prefix is being computed.", schema: prefixReply },
      },
    },
    async (c, { tenant, caller, query }) => {
      const { stream, background, ...rest } = query;
      const asked = await textOf(c.req.raw, rest);
      const object = prefixObject(c.env, tenant, asked.name);
      const how = stream ? "?stream=true" : background ? "?background=true" : "";
      const { ttl_seconds: ttl, model, ...request } = asked;
      if (model != null) await requireModel(c.env, model);
      const id = newTurnId();
      const body = { ...request, ...(model ? { model } : {}), id, ...(ttl == null ? {} : { ttlSeconds: ttl }) };
      const { idempotencyKey } = caller;
      const turn = turnIdOf(idempotencyKey === undefined ? { id } : { idempotencyKey });
      const wanted = { persistent: true, feedOnly: true, messages: [{ role: "system" as const, content: asked.text }] };
      const begun = await allowTurn(c.env, caller, object, turn, wanted, model ?? undefined);
      const response = await askObject(c, { ...caller, object }, `/prefix${how}`, {
        method: "POST",
        body: { ...body, ...begun.grant },
        begun,
      });
      if (stream && response.ok) return response;
      const { status } = response;
      return c.json(shownPrefix(await answerOf<PrefixView>(response)), status === 202 ? 202 : 200);
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/prefixes",
      operationId: "listPrefixes",
      tag,
      summary: "List shared prefixes",
      query: listQuery,
      replies: { 200: { description: "A page of the list.", schema: listOf(prefixReply, "PrefixList") } },
    },
    async (c, { tenant, query }) => {
      const { entries, hasMore } = await listDirectory(c.env, tenant, { kind: "prefix", ...query });
      const shown = entries.map(({ info }) => shownPrefix(info as unknown as PrefixView));
      return c.json(list(shown, hasMore));
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/v1/prefixes/{name}",
      operationId: "retrievePrefix",
      tag,
      summary: "Get a shared prefix and its progress",
      params,
      replies: { 200: { description: "The prefix.", schema: prefixReply } },
    },
    async (c, { tenant, caller, path: { name } }) => {
      const object = prefixObject(c.env, tenant, name);
      return c.json(shownPrefix(await answerOf<PrefixView>(await askObject(c, { ...caller, object }, "/prefix"))));
    },
  ),
  endpoint(
    {
      method: "delete",
      path: "/v1/prefixes/{name}",
      operationId: "deletePrefix",
      tag,
      summary: "Delete a shared prefix",
      description: "Conversations that began with it do not change.",
      params,
      replies: { 200: { description: "It was deleted.", schema: removed("prefix.deleted") } },
    },
    async (c, { tenant, caller, path: { name } }) => {
      const object = prefixObject(c.env, tenant, name);
      await answerOf(await askObject(c, { ...caller, object }, "/prefix", { method: "DELETE" }));
      return c.json({ id: name, object: "prefix.deleted", deleted: true });
    },
  ),
];

async function textOf(
  request: Request,
  query: { name?: string | undefined; ttl_seconds?: number | undefined; model?: string | undefined },
) {
  if (!/^text\/plain\s*(;|$)/i.test(request.headers.get("content-type") ?? ""))
    return parseBody(request, prefixRequest, { maxBytes: JSON_MAX_BYTES });
  const { name, ttl_seconds, model } = query;
  check(name, "request_invalid", () => "name: expected in the query, beside a text/plain body", "name");
  const bytes = await readAtMost(request, PREFIX_MAX_BYTES);
  check(bytes.length > 0, "request_invalid", () => "body: expected some text", "body");
  try {
    return {
      name,
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes),
      ttl_seconds,
      model,
    };
  } catch (cause) {
    throw new Failure("request_invalid", "body: expected UTF-8", { param: "body", cause });
  }
}
