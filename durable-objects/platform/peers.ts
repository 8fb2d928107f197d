/**
 * Peers: which process holds an object, where one machine runs several (`rivulet start --workers n`).
 *
 * Process 0 takes the requests, and holds what a tenant or the machine has one of: directories, prompt caches, sockets,
 * streams. Conversations are bound to the others by the ids of their objects, which every process computes alike from a
 * name, and which name their files too. The processes ask each other through bindings `PEER_<number>`. Where WORKERS is
 * not bound, as on Cloudflare, the platform finds every object itself.
 */
/** What each process says to the others and does for them (src/routes/inside.ts). */
export interface Peer {
  fetch(request: Request): Promise<Response>;
  /** Its own metrics, with the totals of each tenant or without. */
  metricsText(tenants: boolean): Promise<string>;
  /** `lifeOf` there. */
  life(): Promise<string>;
  /** One of its prompt caches, as prompt-cache-client.ts asks it. */
  promptCache(name: string): unknown;
}

type PeerBindings = { WORKERS?: string; WORKER?: string } & { [name: `PEER_${number}`]: Peer | undefined };
type ObjectStub = Pick<DurableObjectStub, "fetch">;

/** Processes that hold conversations; 0: all objects are in this process, or wherever the platform puts them. */
const workersOf = (env: object): number => Number((env as PeerBindings).WORKERS ?? 0);

/** The process that holds the conversation object with this id: 1 to `workers`. */
export const workerOf = (id: string, workers: number): number => 1 + (Number.parseInt(id.slice(0, 8), 16) % workers);

/** Process number `worker` of this machine; undefined when it is this one. */
function peer(env: object, worker: number): Peer | undefined {
  const bindings = env as PeerBindings;
  return worker === Number(bindings.WORKER) ? undefined : bindings[`PEER_${worker}`];
}

/** All processes that hold conversations. */
export const peersOf = (env: object): Peer[] =>
  Array.from({ length: workersOf(env) }, (_, n) => (env as PeerBindings)[`PEER_${n + 1}`]).filter((found) => !!found);

/** A conversation's object. */
export function conversationNamed(env: Pick<Env, "CONVERSATION">, name: string): ObjectStub {
  const workers = workersOf(env);
  const there = workers > 0 && peer(env, workerOf(env.CONVERSATION.idFromName(name).toString(), workers));
  return there ? askedThrough(env, there, "conversation", name) : env.CONVERSATION.getByName(name);
}

/** Of the names that `name` numbers, one whose object this process holds. */
export function ownName(env: Pick<Env, "CONVERSATION">, name: (n: number) => string): string {
  const { WORKER } = env as PeerBindings;
  const isOwn = (n: number) =>
    workerOf(env.CONVERSATION.idFromName(name(n)).toString(), workersOf(env)) === Number(WORKER);
  for (let n = 0; ; n++) if (isOwn(n)) return name(n);
}

/** A tenant's directory. */
export function directoryNamed(env: Pick<Env, "DIRECTORY">, name: string): ObjectStub {
  const there = frontOf(env);
  return there ? askedThrough(env, there, "directory", name) : env.DIRECTORY.getByName(name);
}

/** The process that holds what there is one of; undefined where this is it, or the platform finds it. */
export const frontOf = (env: object): Peer | undefined => (workersOf(env) > 0 ? peer(env, 0) : undefined);

let life: string | undefined;
/** This process from its start to its end: after a new start it is another one. */
export const lifeOf = (env: object): string => (life ??= `${(env as PeerBindings).WORKER}.${crypto.randomUUID()}`);

/** Set on every request from one process to another. */
const ASKER = "x-rivulet-asker";

/**
 * Whether whoever sent this request, whose connection has ended, ended it. Where another process stood between them,
 * that process may have died instead, and took the connection with it. It is asked: if it still answers as the one that
 * it was, then it was not its end.
 */
export async function hasLeft(env: object, request: Request): Promise<boolean> {
  const asker = request.headers.get(ASKER);
  const there = asker === null ? undefined : peer(env, Number.parseInt(asker, 10));
  if (!there) return true;
  return there.life().then(
    (now) => now === asker,
    () => false,
  );
}

/** What a process that is being started again makes of a request looks like what an object that moves makes of it. */
const askedThrough = (env: object, there: Peer, kind: "conversation" | "directory", name: string): ObjectStub => ({
  async fetch(given, init) {
    const request = new Request(given as string, init as RequestInit);
    const { pathname, search } = new URL(request.url);
    const url = `http://inside/${kind}/${encodeURIComponent(name)}${pathname}${search}`;
    const inner = new Request(url, request);
    inner.headers.set(ASKER, lifeOf(env));
    try {
      return await there.fetch(inner);
    } catch (cause) {
      if (request.signal.aborted) throw cause;
      throw Object.assign(new Error("this process does not answer", { cause }), {
        retryable: true,
        isRestarting: true,
      });
    }
  },
});
