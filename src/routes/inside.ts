/**
 * Inside: what one process of a machine does for the others (durable-objects/platform/peers.ts). No caller reaches it.
 */
import { RpcTarget, WorkerEntrypoint } from "cloudflare:workers";
import { requireRoom, requireRoomForAny } from "../../durable-objects/directory/directory-client.ts";
import { lifeOf, ownName, type Peer } from "../../durable-objects/platform/peers.ts";
import type { PromptCacheCalls } from "../../durable-objects/prompt-cache/prompt-cache-client.ts";
import type { NewState } from "../../durable-objects/prompt-cache/prompt-cache-store.ts";
import { statelessName } from "../api/object-address.ts";
import { errorResponse } from "../api/shared/error-body.ts";
import { Failure } from "../core/failure.ts";
import { call } from "./call.ts";
import { metricsOf } from "./metrics.ts";

export class Inside extends WorkerEntrypoint<Env> implements Peer {
  /**
   * `/conversation/<name>/<path>` and `/directory/<name>/<path>` ask one of this process's objects,
   * `/ready` whether its model computes.
   */
  override async fetch(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const [, kind, name = "", ...path] = pathname.split("/");
    const stub = () => {
      if (kind === "ready") return this.env.CONVERSATION.getByName(ownName(this.env, statelessName));
      const namespace = kind === "directory" ? this.env.DIRECTORY : this.env.CONVERSATION;
      return (namespace as DurableObjectNamespace).getByName(decodeURIComponent(name));
    };
    const { method, headers, body, signal } = request;
    try {
      return await call(stub, kind === "ready" ? "/ready" : `/${path.join("/")}${search}`, {
        method,
        headers,
        signal,
        ...(body ? { body } : {}),
      });
    } catch (thrown) {
      const failure = kind === "directory" ? Failure.from(thrown) : await this.#reason(thrown, headers);
      const left = failure.code === "bug" && signal.aborted;
      if (failure.code === "bug" && !left) console.error(failure.cause ?? failure);
      return errorResponse(left ? new Failure("client_gone", "the client left") : failure);
    }
  }

  /**
   * What is thrown here is told as a reply, so what it hides is found out here, as askObject does where
   * the object is in its own process.
   */
  async #reason(thrown: unknown, headers: Headers): Promise<Failure> {
    const failure = Failure.from(thrown);
    if (failure.code !== "storage_unavailable") return failure;
    const tenant = headers.get("x-rivulet-tenant");
    const asked = tenant === null ? requireRoomForAny(this.env) : requireRoom(this.env, tenant);
    return asked.then(
      () => failure,
      (full: unknown) => Failure.from(full),
    );
  }

  metricsText(tenants: boolean): Promise<string> {
    return metricsOf(this.env, tenants);
  }

  async life(): Promise<string> {
    return lifeOf(this.env);
  }

  promptCache(name: string): PromptCacheCalls {
    return new PromptCacheHere(this.env.PROMPT_CACHE.getByName(name)) as unknown as PromptCacheCalls;
  }
}

/** One of this process's prompt caches, for another process. */
class PromptCacheHere extends RpcTarget {
  readonly #cache: PromptCacheCalls;

  constructor(cache: PromptCacheCalls) {
    super();
    this.#cache = cache;
  }

  find(borders: Uint8Array) {
    return this.#cache.find(borders);
  }

  keep(state: NewState, bytes: number, stream: ReadableStream<Uint8Array>) {
    return this.#cache.keep(state, bytes, stream);
  }

  size() {
    return this.#cache.size();
  }

  drop(owner: string) {
    return this.#cache.drop(owner);
  }

  clear() {
    return this.#cache.clear();
  }
}
