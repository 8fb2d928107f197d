/**
 * Peers: which process holds an object, where one machine runs several (`rivulet start --workers n`).
 *
 * Process 0 takes the requests, and holds what a tenant or the machine has one of: directories, prompt caches, sockets, streams. Conversations are
 * bound to the others by the ids of their objects, which every process computes alike from a name, and which name their files too. The processes
 * ask each other through bindings `PEER_<number>`. Where WORKERS is not bound, as on Cloudflare, the platform finds every object itself.
 */
/** What each process tells and does for the others (src/routes/inside.ts). */
export interface Peer {
  fetch(request: Request): Promise<Response>;
  /** Its own metrics, with the totals of each tenant or without. */
  metricsText(tenants: boolean): Promise<string>;
  /** One of its prompt caches, as prompt-cache-client.ts asks it. */
  promptCache(name: string): unknown;
}

type PeerBindings = { WORKERS?: string; WORKER?: string } & { [name: `PEER_${number}`]: Peer | undefined };
type Asked = Pick<DurableObjectStub, "fetch">;

/** Processes that hold conversations; 0: all objects are in this process, or wherever the platform puts them. */
export const workersOf = (env: object): number => Number((env as PeerBindings).WORKERS ?? 0);

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
export function conversationNamed(env: Pick<Env, "CONVERSATION">, name: string): Asked {
  const workers = workersOf(env);
  const there = workers > 0 && peer(env, workerOf(env.CONVERSATION.idFromName(name).toString(), workers));
  return there ? askedThrough(there, "conversation", name) : env.CONVERSATION.getByName(name);
}

/** Of the names that `name` numbers, one whose object this process holds. */
export function ownName(env: Pick<Env, "CONVERSATION">, name: (n: number) => string): string {
  const { WORKER } = env as PeerBindings;
  const isOwn = (n: number) =>
    workerOf(env.CONVERSATION.idFromName(name(n)).toString(), workersOf(env)) === Number(WORKER);
  for (let n = 0; ; n++) if (isOwn(n)) return name(n);
}

/** A tenant's directory. */
export function directoryNamed(env: Pick<Env, "DIRECTORY">, name: string): Asked {
  const there = frontOf(env);
  return there ? askedThrough(there, "directory", name) : env.DIRECTORY.getByName(name);
}

/** The process that holds what there is one of; undefined where this is it, or the platform finds it. */
export const frontOf = (env: object): Peer | undefined => (workersOf(env) > 0 ? peer(env, 0) : undefined);

/** What a process that is being started again makes of a request looks like what an object that moves makes of it. */
const askedThrough = (there: Peer, kind: "conversation" | "directory", name: string): Asked => ({
  async fetch(given, init) {
    const request = new Request(given as string, init as RequestInit);
    const { pathname, search } = new URL(request.url);
    const url = `http://inside/${kind}/${encodeURIComponent(name)}${pathname}${search}`;
    try {
      return await there.fetch(new Request(url, request));
    } catch (cause) {
      if (request.signal.aborted) throw cause;
      throw Object.assign(new Error("this process does not answer", { cause }), {
        retryable: true,
        isRestarting: true,
      });
    }
  },
});
