/**
 * ListeningSockets: the WebSockets of those who listen to a stream. They hibernate: between two batches nothing of the
 * object need stay in memory, since what each listener asked for stands in its socket's attachment. A socket holds a
 * lease of its tenant for as long as it is open.
 */
import { settleLease } from "../directory/allowance.ts";
import { SocketWriter } from "../platform/socket-writer.ts";
import type { Listener } from "./listeners.ts";

interface Attachment {
  tenant: string;
  /** Counts the socket while it is open. */
  lease: string;
  /** Steps of the forecast that it wants after each batch, or null. */
  h: number | null;
}

type Sockets = Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "waitUntil">;

export class ListeningSockets {
  readonly #ctx: Sockets;
  readonly #env: Env;
  readonly #listeners = new WeakMap<WebSocket, Listener>();
  /**
   * Those that were not closed yet. Undefined: the runtime was not asked, which also knows those
   * that a former instance accepted.
   */
  #sockets: Set<WebSocket> | undefined;

  constructor(ctx: Sockets, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
  }

  /** The reply that switches the protocol. */
  accept(attachment: Attachment): Response {
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.#ctx.acceptWebSocket(server);
    this.#known().add(server);
    server.serializeAttachment(attachment);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Those that are open. Each event is a JSON frame with its name as `type`. */
  all(): Listener[] {
    return [...this.#known()]
      .filter(({ readyState }) => readyState === WebSocket.OPEN)
      .map((socket) => this.#listener(socket));
  }

  /** The runtime is asked once: it would take its time with every value. */
  #known(): Set<WebSocket> {
    this.#sockets ??= new Set(this.#ctx.getWebSockets());
    return this.#sockets;
  }

  /** It was closed, by either side: its lease ends, once. */
  closed(socket: WebSocket): void {
    this.#known().delete(socket);
    const { tenant, lease } = socket.deserializeAttachment() as Attachment;
    this.#ctx.waitUntil(settleLease(this.#env, tenant, lease));
  }

  #listener(socket: WebSocket): Listener {
    const known = this.#listeners.get(socket);
    if (known) return known;
    const writer = new SocketWriter(socket);
    const { h } = socket.deserializeAttachment() as Attachment;
    const listener: Listener = {
      h: h ?? undefined,
      behind: 0,
      send: ({ event, data }) => writer.send({ type: event, ...data }),
      end: () => {
        writer.close(1000, "the stream is gone, or this listener was too far behind");
        this.closed(socket);
      },
    };
    this.#listeners.set(socket, listener);
    return listener;
  }
}
