/**
 * listen: a request that listens to a stream, by WebSocket or by server-sent events. A socket holds a lease of its tenant for as long as it is
 * open, since the quota counts open sockets.
 */
import { settleLease, takeLease } from "../directory/allowance.ts";
import type { Listeners } from "./listeners.ts";
import type { ListeningSockets } from "./listening-sockets.ts";

/** Fails with `busy`, or as `takeLease` does. */
export async function listen(
  { listeners, sockets }: { listeners: Listeners; sockets: ListeningSockets },
  request: Request,
  env: Env,
  ctx: Pick<DurableObjectState, "waitUntil">,
): Promise<Response> {
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
