/**
 * openDoor: the listener in front of the server where the machine allows it few descriptors.
 *
 * The runtime ends when it cannot accept for want of a descriptor, and a connection that says nothing holds one for
 * ever. So this process accepts instead: it takes no more connections than there are descriptors for, tells the others
 * that the server is full, passes a connection on only when it says something, and closes those that never do.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

export interface Door {
  /** The port that it listens on. */
  port: number;
  close(): Promise<void>;
}

interface DoorOptions {
  host: string;
  port: number;
  /** Where the server listens now, on this machine. */
  to(): number;
  /** Connections at once. */
  most: number;
  /** A connection that says nothing for so long is closed. */
  silenceMs?: number;
}

const SILENCE_MS = 60_000;
const REFUSING_MS = 2000;
/** A server that is being started again is tried so often. */
const TRIES = 100;
const AGAIN_MS = 100;

const message = "the server has no room for another connection; try again later";
const body = JSON.stringify({ error: { message, type: "server_error", param: null, code: "busy" } });
const full = [
  "HTTP/1.1 503 Service Unavailable",
  "content-type: application/json",
  `content-length: ${body.length}`,
  "retry-after: 2",
  "connection: close",
  "",
  body,
].join("\r\n");

/** Descriptors that neither the runtime's objects nor this process's connections may take. */
const RESERVED = 128;
/** Of the runtime for a request that is computed: the connection, the databases of conversation and directory. */
const PER_CONNECTION = 6;

/** Below it a machine's limit needs a door. */
export const DOOR_BELOW = 8192;
/** Connections that so many descriptors are enough for. */
export const connectionsFor = (descriptors: number): number =>
  Math.max(8, Math.floor((descriptors - RESERVED) / PER_CONNECTION));

export function openDoor({ host, port, to, most, silenceMs = SILENCE_MS }: DoorOptions): Promise<Door> {
  const open = new Set<Socket>();
  const server: Server = createServer({ allowHalfOpen: true }, (client) => {
    client.on("error", () => client.destroy());
    client.once("close", () => open.delete(client));
    if (open.size >= most) return refuse(client);
    open.add(client);
    client.setTimeout(silenceMs, () => client.destroy());
    client.once("readable", () => {
      client.setTimeout(0);
      pass(client, to, TRIES);
    });
  });
  // Refusals need descriptors too, but never for long; beyond them connections are closed at once.
  server.maxConnections = most + Math.min(most, 64);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      const { port } = server.address() as { port: number };
      const close = () =>
        new Promise<void>((closed) => {
          server.close(() => closed());
          for (const client of open) client.destroy();
        });
      resolve({ port, close });
    });
  });
}

/**
 * Clients take an answer that comes before their question for a fault, and one whose
 * question nobody reads is lost to them.
 */
function refuse(client: Socket): void {
  client.setTimeout(REFUSING_MS, () => client.destroy());
  client.once("data", () => client.end(full));
}

/** What the client says goes to the server, and back. */
function pass(client: Socket, to: () => number, tries: number): void {
  if (client.destroyed) return;
  const inner = connect({ host: "127.0.0.1", port: to(), allowHalfOpen: true });
  inner.once("error", () => {
    if (tries > 1 && inner.bytesWritten === 0) setTimeout(() => pass(client, to, tries - 1), AGAIN_MS);
    else client.destroy();
  });
  inner.once("connect", () => {
    inner.removeAllListeners("error").on("error", () => client.destroy());
    client.once("close", () => inner.destroy());
    inner.once("close", () => client.destroySoon());
    client.pipe(inner);
    inner.pipe(client);
  });
}
