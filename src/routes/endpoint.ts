/**
 * endpoint: a route and its entry in /openapi.json from one declaration.
 *
 * The caller is known before anything else is looked at. Body, query and path reach the handler as
 * their schemas say, or not at all.
 */
import type { RouteConfig } from "@asteasolutions/zod-to-openapi";
import type { Context } from "hono";
import type * as z from "zod";
import type { Caller } from "../api/object-address.ts";
import { errorReply } from "../api/shared/error-body.ts";
import { IGNORED_HEADER, Ignored } from "../api/shared/ignored.ts";
import { checkScope, type Identity, identityOf, type Scope } from "../api/shared/keys.ts";
import { checkMediaType, parse, parseBody } from "../api/shared/parse-body.ts";
import { parseQuery } from "../api/shared/query.ts";
import { admitRequest } from "./admission-control.ts";
import { idempotencyKeyOf } from "./caller.ts";
import { modelInPath } from "./path.ts";

export type Bindings = { Bindings: Env };

export interface Endpoint<Body, Query, Path> {
  method: "get" | "post" | "delete";
  /** As OpenAPI writes it: `/v1/models/{model}`. */
  path: string;
  operationId: string;
  tag: string;
  summary: string;
  description?: string;
  /** Needs no key. */
  open?: boolean;
  /** It computes with a stream's values, which are counted as tokens are. */
  computes?: "values";
  /** What a key must be allowed. To read for GET and to write for others, unless given. */
  scope?: Scope;
  params?: z.ZodObject & z.ZodType<Path>;
  query?: z.ZodObject & z.ZodType<Query>;
  /**
   * A JSON body. A handler that reads another kind declares its media type instead, and what JSON it takes beside it.
   */
  body?: z.ZodType<Body> | OtherBody;
  /** What a failure looks like, where a family of clients knows another form. */
  errors?: z.ZodType;
  replies: { [status: number]: { description: string; schema?: z.ZodType; media?: string[] } };
}

interface OtherBody {
  media: string;
  /** Other names under which the same is sent. */
  also?: string[];
  schema?: z.ZodType;
}

interface Given<Body, Query, Path> {
  tenant: string;
  /** Of the caller's key. */
  digest: string;
  scopes: readonly Scope[];
  caller: Caller;
  body: Body;
  query: Query;
  path: Path;
  /** What the request says without effect; a handler that leaves out more adds it. Named in the reply's header. */
  ignored: Ignored;
}

type Handle<Body, Query, Path> = (
  c: Context<Bindings>,
  given: Given<Body, Query, Path>,
) => Response | Promise<Response>;

export interface Declared {
  definition: Endpoint<unknown, unknown, unknown>;
  serve: (c: Context<Bindings>) => Promise<Response>;
}

const isSchema = <T>(body: z.ZodType<T> | OtherBody): body is z.ZodType<T> => !("media" in body);

export function endpoint<Body = undefined, Query = undefined, Path = undefined>(
  definition: Endpoint<Body, Query, Path>,
  handle: Handle<Body, Query, Path>,
): Declared {
  const { method, params, query, body } = definition;
  const serve = async (c: Context<Bindings>): Promise<Response> => {
    const request = c.req.raw;
    const identity = definition.open ? NOBODY : identityOf(request, c.env);
    if (!definition.open) checkScope(identity.scopes, definition.scope ?? (method === "get" ? "read" : "write"));
    if (method === "post") checkMedia(request, body);
    const { tenant } = identity;
    if (!definition.open) await admitRequest(c, identity, definition.computes);
    const idempotencyKey = method === "get" ? undefined : idempotencyKeyOf(request);
    const ignored = new Ignored();
    const response = await handle(c, {
      ...identity,
      caller: { tenant, digest: identity.digest, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
      path: (params ? parse(c.req.param(), params) : undefined) as Path,
      query: parseQuery(c.req.queries(), query, ignored) as Query,
      body: (body && isSchema(body)
        ? await parseBody(request, body, { ignored, model: modelInPath(request) })
        : undefined) as Body,
      ignored,
    });
    const names = ignored.header();
    if (names !== undefined) response.headers.set(IGNORED_HEADER, names);
    return response;
  };
  return { definition: definition as Endpoint<unknown, unknown, unknown>, serve };
}

const NOBODY: Identity = { tenant: "", digest: "", scopes: [] };

/**
 * A body must say that it is what the route takes, and where it takes none, there must be none that says
 * otherwise. Fails with `request_invalid`.
 */
function checkMedia(request: Request, body: Endpoint<unknown, unknown, unknown>["body"]): void {
  const given = request.headers.get("content-type");
  const length = request.headers.get("content-length");
  if (!body && (given === null || request.body === null || length === "0")) return;
  // A file that is sent without saying what it is: no page can send one from another origin, since that is refused.
  if (given === null && body && !isSchema(body) && !body.schema) return;
  const media = ["application/json", ...(body && !isSchema(body) ? [body.media, ...(body.also ?? [])] : [])];
  if (body && !isSchema(body) && !body.schema) media.shift();
  checkMediaType(request, media);
}

/** The endpoint as the document has it. */
export function described(definition: Declared["definition"]): RouteConfig {
  const { method, path, operationId, tag, summary, description, open, params, query, body, replies } = definition;
  const { errors = errorReply } = definition;
  const content = (schema: z.ZodType | undefined, media: string[]) =>
    Object.fromEntries(media.map((type) => [type, { schema: schema && type.includes("json") ? schema : {} }]));
  const responses = Object.entries(replies).map(([status, reply]) => [
    status,
    {
      description: reply.description,
      ...(reply.schema || reply.media ? { content: content(reply.schema, reply.media ?? ["application/json"]) } : {}),
    },
  ]);
  return {
    method,
    path,
    operationId,
    tags: [tag],
    summary,
    ...(description ? { description } : {}),
    security: open ? [] : [{ key: [] }],
    request: {
      ...(params ? { params } : {}),
      ...(query ? { query } : {}),
      ...(body
        ? {
            body: isSchema(body)
              ? { required: true, content: { "application/json": { schema: body } } }
              : {
                  required: true,
                  content: {
                    ...(body.schema ? { "application/json": { schema: body.schema } } : {}),
                    [body.media]: { schema: { type: "string", format: "binary" } },
                  },
                },
          }
        : {}),
    },
    responses: {
      ...Object.fromEntries(responses),
      default: { description: "An error.", content: { "application/json": { schema: errors } } },
    },
  };
}
