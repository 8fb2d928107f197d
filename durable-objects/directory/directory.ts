/**
 * Directory: what a tenant has. One object per tenant lists its conversations, prefixes and streams. They publish
 * themselves when they begin, when their metadata or expiry changes, and when they end, but never for a turn. The
 * objects themselves are the truth. It also counts what the tenant uses (quota.ts), for which it is asked before each
 * request and turn and told after.
 */
import { DurableObject } from "cloudflare:workers";
import type { DirectoryEntry } from "../../src/api/conversations/directory-entry.ts";
import { check, Failure } from "../../src/core/failure.ts";
import { failureResponse } from "../platform/log-failure.ts";
import type { StoredBytes } from "./directory-client.ts";
import { DirectoryStore, type PageRequest } from "./directory-store.ts";
import type { QuotaRequest } from "./quota.ts";

export class Directory extends DurableObject<Env> {
  readonly #store = new DirectoryStore(this.ctx.storage);

  /** `POST /<what>` with what it is about as JSON → JSON; directory-client.ts has the types. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const tenant = request.headers.get("x-rivulet-tenant");
      check(tenant, "bug", () => "the directory was asked without a tenant");
      const { pathname } = new URL(request.url);
      const body = await request.json();
      this.#store.open(tenant);
      return Response.json(this.#answer(pathname.slice(1), body));
    } catch (thrown) {
      return failureResponse(thrown);
    }
  }

  #answer(what: string, body: unknown): object {
    const store = this.#store;
    const nowMs = Date.now();
    switch (what) {
      case "list":
        return store.list(body as PageRequest);
      case "admit":
        return store.quota.admit(body as QuotaRequest, nowMs);
      case "knows":
        return { known: (body as { objects: string[] }).objects.filter((object) => store.knows(object)) };
      case "begin": {
        const { object, ...request } = body as QuotaRequest & { object: string };
        if (store.has(object)) return { isNew: false };
        const { refused } = store.quota.admit({ ...request, kind: "conversation" }, nowMs);
        if (refused) return { isNew: false, refused };
        store.begin(object);
        store.quota.grow({ conversations: 1 });
        return { isNew: true };
      }
      case "stored":
        this.#stored(body as StoredBytes);
        return {};
      case "settle": {
        const { lease, tokens, stored } = body as { lease: string; tokens: number; stored?: StoredBytes };
        store.quota.settle(lease, tokens, nowMs);
        if (stored) this.#stored(stored);
        return {};
      }
      case "spend": {
        const { key, tokens } = body as { key: string; tokens: number };
        store.quota.spend(key, tokens, nowMs);
        return {};
      }
      case "write":
        store.quota.write();
        return {};
      case "usage":
        return store.quota.usage((body as { key: string }).key, nowMs);
      case "entry":
        return { revision: store.put(body as DirectoryEntry, nowMs) };
      default:
        throw new Failure("bug", `the directory was asked for ${what}`);
    }
  }
  #stored({ object, bytes }: StoredBytes): void {
    const change = this.#store.stored(object, bytes);
    if (change.bytes !== 0 || change.conversations !== 0) this.#store.quota.grow(change);
  }
}
