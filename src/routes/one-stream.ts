/** one-stream: how routes find the object of a stream, and what their descriptions have in common. */
import type { Context } from "hono";
import { nothingKept, requireObject } from "../../durable-objects/directory/allowance.ts";
import type { Stream } from "../../durable-objects/stream/stream.ts";
import type { Caller } from "../api/object-address.ts";
import { streamObject } from "../api/streams/names.ts";
import { streamPath } from "../api/streams/requests.ts";
import type { Bindings } from "./endpoint.ts";

export type StreamStub = DurableObjectStub<Stream>;

/** The heading of the endpoints in the document. */
export const STREAMS = "Streams";
export const ofStream = { tag: STREAMS, params: streamPath };

/** The object of a stream that is there. Fails with `not_found` without asking it: that alone would make one. */
export async function streamOf(
  c: Context<Bindings>,
  { tenant }: Pick<Caller, "tenant">,
  id: string,
): Promise<StreamStub> {
  const object = streamObject(c.env, tenant, id);
  await requireObject(c.env, tenant, object, () => nothingKept("id"));
  return c.env.STREAM.getByName(object);
}
