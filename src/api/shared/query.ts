/**
 * parseQuery: a request's query → what a schema says it is.
 *
 * A name that an endpoint does not know is refused where its query has a meaning: a misspelt `limit` would change the
 * reply. What cannot change it is noted and left out: names that clients and links add to every address, and any name
 * where the endpoint takes no query.
 */
import type * as z from "zod";
import type { Ignored } from "./ignored.ts";
import { parse } from "./parse-body.ts";

/**
 * Azure's clients name the version of an API, Anthropic's ask for what is beta, pages want no cached reply,
 * and links say where they stood.
 */
const ADDED = /^(?:api-version|beta|_|utm_\w+)$/;

/** Without a `schema` there is nothing to ask for. Fails with `request_invalid`. */
export function parseQuery<T>(
  given: Record<string, string[]>,
  schema: z.ZodType<T> | undefined,
  ignored: Ignored,
): T | undefined {
  const asked: Record<string, string | string[]> = Object.create(null);
  for (const [name, values] of Object.entries(given))
    if (!schema || ADDED.test(name)) ignored.add(`?${name}`);
    else asked[name] = values.length === 1 ? values[0]! : values; // given more often it is a list
  return schema && parse({ ...asked }, schema);
}
