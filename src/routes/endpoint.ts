/**
 * endpoint: a route and its entry in /openapi.json from one declaration.
 *
 * The caller is known before anything else is looked at. Body, query and path reach the handler as their schemas say, or not at all.
 */
import type { RouteConfig } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { z } from "zod";
import type { Caller } from "../api/object-address.ts";
import { errorReply } from "../api/shared/error-body.ts";
import { identityOf } from "../api/shared/keys.ts";
import { parse, parseBody } from "../api/shared/parse-body.ts";
import { idempotencyKeyOf } from "./caller.ts";

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
  params?: z.ZodObject & z.ZodType<Path>;
  query?: z.ZodObject & z.ZodType<Query>;
  /** A JSON body. A handler that reads another kind declares its media type instead, and what JSON it takes beside it. */
  body?: z.ZodType<Body> | { media: string; schema?: z.ZodType };
  replies: { [status: number]: { description: string; schema?: z.ZodType; media?: string[] } };
}

export interface Given<Body, Query, Path> {
  tenant: string;
  /** Of the caller's key. */
  digest: string;
  caller: Caller;
  body: Body;
  query: Query;
  path: Path;
}

type Handle<Body, Query, Path> = (
  c: Context<Bindings>,
  given: Given<Body, Query, Path>,
) => Response | Promise<Response>;

export interface Declared {
  definition: Endpoint<unknown, unknown, unknown>;
  serve: (c: Context<Bindings>) => Promise<Response>;
}

const isSchema = <T>(body: z.ZodType<T> | { media: string; schema?: z.ZodType }): body is z.ZodType<T> =>
  !("media" in body);

export function endpoint<Body = undefined, Query = undefined, Path = undefined>(
  definition: Endpoint<Body, Query, Path>,
  handle: Handle<Body, Query, Path>,
): Declared {
  const { method, params, query, body } = definition;
  const serve = async (c: Context<Bindings>): Promise<Response> => {
    const request = c.req.raw;
    const { tenant, digest } = definition.open ? { tenant: "", digest: "" } : identityOf(request, c.env);
    const idempotencyKey = method === "get" ? undefined : idempotencyKeyOf(request);
    return handle(c, {
      tenant,
      digest,
      caller: { tenant, ...(idempotencyKey === undefined ? {} : { idempotencyKey }) },
      path: (params ? parse(c.req.param(), params) : undefined) as Path,
      query: (query ? parse(singles(c.req.queries()), query) : undefined) as Query,
      body: (body && isSchema(body) ? await parseBody(request, body) : undefined) as Body,
    });
  };
  return { definition: definition as Endpoint<unknown, unknown, unknown>, serve };
}

/** A value given once is text, one given more often a list. */
const singles = (queries: Record<string, string[]>) =>
  Object.fromEntries(Object.entries(queries).map(([key, values]) => [key, values.length === 1 ? values[0] : values]));

/** The endpoint as the document has it. */
export function described(definition: Declared["definition"]): RouteConfig {
  const { method, path, operationId, tag, summary, description, open, params, query, body, replies } = definition;
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
      default: { description: "A failure.", content: { "application/json": { schema: errorReply } } },
    },
  };
}
