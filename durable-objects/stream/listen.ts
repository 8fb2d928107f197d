/**
 * listen: a request that listens to a stream, by WebSocket or by server-sent events. A socket holds a lease of its
 * tenant for as long as it is open, since the quota counts open sockets.
 */
import { settleLease, takeLease } from "../directory/allowance.ts";
import type { StreamParts } from "./stream-parts.ts";

/** Fails with `busy`, or as `takeLease` does. */
export async function listen({ listeners, sockets, env, ctx }: StreamParts, request: Request): Promise<Response> {
  const given = new URL(request.url).searchParams.get("h");
  const h = given === null ? null : Number(given);
  if (request.headers.get("upgrade") !== "websocket") return listeners.join(request.signal, h ?? undefined);
  const tenant = request.headers.get("x-rivulet-tenant") ?? "";
  const lease = `socket ${crypto.randomUUID()}`;
  await takeLease(env, { tenant, digest: request.headers.get("x-rivulet-key") ?? "" }, "socket", lease);
  try {
    listeners.checkRoom();
    return sockets.accept({ tenant, lease, h });
  } catch (thrown) {
    ctx.waitUntil(settleLease(env, tenant, lease));
    throw thrown;
  }
}
