/**
 * Directory: what a tenant has. One object per tenant lists its conversations and prefixes, told by them at their beginning, at changes of
 * metadata and expiry, and at their end; never per turn. The objects themselves are the truth.
 */
import { DurableObject } from "cloudflare:workers";
import type { DirectoryEntry } from "../../src/api/conversations/directory-entry.ts";
import { check } from "../../src/core/failure.ts";
import { failureResponse } from "../platform/log-failure.ts";
import { DirectoryStore, type PageRequest } from "./directory-store.ts";

export class Directory extends DurableObject<Env> {
  readonly #store = new DirectoryStore(this.ctx.storage);

  /** `POST /entry` with a DirectoryEntry → `{revision}`; `POST /list` with a PageRequest → DirectoryPage. */
  override async fetch(request: Request): Promise<Response> {
    try {
      const tenant = request.headers.get("x-rivulet-tenant");
      check(tenant, "bug", () => "the directory was asked without a tenant");
      const { pathname } = new URL(request.url);
      const body = await request.json();
      this.#store.open(tenant);
      if (pathname === "/list") return Response.json(this.#store.list(body as PageRequest));
      return Response.json({ revision: this.#store.put(body as DirectoryEntry, Date.now()) });
    } catch (thrown) {
      return failureResponse(thrown);
    }
  }
}
